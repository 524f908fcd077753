import {
  allocationOf,
  blocksOf,
  calicoNode,
  encapsulationOf,
  familyOf,
  liveAffinities,
  poolOf,
} from '../observe/model/calico.js'
import type { CalicoPool } from '../observe/model/calico.js'
import { nameOf, keyOf } from '../observe/model/declared.js'
import { isLive, isReady } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { addressesOf, isIn } from '../observe/model/policies.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context } from './check.js'
import { compare } from './outcome.js'
import { pathChecks } from './calico-paths.js'
import { NO_BLOCKS, NO_CALICO, NO_POOLS } from './calico-applies.js'
import { eachNode, theCluster } from './scopes.js'

const nodeReady = defineCheck({
  id: 'calico.node.ready',
  title: "Calico's agent runs on the node and is Ready",
  answers: '001 Deployment, Calico installation',
  needs: ['api.ippools', 'api.calicopods'],
  hint: 'See `kubectl logs` of the calico-node pod of the node: it cannot reach the API server, or its image is missing.',
  of: eachNode,
  judge: (node, { observations, read }) => {
    if (read(observations.api.ipPools) === null) return skipped(NO_CALICO)
    const pods = read(observations.api.calicoPods).filter(({ spec }) => spec?.nodeName === node)
    return compare(
      ['Ready'],
      pods.map((pod) => (isReady(pod) ? 'Ready' : 'not Ready')),
    )
  },
})

const nodeAddress = defineCheck({
  id: 'calico.node.address',
  title: 'Calico takes the node for what it is: by its own address',
  answers: 'Calico: Configure IP autodetection',
  needs: ['api.ippools', 'api.nodes'],
  hint: 'Calico found another interface first: set IP_AUTODETECTION_METHOD, for example to kubernetes-internal-ip.',
  of: eachNode,
  judge: (node, { observations, read }) => {
    const pools = read(observations.api.ipPools)
    if (pools === null) return skipped(NO_CALICO)
    if (pools.length === 0) return skipped(NO_POOLS)
    const found = read(observations.api.nodes).find((each) => nameOf(each) === node)
    if (found === undefined) throw new Unobserved('the cluster has no such node (see nodes.kubernetes)')
    const families = [...new Set(pools.map(({ spec }) => familyOf(spec.cidr)))].sort()
    const internal = (found.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP')
    const own = internal.map(({ address }) => address)
    return compare(
      own.filter((ip) => families.includes(familyOf(ip))),
      families.flatMap((family) => calicoNode(found, family).address?.split('/')[0] ?? []),
    )
  },
})

const pools = defineCheck({
  id: 'calico.pools',
  title: "Calico's IP pools are those of the lab's topology",
  answers: '001 Manifest Files, custom-resources.yaml (corrected)',
  needs: ['api.ippools'],
  hint: 'A pool was changed, added or deleted on the cluster: see `kubectl get ippools.crd.projectcalico.org -o yaml`.',
  of: theCluster,
  judge: (_, { lab, observations, read }) => {
    if (lab.topology === undefined) return skipped('nobody declares what the pools of this cluster are to be')
    const expected = lab.topology.pools.map(({ name, ...pool }) => [name, pool] as const)
    const seen = (read(observations.api.ipPools) ?? []).map(
      (pool) => [nameOf(pool), asDeclared(pool)] as const,
    )
    return compare(Object.fromEntries(expected), Object.fromEntries(seen))
  },
})

const blockOwn = defineCheck({
  id: 'calico.block.own',
  title: 'the node has a block of addresses, of the size and inside the range of a pool',
  answers: '001 Manifest Files, custom-resources.yaml (corrected)',
  needs: ['api.ippools', 'api.blockaffinities', 'api.pods'],
  hint: 'No block: the pools are used up, or none selects the node. Another size: the pool was changed after the block was taken.',
  of: eachNode,
  judge: (node, context) => {
    const { observations, read, lab } = context
    const all = read(observations.api.ipPools)
    if (all === null) return skipped(NO_CALICO)
    const affinities = read(observations.api.blockAffinities) ?? []
    if (lab.topology === undefined && affinities.length === 0) return skipped(NO_BLOCKS)
    const blocks = blocksOf(node, affinities)
    if (blocks.length === 0) {
      const needed = lab.topology !== undefined || podsOn(node, context).length > 0
      return needed
        ? compare('a block', 'none')
        : skipped('no pod that is known of is on the node, and a node takes a block when it needs one')
    }
    const said = blocks.map((block) => {
      const spec = poolOf(block, all)?.spec
      return [block, spec === undefined ? 'in no pool' : `a /${sizeOf(block)} of ${spec.cidr}`] as const
    })
    const wanted = blocks.map((block) => {
      const spec = poolOf(block, all)?.spec
      const size = spec?.blockSize ?? (familyOf(block) === 4 ? 26 : 122)
      return [block, spec === undefined ? 'in a pool' : `a /${String(size)} of ${spec.cidr}`] as const
    })
    return compare(Object.fromEntries(wanted), Object.fromEntries(said))
  },
})

const blockOwner = defineCheck({
  id: 'calico.block.owner',
  title: 'each block belongs to one node, that is there, and whose it is in IPAM',
  answers: 'Calico: Get started with IP address management, blocks',
  needs: ['api.ippools', 'api.blockaffinities', 'api.ipamblocks', 'api.nodes'],
  hint: 'A node was deleted without its Calico data, or two nodes took one block: see `calicoctl ipam check`.',
  of: theCluster,
  judge: (_, { observations, read, lab }) => {
    if (read(observations.api.ipPools) === null) return skipped(NO_CALICO)
    const affinities = liveAffinities(read(observations.api.blockAffinities) ?? [])
    const blocks = (read(observations.api.ipamBlocks) ?? []).filter(({ spec }) => spec.deleted !== true)
    if (lab.topology === undefined && blocks.length === 0) return skipped(NO_BLOCKS)
    const nodes = new Set(read(observations.api.nodes).map(nameOf))
    const cidrs = [...new Set([...affinities, ...blocks].map(({ spec }) => spec.cidr))].sort()
    const wanted = cidrs.map((cidr) => {
      const owner = /^host:(.*)$/.exec(
        blocks.find(({ spec }) => spec.cidr === cidr)?.spec.affinity ?? '',
      )?.[1]
      // A block that nobody owns any more stays while addresses of it are in use.
      return [cidr, owner === undefined ? [] : nodes.has(owner) ? [owner] : ['a node that is there']] as const
    })
    const seen = cidrs.map((cidr) => {
      const owners = affinities.filter(({ spec }) => spec.cidr === cidr).map(({ spec }) => spec.node)
      return [cidr, owners.sort()] as const
    })
    return compare(Object.fromEntries(wanted), Object.fromEntries(seen))
  },
})

const podAddress = defineCheck({
  id: 'calico.pod.address',
  title: 'every pod of the node has an address that IPAM gave to it, of a block of the node',
  answers: 'Calico: Get started with IP address management, blocks',
  needs: ['api.ippools', 'api.blockaffinities', 'api.ipamblocks', 'api.pods'],
  hint: 'The pod was started by another CNI (its files are still in /etc/cni/net.d of the node), or IPAM lost its address.',
  of: eachNode,
  judge: (node, context) => {
    const { lab, observations, read } = context
    const all = read(observations.api.ipPools)
    if (all === null) return skipped(NO_CALICO)
    if (all.length === 0) return skipped(NO_POOLS)
    const own = blocksOf(node, read(observations.api.blockAffinities) ?? [])
    const blocks = read(observations.api.ipamBlocks) ?? []
    if (lab.topology === undefined && blocks.length === 0) return skipped(NO_BLOCKS)
    const pods = podsOn(node, context)
    if (pods.length === 0) return skipped('no pod with an address of its own is on the node')
    const said = pods.flatMap((pod) =>
      addressesOf(pod).map((ip) => {
        const given = allocationOf(ip, blocks)?.pod
        const where = own.some((block) => isIn(ip, block)) ? OWN : BORROWED
        return {
          what: `${keyOf(pod)} ${ip}`,
          where: given === keyOf(pod) ? where : `IPAM: ${given ?? 'free'}`,
        }
      }),
    )
    const others = said.filter(({ where }) => where !== OWN)
    const borrowed = others.filter(({ where }) => where === BORROWED)
    // A node that finds no free block takes addresses of other nodes' blocks: worth telling, and no fault.
    const counted = (list: typeof said): Record<string, unknown> => ({
      ...(list.length > 0 ? Object.fromEntries(list.map(({ what, where }) => [what, where])) : {}),
      [list.length > 0 ? 'all others' : 'all']: OWN,
    })
    return compare(counted(borrowed), counted(others))
  },
})

export const calicoChecks = [nodeReady, nodeAddress, pools, blockOwn, blockOwner, podAddress, ...pathChecks]

const OWN = 'in a block of the node'
const BORROWED = "borrowed: in another node's block"

/** The pods of a node that have addresses of their own. */
function podsOn(node: string, { observations, read }: Context): Pod[] {
  return read(observations.api.pods).filter(
    (pod) =>
      pod.spec?.nodeName === node &&
      pod.spec.hostNetwork !== true &&
      isLive(pod) &&
      addressesOf(pod).length > 0,
  )
}

function sizeOf(block: string): string {
  return block.split('/')[1] ?? ''
}

function asDeclared(pool: CalicoPool): Record<string, unknown> {
  const { cidr, blockSize, natOutgoing, nodeSelector } = pool.spec
  const disabled = pool.spec.disabled === true ? { disabled: true } : {}
  return { cidr, blockSize, encapsulation: encapsulationOf(pool), natOutgoing, nodeSelector, ...disabled }
}
