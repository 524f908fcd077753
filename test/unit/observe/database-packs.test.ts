import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../lab/observe/clock.js'
import type { ExecTarget, PodExec } from '../../../lab/observe/exec.js'
import type { Looking } from '../../../lab/observe/looking.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { NetworkPolicy } from '../../../lab/observe/model/policies.js'
import { collectKafka } from '../../../lab/observe/packs/kafka.js'
import { collectRedis } from '../../../lab/observe/packs/redis.js'
import { part, podOf, policyOf } from '../checks/network-world.js'
import { CLUSTER } from '../checks/packed.js'
import { broken } from '../checks/recorded.js'

/** A set of two servers, which listen at the port. */
const set = (name: string, port: number): object => ({
  ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, namespace: 'data' } },
  spec: {
    ...{ replicas: 2, serviceName: name, selector: { matchLabels: { app: name } } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name, ports: [{ containerPort: port }] }] },
    },
  },
})
const server = (key: string, n: number): ReturnType<typeof podOf> =>
  podOf(key, { ip: `10.0.0.${String(n)}`, labels: { app: key.replace(/^.*\/|-\d$/g, '') } })
const pods = [
  ...['kafka-0', 'kafka-1', 'redis-0', 'redis-1'].map((pod, n) => server(`data/${pod}`, n)),
  podOf('default/tool', { ip: '10.0.1.1', labels: { app: 'tool' } }),
  podOf('moon/tool', { ip: '10.0.1.2', labels: { app: 'tool' } }),
]

/** Lets only the pods of one namespace in, and the servers themselves. */
const only = (app: string, namespace: string): NetworkPolicy =>
  policyOf(`data/${app}`, {
    podSelector: { matchLabels: { app } },
    ingress: [
      { from: [{ podSelector: {} }] },
      { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }] },
    ],
  })

interface Facts {
  readonly policies?: readonly NetworkPolicy[]
  readonly probes?: readonly string[]
  readonly namespaces?: unknown
}

async function asked({ policies = [], probes = ['default', 'moon'], namespaces = part([]) }: Facts): Promise<{
  kafka: unknown
  redis: unknown
  from: string[]
}> {
  const from: string[] = []
  const exec: PodExec = ({ namespace, pod }, [, , script = '']) => {
    if (script.includes('kcat')) from.push(`kafka ${namespace}/${pod}`)
    if (script.includes('redis-cli')) from.push(`redis ${namespace}/${pod}`)
    return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
  }
  const declared = readDeclared([
    ...[set('kafka', 9092), set('redis', 6379)],
    ...policies.map((policy) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...policy })),
  ] as Parameters<typeof readDeclared>[0])
  const targets = probes.map((namespace): [string, ExecTarget] => [
    namespace,
    { namespace, pod: 'tool', container: 'one' },
  ])
  const looking = {
    ...{ collecting: { clock: systemClock }, exec, lab: CLUSTER, declared, pods, mayWrite: true },
    ...{ probes: new Map(targets), unlisted: undefined },
    api: { pods: part(pods), networkPolicies: part(policies), namespaces },
  } as unknown as Looking
  const { 'data/kafka': kafka } = await collectKafka(looking)
  const { 'data/redis': redis } = await collectRedis(looking)
  return { kafka, redis, from }
}

describe('from where a database is asked', () => {
  test('from the first probe, where no policy says otherwise', async () => {
    expect((await asked({})).from).toEqual(['kafka default/tool', 'redis default/tool'])
  })

  test('from one that the policies let in: that they keep others out is no fault of the servers', async () => {
    const policies = [only('kafka', 'moon'), only('redis', 'moon')]
    expect((await asked({ policies })).from).toEqual(['kafka moon/tool', 'redis moon/tool'])
  })

  test('where none is let in nothing is asked of Kafka, and Redis is asked from within', async () => {
    const policies = [only('kafka', 'far'), only('redis', 'far')]
    const { kafka, from } = await asked({ policies })
    expect(from).toEqual(['redis data/redis-0'])
    expect(kafka).toMatchObject({
      value: { client: { error: 'NetworkPolicies keep every probe out of the brokers' } },
    })
  })

  test('a policy of which it cannot be told whom it means stands in nobody’s way', async () => {
    const by = policyOf('data/kafka', {
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }] }],
    })
    expect((await asked({ policies: [by], namespaces: broken('403') })).from).toContain('kafka default/tool')
  })

  test('without a probe', async () => {
    expect((await asked({ probes: [] })).kafka).toMatchObject({
      value: { client: { error: 'no ready probe pod on any node' } },
    })
  })
})
