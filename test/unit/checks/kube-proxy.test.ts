import { describe, expect, test } from 'vitest'
import { kubeProxyChecks } from '../../../lab/checks/kube-proxy/index.js'
import { parseIptables } from '../../../lab/observe/iptables.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { Service } from '../../../lab/observe/model/declared.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { Recording } from '../../../lab/observe/model/target.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { pod, service } from './made.js'

const VIP = '10.96.0.7'
const PODS: readonly string[] = ['10.0.1.1', '10.0.2.2']
const NODES = ['one', 'two']

interface Facts {
  readonly pods?: readonly Pod[]
  /** Of the service, on the cluster and declared. */
  readonly spec?: Service['spec']
  readonly rules?: readonly string[]
  /** Of the second node, where they differ. */
  readonly second?: readonly string[]
  readonly mode?: Recording['lab']['kubeProxyMode']
  readonly traffic?: object
  readonly reach?: string
  readonly policies?: readonly object[]
  readonly ours?: boolean
  readonly observed?: object
}

const part = <T>(value: T): { value: T; source: string; durationMs: number } => ({
  ...{ value, source: 'a command', durationMs: 1 },
})

/** One service `web` with a virtual IP, one headless, two pods, two nodes. */
function judged(facts: Facts = {}): (id: string) => CheckResult | undefined {
  const { pods = ready(), mode = 'iptables', policies = [], ours = true } = facts
  const rules = facts.rules ?? iptables()
  const spec = {
    selector: { app: 'web' },
    clusterIP: VIP,
    ports: [{ port: 80, targetPort: 8080 }],
    ...facts.spec,
  }
  const services = [
    service('web', spec),
    service('web-headless', { selector: { app: 'web' }, clusterIP: 'None' }),
  ]
  const seen = (lines: readonly string[]): object =>
    part(
      parseIptables(
        [
          '*nat',
          ...lines.filter((line) => !line.includes('REJECT')),
          '*filter',
          ...lines.filter((line) => line.includes('REJECT')),
        ].join('\n'),
      ),
    )
  const probe = { ...pod('probe', { labels: { app: 'probe' }, ip: '10.0.1.9' }) }
  const recording = {
    lab: {
      ...{ name: 'lab', nodes: NODES, kubeProxyMode: mode, clusterDomain: 'cluster.local', ipFamilies: [4] },
      ...(ours ? { topology: { pools: [] } } : {}),
    },
    declared: [],
    observations: {
      api: {
        services: part(services),
        pods: part([...pods, probe]),
        networkPolicies: part(policies),
        namespaces: part([]),
        endpointSlices: part([]),
      },
      probeNamespace: 'made',
      iptables: { one: seen(rules), two: seen(facts.second ?? rules) },
      ...(facts.reach === undefined
        ? {}
        : {
            reach: Object.fromEntries(
              NODES.map((node) => [node, part([{ host: VIP, port: 80, outcome: facts.reach, ms: 1000 }])]),
            ),
          }),
      ...(facts.traffic === undefined
        ? {}
        : { traffic: { 'made/web': part({ ...went, ...facts.traffic }) } }),
      ...facts.observed,
    },
  } as unknown as Recording
  const declared = readDeclared(
    services.map((each) => ({ ...each, apiVersion: 'v1', kind: 'Service' })) as never,
  )
  const results = kubeProxyChecks.flatMap((check) => check.run({ ...recording, declared }))
  return (id) => results.find((result) => result.id === `kube-proxy.${id}`)
}

const ready = (): Pod[] => PODS.map((ip, i) => pod(`web-${i}`, { labels: { app: 'web' }, ip }))
const went = {
  ...{ from: 'made/probe', node: 'one', vip: VIP, port: 80, made: 21, outcome: 'open', unanswered: [] },
  reached: { '10.0.1.1:8080': 11, '10.0.2.2:8080': 10 },
}

/** As kube-proxy writes them. */
function iptables(ips: readonly string[] = PODS, seconds?: number): string[] {
  const vip = `-A KUBE-SERVICES -d ${VIP}/32 -p tcp -m comment --comment "made/web`
  if (ips.length === 0) return [`${vip} has no endpoints" -m tcp --dport 80 -j REJECT`]
  return [
    `${vip} cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB`,
    ...ips.flatMap((ip, i) => [
      ...(seconds === undefined
        ? []
        : [`-A KUBE-SVC-WEB -m recent --rcheck --seconds ${seconds} --name KUBE-SEP-${i} -j KUBE-SEP-${i}`]),
      `-A KUBE-SVC-WEB -m statistic --mode random -j KUBE-SEP-${i}`,
      `-A KUBE-SEP-${i} -p tcp -j DNAT --to-destination ${ip}:8080`,
    ]),
  ]
}

describe('kube-proxy.endpoints', () => {
  test('passes where every node leads to exactly the ready pods', () => {
    expect(judged()('endpoints')).toMatchObject({
      verdict: 'pass',
      evidence: { observed: { [`${VIP}/32 tcp 80`]: ['10.0.1.1:8080', '10.0.2.2:8080'] } },
    })
  })

  test.each([
    ['a pod that is not led to', ['10.0.1.1']],
    ['an address that is of no pod', [...PODS, '10.0.9.9']],
  ])('fails for %s, on one node', (_, second) => {
    const result = judged({ second: iptables(second) })
    expect(result('endpoints')?.verdict).toBe('fail')
    expect(result('clusterip-rule')?.verdict).toBe('pass')
  })

  test('fails for the wrong port', () => {
    expect(judged({ spec: { ports: [{ port: 80, targetPort: 9090 }] } })('endpoints')?.verdict).toBe('fail')
  })

  test('cannot be judged without the rule itself, which another check tells', () => {
    const result = judged({ second: [] })
    expect(result('endpoints')?.verdict).toBe('inconclusive')
    expect(result('endpoints')?.hint).toContain('kube-proxy.clusterip-rule')
    expect(result('clusterip-rule')?.verdict).toBe('fail')
  })

  test('leaves out a service whose last pod is on its way out', () => {
    const [last] = ready()
    const leaving = { ...last, metadata: { ...last?.metadata, deletionTimestamp: '2026-11-21T06:00:00Z' } }
    expect(judged({ pods: [leaving as Pod] })('endpoints')?.hint).toContain('web-0, is being deleted')
  })
})

describe('kube-proxy.affinity.rule', () => {
  const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }

  test('passes with the time that is declared, and without where none is', () => {
    expect(judged({ spec: sticky, rules: iptables(PODS, 60) })('affinity.rule')?.verdict).toBe('pass')
    expect(judged()('affinity.rule')?.verdict).toBe('pass')
  })

  test.each([
    ['none', sticky, iptables()],
    ['another time', sticky, iptables(PODS, 10_800)],
    ['one that nobody wants', {}, iptables(PODS, 60)],
  ])('fails for %s', (_, spec, rules) => {
    expect(judged({ spec, rules })('affinity.rule')?.verdict).toBe('fail')
  })

  test('the time of the API server counts where none is declared', () => {
    const spec = { sessionAffinity: 'ClientIP' }
    expect(judged({ spec, rules: iptables(PODS, 10_800) })('affinity.rule')?.verdict).toBe('pass')
  })

  test('does not apply where nothing is behind the service; cannot be judged without the rule', () => {
    expect(judged({ pods: [], rules: iptables([]) })('affinity.rule')?.verdict).toBe('skipped')
    expect(judged({ rules: [] })('affinity.rule')?.verdict).toBe('inconclusive')
  })
})

describe('kube-proxy.refused', () => {
  const empty = { pods: [], rules: iptables([]) }

  test.each([
    ['refused', 'pass'],
    ['timeout', 'fail'],
    ['open', 'fail'],
  ])('%s: %s', (reach, verdict) => {
    expect(judged({ ...empty, reach })('refused')?.verdict).toBe(verdict)
  })

  test('cannot be judged where nothing was tried, or where a policy may drop it', () => {
    expect(judged(empty)('refused')?.verdict).toBe('inconclusive')
    const policies = [{ metadata: { name: 'shut', namespace: 'made' }, spec: { policyTypes: ['Egress'] } }]
    expect(judged({ ...empty, reach: 'timeout', policies })('refused')?.hint).toContain('made/shut')
  })

  test('is judged by the nodes that tried it, and not where they tried others', () => {
    const here = { host: VIP, port: 80, outcome: 'refused', ms: 1 }
    const other = { ...here, host: '10.96.7.8' }
    const seen = (one: object, two: object): Partial<Facts> => ({
      observed: { reach: { one: part([one]), two: part([two]) } },
    })
    expect(judged({ ...empty, ...seen(here, other) })('refused')?.verdict).toBe('pass')
    expect(judged({ ...empty, ...seen({ ...here, outcome: 'timeout' }, other) })('refused')?.verdict).toBe(
      'fail',
    )
    expect(judged({ ...empty, ...seen(other, other) })('refused')).toMatchObject({ verdict: 'skipped' })
  })

  test('is no claim of a service that leads somewhere', () => {
    expect(judged()('refused')).toBeUndefined()
  })
})

describe('kube-proxy.every-backend', () => {
  test('passes where each pod got some', () => {
    expect(judged({ traffic: {} })('every-backend')?.verdict).toBe('pass')
  })

  test('fails for a pod that got none of enough, and for a stranger that got one', () => {
    expect(judged({ traffic: { reached: { '10.0.1.1:8080': 21 } } })('every-backend')?.verdict).toBe('fail')
    const reached = { ...went.reached, '10.0.9.9:8080': 1 }
    expect(judged({ traffic: { reached } })('every-backend')?.verdict).toBe('fail')
  })

  test('few connections may miss a pod by chance', () => {
    const found = judged({ traffic: { made: 5, reached: { '10.0.1.1:8080': 5 } } })('every-backend')
    expect(found).toMatchObject({ verdict: 'inconclusive' })
    expect(found?.hint).toContain('10.0.2.2:8080')
  })

  test('a connection that is not answered fails, and is told by the pod it was led to', () => {
    const traffic = { made: 3, outcome: 'timeout', unanswered: ['10.0.2.2:8080'] }
    expect(judged({ traffic })('every-backend')).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { connections: 'timeout', 'not answered by': ['10.0.2.2:8080'] } },
    })
  })

  test('unless policies keep the probe out', () => {
    const policies = [
      {
        metadata: { name: 'shut', namespace: 'made' },
        spec: { podSelector: { matchLabels: { app: 'web' } } },
      },
    ]
    const found = judged({ traffic: { outcome: 'timeout' }, policies })('every-backend')
    expect(found?.verdict).toBe('inconclusive')
    expect(found?.hint).toContain('made/probe out of web-0, web-1')
  })

  test('a connection table that shows nothing proves nothing', () => {
    expect(judged({ traffic: { reached: {} } })('every-backend')?.verdict).toBe('inconclusive')
    expect(judged()('every-backend')?.verdict).toBe('inconclusive')
  })

  test('nobody is disturbed on clusters of others', () => {
    expect(judged({ ours: false })('every-backend')?.verdict).toBe('skipped')
  })
})

describe('kube-proxy.affinity.pinned', () => {
  const spec = { sessionAffinity: 'ClientIP' }

  test('passes where all went to one, fails where they did not', () => {
    const traffic = { reached: { '10.0.1.1:8080': 21 } }
    expect(judged({ spec, traffic })('affinity.pinned')?.verdict).toBe('pass')
    expect(judged({ spec, traffic: {} })('affinity.pinned')?.verdict).toBe('fail')
    expect(judged({ spec, traffic: { reached: { '10.0.9.9:8080': 21 } } })('affinity.pinned')?.verdict).toBe(
      'fail',
    )
  })

  test('few connections may go to the same pod by chance', () => {
    const traffic = { reached: { '10.0.1.1:8080': 3 } }
    expect(judged({ spec, traffic })('affinity.pinned')?.verdict).toBe('inconclusive')
  })

  test('takes the place of the check that every pod is reached', () => {
    expect(judged({ spec, traffic: {} })('every-backend')).toBeUndefined()
    expect(judged({ traffic: {} })('affinity.pinned')).toBeUndefined()
  })
})

const RULE_CHECKS = ['clusterip-rule', 'endpoints', 'affinity.rule', 'no-headless-rule']

describe('where the rules are not those of kube-proxy on every node', () => {
  test.each([
    ['internalTrafficPolicy', 'Local'],
    ['trafficDistribution', 'PreferClose'],
  ])('%s: skipped, with the reason', (key, value) => {
    const result = judged({ spec: { [key]: value } })
    for (const id of RULE_CHECKS.slice(0, 3)) {
      expect(result(id)).toMatchObject({ verdict: 'skipped' })
      expect(result(id)?.hint).toContain(key)
    }
    expect(result('every-backend')?.verdict).toBe('skipped')
  })

  test.each([
    ['none', 'skipped', 'no kube-proxy'],
    ['unknown', 'inconclusive', 'not known'],
    ['nftables', 'inconclusive', 'not looked at'],
    ['ipvs', 'inconclusive', 'not looked at'],
  ] as const)('mode %s: %s', (mode, verdict, reason) => {
    for (const id of RULE_CHECKS) {
      expect(judged({ mode })(id)).toMatchObject({ verdict })
      expect(judged({ mode })(id)?.hint).toContain(reason)
    }
  })
})

describe.each([
  [
    'nftables',
    (vip: string, to: readonly string[]): object => ({
      elements: [
        { map: 'service-ips', address: vip, protocol: 'tcp', port: 80, to: 'service-A-made/web/tcp/' },
      ],
      rules: [
        { chain: 'service-A-made/web/tcp/', to: to.map((ip) => `endpoint-${ip}`) },
        ...to.map((ip) => ({ chain: `endpoint-${ip}`, to: [], dnat: `${ip}:8080` })),
      ],
      timeouts: {},
    }),
  ],
  [
    'ipvs',
    (vip: string, to: readonly string[]): object => [
      {
        address: vip,
        protocol: 'tcp',
        port: 80,
        servers: to.map((address) => ({ address, port: 8080, weight: 1 })),
      },
    ],
  ],
] as const)('mode %s', (mode, rules) => {
  const look = (seen: object): ReturnType<typeof judged> =>
    judged({ mode, observed: { [mode]: Object.fromEntries(NODES.map((node) => [node, part(seen)])) } })

  test('passes in health', () => {
    for (const id of RULE_CHECKS) expect(look(rules(VIP, PODS))(id)?.verdict, id).toBe('pass')
  })

  test('a pod that is not led to', () => {
    expect(look(rules(VIP, ['10.0.1.1']))('endpoints')?.verdict).toBe('fail')
  })

  test('no rule for any virtual IP: the control of the absence is missing', () => {
    const result = look(mode === 'ipvs' ? [] : { elements: [], rules: [], timeouts: {} })
    expect(result('clusterip-rule')?.verdict).toBe('fail')
    expect(result('no-headless-rule')?.verdict).toBe('inconclusive')
  })

  test('a virtual IP at the address of a pod', () => {
    const one = rules(VIP, PODS)
    const two = rules('10.0.1.1', PODS)
    const both = Array.isArray(one)
      ? [...(one as object[]), ...(two as object[])]
      : {
          ...one,
          elements: [
            ...(one as { elements: object[] }).elements,
            { ...(two as { elements: object[] }).elements[0], to: 'mine' },
          ],
        }
    expect(look(both)('no-headless-rule')?.verdict).toBe('fail')
  })
})
