import { describe, expect, test } from 'vitest'
import { calicoChecks } from '../../../lab/checks/calico.js'
import type { CalicoPool, CalicoSeen, IpamBlock, Route } from '../../../lab/observe/model/calico.js'
import type { LabFacts } from '../../../lab/observe/model/lab.js'
import type { Observations } from '../../../lab/observe/model/observations.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { networkWorld, part, podOf, resultsOf, verdictsOf } from './network-world.js'
import { broken } from './recorded.js'

type Api = Observations['api']

const pool = (spec: Partial<CalicoPool['spec']> = {}): CalicoPool => ({
  metadata: { name: 'pool' },
  spec: {
    ...{ cidr: '192.168.0.0/16', blockSize: 26, ipipMode: 'Never', vxlanMode: 'CrossSubnet' },
    ...{ natOutgoing: true, nodeSelector: 'all()', ...spec },
  },
})
const topology: NonNullable<LabFacts['topology']> = {
  pools: [
    {
      ...{ name: 'pool', cidr: '192.168.0.0/16', blockSize: 26 },
      ...{ encapsulation: 'VXLANCrossSubnet', natOutgoing: true, nodeSelector: 'all()' },
    },
  ],
}

const addresses: Record<string, string> = { a: '172.18.0.3', b: '172.18.0.4' }
const tunnels: Record<string, string> = { a: '192.168.60.192', b: '192.168.140.0' }
const blocks: Record<string, string> = { a: '192.168.60.192/26', b: '192.168.140.0/26' }

const node = (name: string, address = `${addresses[name] ?? ''}/16`): object => ({
  metadata: {
    name,
    annotations: {
      'projectcalico.org/IPv4Address': address,
      'projectcalico.org/IPv4VXLANTunnelAddr': tunnels[name],
    },
  },
  status: { addresses: [{ type: 'InternalIP', address: addresses[name] }] },
})
const affinity = (cidr: string, of: string): object => ({
  spec: { cidr, node: of, state: 'confirmed', deleted: 'false' },
})
/** A block whose second and third addresses are the pods' of a node. */
const block = (of: string, pods: readonly Pod[]): IpamBlock => ({
  spec: {
    ...{ cidr: blocks[of] ?? '', affinity: `host:${of}`, deleted: false },
    allocations: [null, ...pods.map((_, i) => i), null],
    attributes: pods.map(({ metadata }) => ({
      secondary: { namespace: metadata?.namespace ?? '', pod: metadata?.name ?? '', node: of },
    })),
  },
})
const onA = [
  podOf('default/one', { ip: '192.168.60.193', node: 'a' }),
  podOf('default/two', { ip: '192.168.60.194', node: 'a' }),
]
const onB = [podOf('default/three', { ip: '192.168.140.1', node: 'b' })]
const host = podOf('default/host', { ip: '172.18.0.3', node: 'a', hostNetwork: true })

const routesOf = (name: string, pods: readonly Pod[], way: (other: string) => Partial<Route>): Route[] => [
  { dst: 'default', gateway: '172.18.0.1', dev: 'eth0' },
  { dst: '172.18.0.0/16', dev: 'eth0', prefsrc: addresses[name] ?? '' },
  { dst: blocks[name] ?? '', type: 'blackhole' },
  ...Object.keys(blocks)
    .filter((other) => other !== name)
    .map((other) => ({ dst: blocks[other] ?? '', ...way(other) })),
  ...pods.map(({ status }, i) => ({ dst: status?.podIPs?.[0]?.ip ?? '', dev: `cali${String(i)}` })),
]
const direct = (other: string): Partial<Route> => ({ gateway: addresses[other] ?? '', dev: 'eth0' })
const tunnelled = (other: string): Partial<Route> => ({ gateway: tunnels[other] ?? '', dev: 'vxlan.calico' })

const path = (to: string, pod: string, outcome = 'open'): object => ({
  ...{ node: to, pod, ip: '192.168.60.193', port: 80, outcome },
})
const seen = (way = direct): Record<string, CalicoSeen> => ({
  a: {
    routes: part(routesOf('a', onA, way)),
    paths: part([path('a', 'default/two'), path('b', 'default/three')]),
  } as CalicoSeen,
  b: {
    routes: part(routesOf('b', onB, way)),
    paths: part([path('a', 'default/two'), path('b', 'default/three')]),
  } as CalicoSeen,
})

const healthy = {
  ipPools: part([pool()]),
  blockAffinities: part([affinity(blocks['a'] ?? '', 'a'), affinity(blocks['b'] ?? '', 'b')]),
  ipamBlocks: part([block('a', onA), block('b', onB)]),
  nodes: part([node('a'), node('b')]),
  pods: part([...onA, ...onB, host]),
  calicoPods: part(['a', 'b'].map((on) => podOf(`kube-system/${on}`, { ip: '', node: on }))),
} as unknown as Api

interface Change {
  readonly api?: Partial<Record<keyof Api, unknown>>
  readonly calico?: Record<string, CalicoSeen>
  readonly foreign?: boolean
}

const worldOf = ({ api = {}, calico = seen(), foreign = false }: Change = {}): ReturnType<
  typeof networkWorld
> =>
  networkWorld({
    lab: foreign ? {} : { topology },
    api: { ...healthy, ...api } as Api,
    seen: { calico },
  })
const verdicts = (id: string, change?: Change): Record<string, string> =>
  verdictsOf(calicoChecks, id, worldOf(change))
const first = (id: string, change?: Change): CheckResult | undefined =>
  resultsOf(calicoChecks, id, worldOf(change))[0]

const both = (verdict: string): Record<string, string> => ({ a: verdict, b: verdict })
const perNode = calicoChecks.filter(
  ({ id }) => !['calico.pools', 'calico.block.owner', 'calico.vxlan'].includes(id),
)

describe('a healthy cluster', () => {
  test.each(perNode.map(({ id }) => id))('%s', (id) => {
    expect(verdicts(id)).toEqual(both('pass'))
  })

  test('the pools, and the owners of the blocks; VXLAN is not what nodes of one subnet use', () => {
    expect(verdicts('calico.pools')).toEqual({ lab: 'pass' })
    expect(verdicts('calico.block.owner')).toEqual({ lab: 'pass' })
    expect(first('calico.vxlan')).toMatchObject({ verdict: 'skipped' })
  })
})

test('without Calico nothing is claimed, and without the right to look nothing is said', () => {
  for (const { id } of calicoChecks) {
    if (id === 'calico.pools') continue
    expect(Object.values(verdicts(id, { api: { ipPools: part(null) } }))).not.toContain('pass')
    expect(new Set(Object.values(verdicts(id, { api: { ipPools: part(null) } })))).toEqual(
      new Set(['skipped']),
    )
    const forbidden = { api: { ipPools: broken('403: forbidden') } }
    expect(new Set(Object.values(verdicts(id, forbidden)))).toEqual(new Set(['inconclusive']))
  }
  expect(verdicts('calico.pools', { api: { ipPools: part(null) } })).toEqual({ lab: 'fail' })
})

describe('on a cluster that is not ours', () => {
  test('nobody declares its pools', () => {
    expect(verdicts('calico.pools', { foreign: true })).toEqual({ lab: 'skipped' })
  })

  test('a node that needs no address has no block', () => {
    const api = {
      blockAffinities: part([affinity(blocks['a'] ?? '', 'a')]),
      pods: part([...onA, host]),
    }
    expect(verdicts('calico.block.own', { api, foreign: true })).toEqual({ a: 'pass', b: 'skipped' })
    expect(verdicts('calico.block.own', { api })).toEqual({ a: 'pass', b: 'fail' })
  })

  test('with another IPAM there are no blocks', () => {
    const api = { blockAffinities: part([]), ipamBlocks: part([]) }
    expect(verdicts('calico.block.own', { api, foreign: true })).toEqual(both('skipped'))
    expect(verdicts('calico.block.owner', { api, foreign: true })).toEqual({ lab: 'skipped' })
    expect(verdicts('calico.pod.address', { api, foreign: true })).toEqual(both('skipped'))
    expect(verdicts('calico.route.nodes', { api, foreign: true })).toEqual(both('skipped'))
    expect(verdicts('calico.route.pods', { api, foreign: true })).toEqual(both('pass'))
  })
})

describe('nodes', () => {
  test('an agent that is not Ready, and one that is not there', () => {
    const api = { calicoPods: part([podOf('kube-system/a', { ip: '', node: 'a', ready: false })]) }
    expect(verdicts('calico.node.ready', { api })).toEqual(both('fail'))
    expect(verdicts('calico.node.ready', { api: { calicoPods: broken('403') } })).toEqual(
      both('inconclusive'),
    )
  })

  test('Calico took the address of another interface', () => {
    const api = { nodes: part([node('a', '10.9.9.9/24'), node('b')]) }
    expect(verdicts('calico.node.address', { api })).toEqual({ a: 'fail', b: 'pass' })
  })
})

describe('pools', () => {
  test.each([
    ['another range', [pool({ cidr: '10.0.0.0/16' })]],
    ['another encapsulation', [pool({ vxlanMode: 'Always' })]],
    ['no NAT', [pool({ natOutgoing: false })]],
    ['another block size', [pool({ blockSize: 24 })]],
    ['other nodes', [pool({ nodeSelector: "has('x')" })]],
    ['switched off', [pool({ disabled: true })]],
    ['none', []],
    ['one more', [pool(), { ...pool({ cidr: '10.0.0.0/16' }), metadata: { name: 'more' } }]],
  ])('%s', (_, list) => {
    expect(verdicts('calico.pools', { api: { ipPools: part(list) } })).toEqual({ lab: 'fail' })
  })
})

describe('blocks', () => {
  const owned = (...list: [string, string][]): Change => ({
    api: { blockAffinities: part(list.map(([cidr, of]) => affinity(cidr, of))) },
  })

  test('one of another size, and one in no pool', () => {
    expect(verdicts('calico.block.own', owned(['192.168.60.0/24', 'a'], ['10.0.0.0/26', 'b']))).toEqual(
      both('fail'),
    )
  })

  test('one that is only asked for is not the node’s yet', () => {
    const pending = { spec: { cidr: blocks['b'], node: 'b', state: 'pending', deleted: 'false' } }
    const api = { blockAffinities: part([affinity(blocks['a'] ?? '', 'a'), pending]) }
    expect(verdicts('calico.block.own', { api })).toEqual({ a: 'pass', b: 'fail' })
  })

  test('two owners of one, and an owner that is gone', () => {
    const [a = '', b = ''] = Object.values(blocks)
    expect(verdicts('calico.block.owner', owned([a, 'a'], [b, 'b'], [a, 'b']))).toEqual({ lab: 'fail' })
    const api = { nodes: part([node('a')]) }
    expect(verdicts('calico.block.owner', { api })).toEqual({ lab: 'fail' })
    expect(verdicts('calico.block.owner', { api: { ipamBlocks: broken('403') } })).toEqual({
      lab: 'inconclusive',
    })
  })
})

describe('addresses of pods', () => {
  const stray = podOf('default/three', { ip: '10.244.1.2', node: 'b' })

  test('one of no block', () => {
    const api = { pods: part([...onA, stray]) }
    expect(verdicts('calico.pod.address', { api })).toEqual({ a: 'pass', b: 'fail' })
  })

  test('one that IPAM gave to another pod, or to nobody', () => {
    const [one = onA[0], two = onA[1]] = onA
    const swapped = part([block('a', [two, one] as Pod[]), block('b', onB)])
    expect(verdicts('calico.pod.address', { api: { ipamBlocks: swapped } })).toEqual({ a: 'fail', b: 'pass' })
    const free = part([block('a', onA), block('b', [])])
    expect(verdicts('calico.pod.address', { api: { ipamBlocks: free } })).toEqual({ a: 'pass', b: 'fail' })
  })

  test('one that is borrowed is right, and said', () => {
    const guest = podOf('default/guest', { ip: '192.168.140.2', node: 'a' })
    const api = {
      pods: part([...onA, ...onB, guest]),
      ipamBlocks: part([block('a', onA), block('b', [...onB, guest])]),
    }
    const result = first('calico.pod.address', { api })
    expect(result?.verdict).toBe('pass')
    expect(JSON.stringify(result?.evidence.observed)).toContain('borrowed')
  })

  test('pods on the network of the host have the address of the node', () => {
    expect(verdicts('calico.pod.address', { api: { pods: part([host]) } })).toEqual(both('skipped'))
  })
})

describe('routes', () => {
  const routes = (way: typeof direct, mode: string): Record<string, string> =>
    verdicts('calico.route.nodes', {
      api: { ipPools: part([pool({ vxlanMode: mode })]) },
      calico: seen(way),
    })

  test('through VXLAN always, or never within a subnet', () => {
    expect(routes(tunnelled, 'Always')).toEqual(both('pass'))
    expect(routes(direct, 'Always')).toEqual(both('fail'))
    expect(routes(tunnelled, 'CrossSubnet')).toEqual(both('fail'))
  })

  test('through VXLAN where the subnets differ', () => {
    const far = { nodes: part([node('a', '172.18.0.3/32'), node('b', '172.18.0.4/32')]) }
    expect(verdicts('calico.route.nodes', { api: far, calico: seen(tunnelled) })).toEqual(both('pass'))
    expect(verdicts('calico.route.nodes', { api: far })).toEqual(both('fail'))
  })

  test('one that is missing, or leads to another node', () => {
    const missing = seen((other) => (other === 'b' ? { dst: '10.0.0.0/26' } : direct(other)))
    expect(verdicts('calico.route.nodes', { calico: missing })).toEqual({ a: 'fail', b: 'pass' })
    expect(routes(() => ({ gateway: '172.18.0.9', dev: 'eth0' }), 'CrossSubnet')).toEqual(both('fail'))
  })

  test('a table that was not read', () => {
    const calico = { ...seen(), a: { routes: broken('no answer'), paths: part([]) } as CalicoSeen }
    expect(verdicts('calico.route.nodes', { calico })).toEqual({ a: 'inconclusive', b: 'pass' })
    expect(verdicts('calico.route.pods', { calico })).toEqual({ a: 'inconclusive', b: 'pass' })
  })

  test('a pod without one, and one without a pod', () => {
    const without = { ...seen(), a: { ...seen()['a'], routes: part(routesOf('a', onA.slice(1), direct)) } }
    expect(verdicts('calico.route.pods', { calico: without as Record<string, CalicoSeen> })).toEqual({
      ...{ a: 'fail', b: 'pass' },
    })
    const api = { pods: part([...onA, host]), ipamBlocks: part([block('a', onA), block('b', [])]) }
    expect(verdicts('calico.route.pods', { api })).toEqual({ a: 'pass', b: 'fail' })
  })

  test('a pod of a namespace that is not looked at is known from IPAM', () => {
    expect(verdicts('calico.route.pods', { api: { pods: part(onA) } })).toEqual(both('pass'))
  })
})

describe('paths', () => {
  const paths = (...list: object[]): Change => ({
    calico: { ...seen(), a: { ...seen()['a'], paths: part(list) } as CalicoSeen },
  })

  test('silence fails, an answer of either kind passes, and one of two pods is enough', () => {
    const timeout = path('b', 'default/three', 'timeout')
    expect(verdicts('calico.path.cross-node', paths(timeout))).toEqual({ a: 'fail', b: 'pass' })
    const refused = path('b', 'default/four', 'refused')
    expect(verdicts('calico.path.cross-node', paths(timeout, refused))).toEqual(both('pass'))
    expect(verdicts('calico.path.same-node', paths(path('a', 'default/two', 'timeout')))).toEqual({
      ...{ a: 'fail', b: 'pass' },
    })
  })

  test('a node without a pod to reach', () => {
    expect(verdicts('calico.path.cross-node', paths(path('a', 'default/two')))).toEqual({
      ...{ a: 'inconclusive', b: 'pass' },
    })
    expect(verdicts('calico.path.same-node', paths())).toEqual({ a: 'inconclusive', b: 'pass' })
  })

  test('one node has no other', () => {
    const world = { ...worldOf(), lab: { ...worldOf().lab, nodes: ['a'] } }
    expect(verdictsOf(calicoChecks, 'calico.path.cross-node', world)).toEqual({ a: 'skipped' })
    expect(verdictsOf(calicoChecks, 'calico.route.nodes', world)).toEqual({ a: 'skipped' })
  })
})

describe('VXLAN on the wire', () => {
  const packet = (from: string, to: string, vxlan = true): object => ({ vxlan, from, to })
  const watched = (...packets: object[]): Change => ({
    api: { ipPools: part([pool({ vxlanMode: 'Always' })]) },
    calico: {
      ...seen(tunnelled),
      a: {
        ...seen(tunnelled)['a'],
        wire: part({ pod: 'default/three', node: 'b', inner: ['x', 'y'], packets }),
      } as unknown as CalicoSeen,
    },
  })
  const there = packet('172.18.0.3', '172.18.0.4')
  const back = packet('172.18.0.4', '172.18.0.3')

  test('from node to node, in both directions', () => {
    expect(verdicts('calico.vxlan', watched(there, back, there))).toEqual({ lab: 'pass' })
    expect(verdicts('calico.vxlan', watched(there))).toEqual({ lab: 'fail' })
  })

  test('a bare packet is one too many', () => {
    const bare = packet('192.168.60.193', '192.168.140.1', false)
    expect(verdicts('calico.vxlan', watched(there, back, bare))).toEqual({ lab: 'fail' })
  })

  test('nothing seen, and nothing watched', () => {
    expect(verdicts('calico.vxlan', watched())).toEqual({ lab: 'inconclusive' })
    expect(verdicts('calico.vxlan', { ...watched(), calico: seen(tunnelled) })).toEqual({
      lab: 'inconclusive',
    })
  })
})
