import {
  allocationOf,
  blocksOf,
  calicoNode,
  encapsulationOf,
  familyOf,
  poolOf,
} from '../observe/model/calico.js'
import type { CalicoPool, PathSeen, Route } from '../observe/model/calico.js'
import { keyOf, nameOf } from '../observe/model/declared.js'
import { isLive } from '../observe/model/pods.js'
import { addressesOf, isIn } from '../observe/model/policies.js'
import { NO_BLOCKS, NO_CALICO, NO_POOLS, ONE_NODE } from './calico-applies.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Outcome } from './check.js'
import { compare } from './outcome.js'
import { eachNode, theCluster } from './scopes.js'

/** Judges where Calico has pools; elsewhere nothing is claimed of its ways. */
function withPools<Item>(
  judge: (item: Item, context: Context, pools: readonly CalicoPool[]) => Outcome,
): (item: Item, context: Context) => Outcome {
  return (item, context) => {
    const pools = context.read(context.observations.api.ipPools)
    if (pools === null) return skipped(NO_CALICO)
    return pools.length === 0 ? skipped(NO_POOLS) : judge(item, context, pools)
  }
}

const routeNodes = defineCheck({
  id: 'calico.route.nodes',
  title:
    "the node has a route to every other node's blocks, by the way that the pool's encapsulation implies",
  answers: '001 Manifest Files, custom-resources.yaml, VXLANCrossSubnet (corrected)',
  needs: ['api.ippools', 'api.blockaffinities', 'api.nodes', 'calico'],
  hint: 'Felix on the node did not write it, or another program did: see `ip route` on the node and the log of its calico-node.',
  of: eachNode,
  judge: withPools((node, context, pools) => {
    const { lab, observations, read } = context
    const others = lab.nodes.filter((other) => other !== node)
    if (others.length === 0) return skipped(ONE_NODE)
    const affinities = read(observations.api.blockAffinities) ?? []
    if (lab.topology === undefined && affinities.length === 0) return skipped(NO_BLOCKS)
    const routes = routesOf(node, context)
    const ways = others.flatMap((other) =>
      blocksOf(other, affinities).flatMap((block) => {
        const way = wayTo(block, { node, other }, pools, routes, context)
        return way === undefined ? [] : [[block, way] as const]
      }),
    )
    if (ways.length === 0) throw new Unobserved('the other nodes have no blocks (see calico.block.own)')
    return compare(
      Object.fromEntries(ways),
      Object.fromEntries(ways.map(([block]) => [block, routeSaid(block, routes)])),
    )
  }),
})

const routePods = defineCheck({
  id: 'calico.route.pods',
  title: 'the node has a route to each of its pods, by an interface of its own, and to no others',
  answers: 'Calico: The Calico data path: IP routing and iptables',
  needs: ['api.ippools', 'api.ipamblocks', 'api.pods', 'calico'],
  hint: 'Without its route a pod is reached by nobody, not even from its node: see the log of the calico-node of the node.',
  of: eachNode,
  judge: withPools((node, context) => {
    const { observations, read } = context
    const routes = routesOf(node, context).filter(({ dev }) => dev?.startsWith('cali'))
    const blocks = read(observations.api.ipamBlocks) ?? []
    const pods = read(observations.api.pods).filter(
      (pod) => pod.spec?.nodeName === node && pod.spec.hostNetwork !== true && isLive(pod),
    )
    const to = new Set(routes.map(({ dst }) => dst))
    const own = new Set(pods.flatMap(addressesOf))
    const without = pods.flatMap((pod) =>
      addressesOf(pod)
        .filter((ip) => !to.has(ip))
        .map((ip) => `${keyOf(pod)} ${ip}`),
    )
    // Pods of namespaces that are not looked at are known from IPAM. A link-local range is no pod's.
    const strays = routes.filter(
      ({ dst }) => !dst.includes('/') && !own.has(dst) && allocationOf(dst, blocks)?.node !== node,
    )
    return compare(
      { 'pods without a route': [], 'routes without a pod': [] },
      {
        'pods without a route': without.sort(),
        'routes without a pod': strays.map(({ dst, dev = '' }) => `${dst} dev ${dev}`),
      },
    )
  }),
})

const pathSame = defineCheck({
  id: 'calico.path.same-node',
  title: 'a pod of the node reaches another pod of the same node',
  answers: 'Kubernetes: the network model, pods reach all other pods',
  needs: ['api.ippools', 'calico'],
  hint: 'The route to the pod is missing (calico.route.pods), or a policy that is not declared cuts the way (network-policy.*).',
  of: eachNode,
  judge: withPools((node, context) => pathsTo([node], node, context)),
})

const pathCross = defineCheck({
  id: 'calico.path.cross-node',
  title: 'a pod of the node reaches a pod of every other node',
  answers: 'Kubernetes: the network model, pods reach all other pods',
  needs: ['api.ippools', 'calico'],
  hint: 'The route to the other node is missing or wrong (calico.route.nodes), or the network between the nodes drops what is encapsulated.',
  of: eachNode,
  judge: withPools((node, context) => {
    const others = context.lab.nodes.filter((other) => other !== node)
    return others.length === 0 ? skipped(ONE_NODE) : pathsTo(others, node, context)
  }),
})

const vxlan = defineCheck({
  id: 'calico.vxlan',
  title: 'between nodes the packets of pods are on the wire inside VXLAN only, from node to node',
  answers: 'Calico: Overlay networking, VXLAN',
  needs: ['api.ippools', 'api.nodes', 'calico'],
  hint: 'The pool says VXLAN, and Felix did not write its routes: see calico.route.nodes and `ip -d link show vxlan.calico`.',
  of: theCluster,
  judge: withPools((_, context, pools) => {
    const { lab, observations, read } = context
    if (!pools.some((pool) => encapsulationOf(pool) === 'VXLAN'))
      return skipped('no IP pool has encapsulation VXLAN, with which alone nodes of one subnet use it')
    if (lab.nodes.length === 1) return skipped(ONE_NODE)
    const [from, { wire } = {}] =
      Object.entries(observations.calico).find(([, seen]) => seen.wire !== undefined) ?? []
    if (from === undefined) throw new Unobserved('no connection between nodes was watched on the wire')
    const { node: to, packets } = read(wire)
    if (packets.length === 0)
      throw new Unobserved('no packet was seen on the wire (see calico.path.cross-node)')
    const [here = '', there = ''] = [from, to].map((name) => outerAddress(name, context))
    const said = packets.map(({ vxlan: inside, ...packet }) =>
      inside ? `VXLAN ${packet.from} -> ${packet.to}` : `bare ${packet.from} -> ${packet.to}`,
    )
    return compare(
      [`VXLAN ${here} -> ${there}`, `VXLAN ${there} -> ${here}`].sort(),
      [...new Set(said)].sort(),
    )
  }),
})

export const pathChecks = [routeNodes, routePods, pathSame, pathCross, vxlan]

function routesOf(node: string, { observations, read }: Context): readonly Route[] {
  return read(observations.calico[node]?.routes)
}

/** How a node has to route to a block of another one; undefined where that is left to the network between them. */
function wayTo(
  block: string,
  { node, other }: { readonly node: string; readonly other: string },
  pools: readonly CalicoPool[],
  routes: readonly Route[],
  { observations, read }: Context,
): string | undefined {
  const family = familyOf(block)
  const pool = poolOf(block, pools)
  if (pool === undefined) return undefined
  const nodes = read(observations.api.nodes)
  const [own, its] = [node, other].map((name) =>
    calicoNode(
      nodes.find((each) => nameOf(each) === name),
      family,
    ),
  )
  const [gateway] = its?.address?.split('/') ?? []
  const [address] = own?.address?.split('/') ?? []
  if (gateway === undefined || address === undefined)
    throw new Unobserved(`Calico does not know the address of ${node} or ${other} (see calico.node.address)`)
  const near = isIn(gateway, own?.address ?? '')
  const encapsulation = encapsulationOf(pool)
  if (encapsulation === 'VXLAN' || (encapsulation === 'VXLANCrossSubnet' && !near)) {
    const device = family === 4 ? 'vxlan.calico' : 'vxlan-v6.calico'
    return `via ${its?.tunnel ?? 'an address for tunnels, which Calico did not give the node'} dev ${device}`
  }
  if (encapsulation === 'IPIP' || (encapsulation === 'IPIPCrossSubnet' && !near))
    return `via ${gateway} dev tunl0`
  if (!near) return undefined
  const link = routes.find(
    ({ dst, gateway: through, type }) => through === undefined && type === undefined && isIn(address, dst),
  )
  return `via ${gateway} dev ${link?.dev ?? 'the one that the address of the node is on'}`
}

function routeSaid(block: string, routes: readonly Route[]): string {
  const [address = '', length = ''] = block.split('/')
  // `ip` leaves out the length of a single address.
  const names = length === '32' || length === '128' ? [block, address] : [block]
  const route = routes.find(({ dst }) => names.includes(dst))
  if (route === undefined) return 'no route'
  const { gateway, dev, type } = route
  if (type !== undefined) return type
  return [gateway === undefined ? [] : `via ${gateway}`, dev === undefined ? [] : `dev ${dev}`]
    .flat()
    .join(' ')
}

/** Whether some pod of each node answers. Of several that were asked one is enough: the way is what is claimed. */
function pathsTo(to: readonly string[], node: string, { observations, read }: Context): Outcome {
  const paths = read(observations.calico[node]?.paths)
  const families = [...new Set(paths.map(({ ip }) => familyOf(ip)))].sort()
  const keys = to.flatMap((other) => families.map((family) => ({ other, family })))
  const said = (other: string, family: number): string =>
    families.length === 1 ? other : `${other} by IPv${String(family)}`
  const seen = keys.map(({ other, family }) => {
    const tried = paths.filter((path) => path.node === other && familyOf(path.ip) === family)
    return { key: said(other, family), tried }
  })
  const untried = seen.filter(({ tried }) => tried.length === 0).map(({ key }) => key)
  const outcome = compare(
    Object.fromEntries(seen.map(({ key }) => [key, 'answers'])),
    Object.fromEntries(
      seen.map(({ key, tried }) => [
        key,
        tried.some(answers) ? 'answers' : tried.map(pathSaid).join('; ') || 'not tried',
      ]),
    ),
  )
  const silent = seen.some(({ tried }) => tried.length > 0 && !tried.some(answers))
  if (!silent && (untried.length > 0 || keys.length === 0))
    throw new Unobserved(
      `no pod that the policies let a probe reach is on ${untried.join(', ') || 'the nodes'}`,
    )
  return outcome
}

/** A refusal comes from the pod, too: policies of Calico drop. */
function answers({ outcome }: PathSeen): boolean {
  return outcome === 'open' || outcome === 'refused'
}

function pathSaid({ pod, ip, port, outcome }: PathSeen): string {
  return `${pod} (${ip}:${String(port)}): ${outcome}`
}

/** The address that a node has on the wire. */
function outerAddress(name: string, { observations, read }: Context): string {
  const node = read(observations.api.nodes).find((each) => nameOf(each) === name)
  return calicoNode(node, 4).address?.split('/')[0] ?? `${name}, whose address Calico does not know`
}
