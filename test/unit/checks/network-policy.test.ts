import { describe, expect, test } from 'vitest'
import { networkPolicyChecks } from '../../../lab/checks/network-policy.js'
import type { NetworkPolicy, PolicyAttempt, PolicySpec } from '../../../lab/observe/model/policies.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import type { CheckResult } from '../../../lab/report/model.js'
import type { World } from '../../../lab/checks/check.js'
import { networkWorld, part, podOf, policyOf, resultsOf } from './network-world.js'
import { broken } from './recorded.js'

const db = podOf('data/db', { ip: '10.0.0.1', labels: { app: 'db' }, ports: [5432, 8008] })
const tool = podOf('default/tool', { ip: '10.0.1.1', labels: { app: 'tool' } })
const web = podOf('default/web', { ip: '10.0.1.2', labels: { app: 'web' } })
const far = podOf('moon/tool', { ip: '10.0.2.1', labels: { app: 'tool' } })
const pods = [db, tool, web, far]

const spec: PolicySpec = {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
  ingress: [
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
          podSelector: { matchLabels: { app: 'tool' } },
        },
      ],
      ports: [{ port: 5432, protocol: 'TCP' }],
    },
  ],
}
const policy = policyOf('data/db', spec)

const attempt = (from: string, port: number, outcome?: string): PolicyAttempt => ({
  ...{ from, to: 'data/db', ip: '10.0.0.1', port },
  ...(outcome === undefined ? { error: 'no shell' } : { outcome }),
})
const right = [
  attempt('default/tool', 5432, 'open'),
  attempt('moon/tool', 5432, 'timeout'),
  attempt('default/web', 5432, 'timeout'),
  attempt('default/tool', 8008, 'timeout'),
]

interface Facts {
  readonly declared?: NetworkPolicy
  readonly live?: Part<readonly NetworkPolicy[]>
  readonly attempts?: readonly PolicyAttempt[]
  readonly seen?: Part<{ attempts: readonly PolicyAttempt[] }>
  readonly all?: typeof pods
  readonly also?: readonly NetworkPolicy[]
  readonly workloads?: readonly object[]
}

function worldOf({
  declared = policy,
  live,
  attempts = right,
  seen,
  all = pods,
  also = [],
  workloads = [],
}: Facts): World {
  return networkWorld({
    policies: [declared, ...also],
    workloads,
    api: { pods: part(all), networkPolicies: live ?? part([declared]), namespaces: part([]) },
    seen: { policies: { 'data/db': seen ?? part({ attempts }) } },
  })
}

function about(id: string, facts: Facts = {}): CheckResult {
  const [result] = resultsOf(networkPolicyChecks, `network-policy.${id}`, worldOf(facts))
  if (result === undefined) throw new Error('there is no result')
  return result
}
const verdict = (id: string, facts?: Facts): string => about(id, facts).verdict

/** The attempts, some of them with another outcome. */
const but = (...changed: PolicyAttempt[]): Facts => ({
  attempts: right.map(
    (each) => changed.find(({ from, port }) => from === each.from && port === each.port) ?? each,
  ),
})

const ids = ['exists', 'selects-pods', 'allowed', 'refused', 'unlisted-port', 'enforced']

test('all is well', () => {
  expect(ids.map((id) => verdict(id))).toEqual(ids.map(() => 'pass'))
})

test('what was not observed is not judged', () => {
  const seen = broken('no answer')
  expect(['allowed', 'refused', 'unlisted-port', 'enforced'].map((id) => verdict(id, { seen }))).toEqual(
    Array.from({ length: 4 }, () => 'inconclusive'),
  )
  expect(verdict('exists', { live: broken('403: forbidden') })).toBe('inconclusive')
})

describe('the policy on the cluster', () => {
  test('is gone, or another', () => {
    expect(verdict('exists', { live: part([]) })).toBe('fail')
    const open = policyOf('data/db', { ...spec, ingress: [{}] })
    expect(verdict('exists', { live: part([open]) })).toBe('fail')
  })

  test('says in words what the declared one leaves out', () => {
    const { policyTypes, ...short } = spec
    expect(policyTypes).toEqual(['Ingress'])
    expect(verdict('exists', { declared: policyOf('data/db', short), live: part([policy]) })).toBe('pass')
  })

  test('selects no pod', () => {
    const facts = { all: [tool, web, far] }
    expect(verdict('selects-pods', facts)).toBe('fail')
    expect(['allowed', 'refused', 'unlisted-port'].map((id) => verdict(id, facts))).toEqual([
      ...['inconclusive', 'inconclusive', 'inconclusive'],
    ])
  })

  test('selects no pod on the cluster, where it was changed', () => {
    const misspelt = policyOf('data/db', { ...spec, podSelector: { matchLabels: { app: 'bd' } } })
    expect(verdict('selects-pods', { live: part([misspelt]) })).toBe('fail')
    expect(verdict('selects-pods', { live: part([]) })).toBe('pass')
    expect(verdict('selects-pods', { live: broken('403: forbidden') })).toBe('pass')
  })
})

describe('who is let in', () => {
  test('gets no answer', () => {
    expect(verdict('allowed', but(attempt('default/tool', 5432, 'timeout')))).toBe('fail')
  })

  test('gets the answer of a pod that does not listen, where policies drop', () => {
    expect(verdict('allowed', but(attempt('default/tool', 5432, 'refused')))).toBe('pass')
  })

  test('cannot be tried from', () => {
    expect(verdict('allowed', but(attempt('default/tool', 5432)))).toBe('inconclusive')
    expect(verdict('allowed', { attempts: right.slice(1) })).toBe('inconclusive')
    expect(verdict('allowed', { attempts: [] })).toBe('inconclusive')
  })

  test('is kept out by a policy that nobody declared, which is named', () => {
    const stranger = policyOf('default/deny', { podSelector: {}, policyTypes: ['Egress'] })
    const result = about('allowed', {
      ...but(attempt('default/tool', 5432, 'timeout')),
      live: part([policy, stranger]),
      // Something is declared in the namespace, so that what is not declared there is not taken as given.
      also: [policyOf('default/none', { podSelector: { matchLabels: { app: 'none' } } })],
    })
    expect(result).toMatchObject({ verdict: 'fail', hint: expect.stringContaining('default/deny') as string })
  })
})

describe('who is not let in', () => {
  test('gets through', () => {
    expect(verdict('refused', but(attempt('default/web', 5432, 'open')))).toBe('fail')
  })

  test('is refused by an answer, which proves as much where another finds the port open', () => {
    const rejected = [right[0], ...right.slice(1).map((each) => ({ ...each, outcome: 'refused' }))]
    expect(verdict('refused', { attempts: rejected as PolicyAttempt[] })).toBe('pass')
  })

  test('is refused, which proves nothing while nobody gets in', () => {
    const silent = but(attempt('default/tool', 5432, 'timeout'))
    expect(verdict('refused', silent)).toBe('inconclusive')
    expect(verdict('refused', { attempts: right.slice(1) })).toBe('inconclusive')
  })

  test('gets through, by a policy that nobody declared', () => {
    const stranger = policyOf('data/open', { podSelector: {}, ingress: [{}] })
    const facts = { ...but(attempt('default/web', 5432, 'open')), live: part([policy, stranger]) }
    const hint = expect.stringContaining('data/open') as string
    expect(about('refused', facts)).toMatchObject({ verdict: 'fail', hint })
  })

  test('hears nothing, of a pod that it hears at another port', () => {
    const ports = [5432, 8008].map((port) => ({ port, protocol: 'TCP' }))
    const [rule] = spec.ingress ?? []
    const peers = { from: [{ podSelector: {} }], ports: ports.slice(1) }
    const declared = policyOf('data/db', { ...spec, ingress: [{ ...rule }, peers] })
    expect(verdict('refused', { declared })).toBe('pass')
    const deaf = but(attempt('default/tool', 5432, 'timeout'))
    expect(verdict('refused', { declared, ...deaf })).toBe('inconclusive')
  })

  test('can be tried from one pod of two, or from none', () => {
    expect(verdict('refused', but(attempt('moon/tool', 5432)))).toBe('pass')
    const none = but(attempt('moon/tool', 5432), attempt('default/web', 5432))
    expect(verdict('refused', none)).toBe('inconclusive')
    expect(verdict('refused', { attempts: right.slice(0, 1) })).toBe('inconclusive')
  })
})

describe('a port that is not listed', () => {
  test('is reached, or answers', () => {
    expect(verdict('unlisted-port', but(attempt('default/tool', 8008, 'open')))).toBe('fail')
    expect(verdict('unlisted-port', but(attempt('default/tool', 8008, 'refused')))).toBe('fail')
  })

  test('answers where nobody knows whether policies drop', () => {
    const attempts = [attempt('default/tool', 5432, 'open'), attempt('default/tool', 8008, 'refused')]
    expect(verdict('unlisted-port', { attempts })).toBe('inconclusive')
  })

  test('is silent to a pod that gets through to nothing', () => {
    expect(verdict('unlisted-port', but(attempt('default/tool', 5432, 'timeout')))).toBe('inconclusive')
  })
})

describe('enforcement', () => {
  test('nothing is refused anywhere', () => {
    const attempts = right.map((each) => ({ ...each, outcome: 'open' }))
    expect(verdict('enforced', { attempts })).toBe('fail')
  })

  test('nothing could be tried', () => {
    expect(verdict('enforced', { attempts: [] })).toBe('inconclusive')
  })

  test('is not claimed where nothing is to be enforced', () => {
    const egress = policyOf('data/db', { policyTypes: ['Egress'] })
    expect(resultsOf(networkPolicyChecks, 'network-policy.enforced', worldOf({ declared: egress }))).toEqual(
      [],
    )
  })
})

describe('does not apply', () => {
  const of = (ingress?: PolicySpec['ingress']): Facts => ({
    declared: policyOf('data/db', { ...spec, ...(ingress ? { ingress } : { ingress: [] }) }),
  })

  test('to a policy that lets nobody in, but to its ports', () => {
    expect(['allowed', 'refused'].map((id) => verdict(id, of()))).toEqual(['skipped', 'skipped'])
  })

  test('to ports of UDP', () => {
    const udp = of([{ ports: [{ port: 53, protocol: 'UDP' }] }])
    expect(['allowed', 'refused'].map((id) => verdict(id, udp))).toEqual(['skipped', 'skipped'])
  })

  test('to a policy for a workload that is scaled to none', () => {
    const none = (replicas: number): Facts => ({
      all: [tool, web],
      workloads: [
        {
          ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'db', namespace: 'data' } },
          spec: { replicas, template: { metadata: { labels: { app: 'db' } } } },
        },
      ],
    })
    expect(verdict('selects-pods', none(0))).toBe('skipped')
    expect(verdict('selects-pods', none(1))).toBe('fail')
  })

  test('to a policy that lets in every pod there is, as nobody is to be refused', () => {
    const alone = { attempts: right.slice(0, 1), all: [db, tool] }
    expect(about('refused', alone)).toMatchObject({
      verdict: 'skipped',
      hint: 'Does not apply: every other pod of the namespaces that are looked at is let in: nobody is to be refused.',
    })
    const lost = { ...alone, all: [db, tool, { ...web, status: { ...web.status, phase: 'Pending' } }] }
    expect(verdict('refused', lost)).toBe('inconclusive')
  })

  test('to a policy that lets in to all ports', () => {
    expect(verdict('unlisted-port', of([{ from: [{ podSelector: {} }] }]))).toBe('skipped')
  })
})

test('without the labels of the namespaces nothing is said of policies that ask for them', () => {
  const declared = policyOf('data/db', {
    ...spec,
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }], ports: [{ port: 5432 }] }],
  })
  expect(verdict('allowed', { declared })).toBe('inconclusive')
})
