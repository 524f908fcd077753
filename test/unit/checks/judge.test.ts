import { describe, expect, test } from 'vitest'
import { judge } from '../../../lab/checks/judge.js'
import { checks } from '../../../lab/checks/registry.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { follow } from './consequences.js'
import { answer, broken, healthy, named, one, recording, remove, seen } from './recorded.js'
import type { World } from './recorded.js'

const judged = (change: (world: World) => void): CheckResult[] => {
  const world = healthy()
  change(world)
  return judge(recording(world))
}

const result = (results: CheckResult[], id: string, name: string): CheckResult =>
  one(results, (check) => check.id === id && check.subject.name === name)

/** Of the three the one that the mode of kube-proxy means. */
const RULES = 'iptables, nftables or ipvs'

/** Every part of the observations, by the name that checks call it in what they need. */
const parts: Record<string, (world: World) => void> = {
  'containers.containerlab': ({ observations }) => (observations.containers.containerlab = broken('gone')),
  'containers.kind': ({ observations }) => (observations.containers.kind = broken('gone')),
  'api.services': ({ observations }) => (observations.api.services = broken('gone')),
  'api.endpointslices': ({ observations }) => (observations.api.endpointSlices = broken('gone')),
  'api.pods': ({ observations }) => (observations.api.pods = broken('gone')),
  'api.statefulsets': ({ observations }) => (observations.api.statefulSets = broken('gone')),
  'api.deployments': ({ observations }) => (observations.api.deployments = broken('gone')),
  'api.daemonsets': ({ observations }) => (observations.api.daemonSets = broken('gone')),
  'api.persistentvolumeclaims': ({ observations }) =>
    (observations.api.persistentVolumeClaims = broken('gone')),
  'api.nodes': ({ observations }) => (observations.api.nodes = broken('gone')),
  'api.networkpolicies': ({ observations }) => (observations.api.networkPolicies = broken('gone')),
  'api.ippools': ({ observations }) => (observations.api.ipPools = broken('gone')),
  'api.blockaffinities': ({ observations }) => (observations.api.blockAffinities = broken('gone')),
  'api.ipamblocks': ({ observations }) => (observations.api.ipamBlocks = broken('gone')),
  'api.calicopods': ({ observations }) => (observations.api.calicoPods = broken('gone')),
  'api.corefile': ({ observations }) => (observations.api.corefile = broken('gone')),
  dns: ({ observations, lab }) => (observations.dns = every(lab.nodes)),
  redis: ({ observations }) => (observations.redis = every(Object.keys(observations.redis))),
  initLogs: ({ observations }) => (observations.initLogs = every(Object.keys(observations.initLogs))),
  [RULES]: ({ observations, lab }) => (observations.iptables = every(lab.nodes)),
  reach: ({ observations, lab }) => (observations.reach = every(lab.nodes)),
  traffic: ({ observations }) => (observations.traffic = every(Object.keys(observations.traffic))),
  calico: ({ observations, lab }) =>
    (observations.calico = Object.fromEntries(
      lab.nodes.map((node) => [node, { routes: broken('gone'), paths: broken('gone') }]),
    )),
  policies: ({ observations }) => (observations.policies = every(Object.keys(observations.policies))),
  postgres: ({ observations }) => (observations.postgres = every(Object.keys(observations.postgres))),
  kafka: ({ observations }) => (observations.kafka = every(Object.keys(observations.kafka))),
  mysql: ({ observations }) => (observations.mysql = every(Object.keys(observations.mysql))),
  grpc: ({ observations }) => (observations.grpc = every(Object.keys(observations.grpc))),
  external: ({ observations }) => (observations.external = every(Object.keys(observations.external))),
}

/** What checks need only where something is so that is not so in a healthy lab. */
const seldom: Record<string, readonly string[]> = {
  // The external database is behind a headless name: there is no virtual IP to ask for.
  'api.services': ['external.reachable'],
  // Which server is the master, where the manifest does not say it.
  redis: ['redis.init-log'],
  // Whether a node without a block has pods.
  'api.pods': ['calico.block.own'],
  // Whether a policy explains what did not come through.
  'api.networkpolicies': ['kube-proxy.every-backend', 'kube-proxy.affinity.pinned', 'kube-proxy.refused'],
}

function keyOf({ id, subject }: CheckResult): string {
  return JSON.stringify([id, subject])
}

function every(keys: readonly string[]): Record<string, ReturnType<typeof broken>> {
  return Object.fromEntries(keys.map((key) => [key, broken('gone')]))
}

describe('what could not be observed', () => {
  test('is known for everything that a check needs', () => {
    expect(Object.keys(parts)).toEqual(
      // A lab is not asked what it may be asked for.
      expect.arrayContaining(
        [...new Set(checks.flatMap(({ needs }) => needs))].filter((part) => part !== 'access'),
      ),
    )
  })

  const before = judge(recording(healthy()))
  const applied = new Set(before.filter(({ verdict }) => verdict !== 'skipped').map(({ id }) => id))
  const applies = (id: string): boolean => applied.has(id)

  test.each(Object.keys(parts))(
    '%s: what needs it is inconclusive with the reason, all else passes',
    (part) => {
      const results = judged((world) => parts[part]?.(world))
      // Who is a replica is seen: without that, every server may be one.
      const was = new Map(before.map((each) => [keyOf(each), each.verdict]))
      const unjudged = new Set<string>()
      for (const each of results) {
        const { id, subject, verdict, hint } = each
        // A check may need a part for some of its subjects only: for a service without a selector no pods.
        if (verdict !== 'inconclusive')
          expect([id, subject, verdict]).toEqual([id, subject, was.get(keyOf(each))])
        else {
          unjudged.add(id)
          expect(hint).toContain('gone')
        }
      }
      expect([...unjudged].filter(applies).sort()).toEqual(
        checks
          .filter(({ needs }) => needs.includes(part))
          .map(({ id }) => id)
          .filter((id) => applies(id) && seldom[part]?.includes(id) !== true)
          .sort(),
      )
    },
  )

  test('on one node only still makes no check pass that speaks of every node', () => {
    const results = judged(({ observations }) => {
      observations.dns['headless-services-worker'] = broken('slow')
    })
    expect(result(results, 'dns.headless.a-set', 'nginx-headless')).toMatchObject({
      verdict: 'inconclusive',
      hint: 'Could not be judged: headless-services-worker: a command: slow.',
    })
  })

  test('on one node does not hide what is wrong on another', () => {
    const results = judged((world) => {
      world.observations.dns['headless-services-worker'] = broken('slow')
      answer(
        world,
        () => true,
        (each) => (each.status = 'SERVFAIL'),
        ['headless-services-worker2'],
      )
    })
    expect(result(results, 'dns.headless.a-set', 'nginx-headless')).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: ['192.168.140.1', '192.168.60.194'],
        observed: {
          'headless-services-control-plane': ['192.168.140.1', '192.168.60.194'],
          'headless-services-worker2': 'SERVFAIL',
          'not observed': ['headless-services-worker: a command: slow'],
        },
      },
    })
  })

  test('is also what was never asked for', () => {
    const results = judged((world) => {
      for (const node of world.lab.nodes) {
        const part = world.observations.dns[node]
        if (part && 'value' in part)
          remove(part.value, ({ question }) => question.name.startsWith('redis-0.'))
      }
    })
    expect(result(results, 'dns.pod.a', 'redis-0')).toMatchObject({ verdict: 'inconclusive' })
  })
})

describe('evidence and hints', () => {
  test('a selector that does not fit says which label differs', () => {
    const results = judged(({ observations }) => {
      const service = one(seen(observations.api.services), named('nginx-headless'))
      Object.assign(service.spec ?? {}, { selector: { app: 'web', tier: 'front' } })
    })
    expect(result(results, 'services.selector', 'nginx-headless')).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: { selector: { app: 'nginx' }, pods: 'at least one' },
        observed: { selector: { app: 'web', tier: 'front' }, pods: 'none' },
      },
      hint: 'The selector does not fit the pods of deployment/nginx-deployment: it asks for app=web, they have app=nginx; it asks for tier=front, they have no tier.',
    })
  })

  test('the same on every node is said once, with a command that shows it', () => {
    expect(
      result(
        judged(() => undefined),
        'dns.clusterip.a-vip',
        'nginx-clusterip',
      ),
    ).toMatchObject({
      subject: { kind: 'Service', namespace: 'default', name: 'nginx-clusterip' },
      pack: 'dns',
      evidence: {
        expected: ['10.96.25.42'],
        observed: ['10.96.25.42'],
        source: 'dig nginx-clusterip.default.svc.cluster.local A, in a probe pod on every node',
      },
    })
  })

  test('a pod that is not there is told apart from one that is not Ready', () => {
    const gone = judged(({ observations }) => {
      remove(seen(observations.api.pods), named('redis-2'))
    })
    expect(result(gone, 'dns.pod.a', 'redis-2').hint).toContain('There is no pod redis-2')
  })

  test('what passes needs no hint', () => {
    const passed = judged(() => undefined).filter(({ verdict }) => verdict === 'pass')
    expect(passed.filter(({ hint }) => hint !== undefined)).toEqual([])
  })
})

test('without kube-proxy the checks of its rules are skipped, with the reason', () => {
  const results = judged(({ lab }) => (lab.kubeProxyMode = 'none'))
  const others = ({ pack }: CheckResult): boolean => pack !== 'kube-proxy'
  const rules = results.filter(({ pack }) => pack === 'kube-proxy')
  expect(new Set(rules.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
  expect(rules[0]?.hint).toContain('there is no kube-proxy')
  expect(results.filter(others)).toEqual(judged(() => undefined).filter(others))
})

test('a cached zone may answer with less time to live, never with more', () => {
  const cached = (ttl: number): CheckResult[] =>
    judged((world) => {
      const { corefile } = world.observations.api
      if ('value' in corefile) corefile.value = corefile.value.replace(/cache 30 \{[^}]*\}/, 'cache 30')
      answer(
        world,
        () => true,
        ({ records }) => records.forEach((record) => (record.ttl = ttl)),
      )
    })
  expect(result(cached(7), 'dns.ttl', 'nginx-headless').verdict).toBe('pass')
  expect(result(cached(31), 'dns.ttl', 'nginx-headless').verdict).toBe('fail')
})

test('with publishNotReadyAddresses, pods that are not Ready belong to the set', () => {
  const results = judged((world) => {
    for (const service of [
      one(world.declared, (object) => object.metadata?.name === 'redis-headless'),
      one(seen(world.observations.api.services), named('redis-headless')),
    ]) {
      Object.assign((service as { spec?: object }).spec ?? {}, { publishNotReadyAddresses: true })
    }
    const pod = one(seen(world.observations.api.pods), named('redis-1'))
    one(pod.status?.conditions ?? [], ({ type }) => type === 'Ready').status = 'False'
    follow(world)
  })
  const failed = results.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)
  expect(failed).toEqual(['workloads.ready'])
})

test('judging changes nothing and gives the same again', () => {
  const world = healthy()
  const first = judge(recording(world))
  expect(world).toEqual(healthy())
  expect(judge(recording(world))).toEqual(first)
})
