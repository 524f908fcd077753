import { describe, expect, test } from 'vitest'
import { workloadChecks } from '../../../lab/checks/workloads/index.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { pod } from './made.js'
import { named, one, remove, seen } from './recorded.js'
import { daemonSet, deployment, find, notPassing, small, without } from './small.js'
import type { Small, SmallWorld } from './small.js'

const web = { app: 'web' }
const tool = { app: 'tool' }
const spread = {
  topologySpreadConstraints: [
    { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 1 },
  ],
}
const on = (name: string, labels: Record<string, string>, nodeName: string): Pod =>
  pod(name, { labels, ip: '10.0.0.1', spec: { nodeName } })
const node = (name: string, taints: object[] = []): object => ({
  metadata: { name, labels: {} },
  spec: { taints },
})
const healthy = (more: Small = {}): Small => ({
  deployments: [deployment('web', web, { replicas: 2 }, spread)],
  daemonSets: [daemonSet('tool', tool)],
  pods: [on('web-1', web, 'n1'), on('web-2', web, 'n2'), on('tool-1', tool, 'n1'), on('tool-2', tool, 'n2')],
  nodes: [node('n1'), node('n2')],
  ...more,
})

function about(
  id: string,
  name: string,
  of: Small,
  change: (world: SmallWorld) => void = () => undefined,
): CheckResult {
  const world = small(of)
  change(world)
  return find(workloadChecks, world, id, name)
}

test('workloads with all their pods pass, also on a cluster of others', () => {
  expect(notPassing(workloadChecks, small(healthy()))).toEqual([])
  expect(notPassing(workloadChecks, small(healthy({ foreign: true })))).toEqual([])
})

describe('ready pods', () => {
  test('says why one is not', () => {
    const why = (status: object): unknown =>
      about('workloads.ready', 'web', healthy(), ({ api }) =>
        Object.assign(one(seen(api.pods), named('web-1')), { status }),
      ).evidence.observed
    const unschedulable = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }
    expect(why({ phase: 'Pending', conditions: [unschedulable] })).toEqual({
      ready: 1,
      notReady: ['web-1: Unschedulable'],
    })
    expect(why({ containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] })).toEqual({
      ready: 1,
      notReady: ['web-1: CrashLoopBackOff'],
    })
  })

  test('of a DaemonSet are as many as it is to have, wherever that is', () => {
    const one = healthy({ foreign: true, pods: [on('tool-1', tool, 'n1')], deployments: [] })
    expect(about('workloads.ready', 'tool', one).verdict).toBe('fail')
    const meant = ({ api }: SmallWorld): void =>
      void Object.assign(seen(api.daemonSets)[0]?.status ?? {}, { desiredNumberScheduled: 1 })
    expect(about('workloads.ready', 'tool', one, meant).verdict).toBe('pass')
  })

  test('are found by expressions, and by who made them where two ask for the same labels', () => {
    const made = (name: string, owner: string): Pod => {
      const each = on(name, { ...web, 'pod-template-hash': 'h' }, 'n1')
      const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: 'u', controller: true }
      return { ...each, metadata: { ...each.metadata, ownerReferences: [reference] } }
    }
    const expressions = [
      { key: 'app', operator: 'In', values: ['web'] },
      { key: 'app', operator: 'Exists' },
      { key: 'old', operator: 'DoesNotExist' },
      { key: 'app', operator: 'NotIn', values: ['other'] },
    ]
    const of: Small = {
      deployments: [
        deployment('blue', web, { selector: { matchExpressions: expressions } }),
        deployment('green', web),
      ],
      pods: [made('a', 'blue-h'), made('b', 'green-h')],
    }
    expect(about('workloads.ready', 'blue', of).verdict).toBe('pass')
    expect(about('workloads.ready', 'green', of).verdict).toBe('pass')
    expressions[3] = { key: 'app', operator: 'NotIn', values: ['web'] }
    expect(about('workloads.ready', 'blue', of).verdict).toBe('fail')
  })
})

describe('a rollout', () => {
  const change =
    (list: 'deployments' | 'daemonSets', to: { status?: object; spec?: object; metadata?: object }) =>
    ({ api }: SmallWorld): void => {
      const live = seen(api[list])[0]
      for (const [key, value] of Object.entries(to)) Object.assign(live?.[key as 'status'] ?? {}, value)
    }

  test.each([
    ['web', 'deployments', { status: { replicas: 3, updatedReplicas: 2 } }],
    ['web', 'deployments', { metadata: { generation: 2 } }],
    ['tool', 'daemonSets', { status: { updatedNumberScheduled: 1 } }],
  ] as const)('of %s that has not ended fails (%#)', (name, list, to) => {
    expect(about('workloads.updated', name, healthy(), change(list, to)).verdict).toBe('fail')
  })

  test.each([
    ['web', 'deployments', { spec: { paused: true } }],
    ['tool', 'daemonSets', { spec: { updateStrategy: { type: 'OnDelete' } } }],
  ] as const)('of %s that waits for somebody is not claimed', (name, list, to) => {
    expect(about('workloads.updated', name, healthy(), change(list, to)).verdict).toBe('skipped')
  })

  test('of what is gone cannot be judged', () => {
    const gone = ({ api }: SmallWorld): void => remove(seen(api.deployments), () => true)
    expect(about('workloads.updated', 'web', healthy(), gone).verdict).toBe('inconclusive')
  })
})

describe('places', () => {
  const tainted = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]

  test('a DaemonSet is on every node of a lab', () => {
    const missing = healthy({ pods: [on('tool-1', tool, 'n1')] })
    expect(about('workloads.every-node', 'tool', missing)).toMatchObject({
      verdict: 'fail',
      evidence: { expected: ['n1', 'n2'], observed: ['n1'] },
    })
    const taint = healthy({ ...missing, nodes: [node('n1'), node('n2', tainted)] })
    expect(about('workloads.every-node', 'tool', taint).verdict).toBe('fail')
  })

  test('elsewhere it is on those whose taints it tolerates', () => {
    const of = healthy({
      ...{ foreign: true, pods: [on('tool-1', tool, 'n1')] },
      nodes: [
        node('n1', [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]),
        node('n2', tainted),
      ],
    })
    expect(about('workloads.every-node', 'tool', of).verdict).toBe('pass')
    const tolerant = daemonSet('tool', tool, { tolerations: [{ operator: 'Exists' }] })
    expect(about('workloads.every-node', 'tool', { ...of, daemonSets: [tolerant] }).verdict).toBe('fail')
  })

  test('spread pods are counted on the nodes they may run on', () => {
    const together = healthy({ pods: [on('web-1', web, 'n1'), on('web-2', web, 'n1')] })
    expect(about('workloads.spread', 'web', together)).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { n1: 2, n2: 0 } },
    })
    const taint = healthy({ ...together, nodes: [node('n1'), node('n2', tainted)] })
    expect(about('workloads.spread', 'web', taint).verdict).toBe('pass')
    const chosen = deployment('web', web, { replicas: 2 }, { ...spread, nodeSelector: { disk: 'fast' } })
    const disk = (...fast: string[]): Small => ({
      ...{ ...together, deployments: [chosen] },
      nodes: ['n1', 'n2'].map((name) => ({
        metadata: { name, labels: { disk: fast.includes(name) ? 'fast' : 'slow' } },
      })),
    })
    expect(about('workloads.spread', 'web', disk('n1', 'n2')).verdict).toBe('fail')
    expect(about('workloads.spread', 'web', disk('n1')).verdict).toBe('pass')
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } }
    const free = deployment('web', web, { replicas: 2 }, { ...spread, affinity })
    expect(about('workloads.spread', 'web', { ...together, deployments: [free] }).verdict).toBe('skipped')
  })
})

test.each([
  [
    'pods',
    ['workloads.every-node tool', 'workloads.ready tool', 'workloads.ready web', 'workloads.spread web'],
  ],
  ['nodes', ['workloads.every-node tool', 'workloads.spread web']],
  ['deployments', ['workloads.updated web']],
  ['daemonSets', ['workloads.ready tool', 'workloads.updated tool']],
] as const)('what could not be observed makes nothing pass: %s', (part, ids) => {
  const found = notPassing(workloadChecks, without(small(healthy()), part))
  expect(found).toEqual(ids.map((id) => `${id} inconclusive`))
})
