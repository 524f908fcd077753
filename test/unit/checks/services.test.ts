import { describe, expect, test } from 'vitest'
import { judge } from '../../../lab/checks/judge.js'
import type { CheckResult } from '../../../lab/report/model.js'
import type { Made } from './made.js'
import { NAMESPACE, add, pod, service, slice, vipRule } from './made.js'
import { answer, healthy, named, nxdomain, one, recording, records, remove, seen } from './recorded.js'
import type { World } from './recorded.js'

const DOMAIN = `${NAMESPACE}.svc.cluster.local`
const http = [{ name: 'http', port: 80 }]

/** The verdicts about one service, or about what is under it, by check. */
function verdicts(
  made: Made,
  subject: string,
  change: (world: World) => void = () => undefined,
): Record<string, CheckResult['verdict']> {
  return Object.fromEntries(results(made, subject, change).map(({ id, verdict }) => [id, verdict]))
}

function results(made: Made, subject: string, change: (world: World) => void): CheckResult[] {
  const world = add(healthy(), made)
  change(world)
  return judge(recording(world)).filter(
    ({ subject: of }) => of.name === subject && of.namespace === NAMESPACE,
  )
}

function about(made: Made, subject: string, id: string, change: (world: World) => void): CheckResult {
  return one(results(made, subject, change), (result) => result.id === id)
}

const exists = {
  'services.exists': 'pass',
  'services.type': 'pass',
  'services.ports': 'pass',
  'services.ip-families': 'pass',
  'services.publish-not-ready': 'pass',
  'services.traffic': 'pass',
}
const selects = {
  ...exists,
  'services.selector': 'pass',
  'endpointslices.labels': 'pass',
  'endpointslices.address-type': 'pass',
}
const behind = {
  'endpointslices.node-name': 'pass',
  'endpointslices.target-ref': 'pass',
  'endpointslices.conditions': 'pass',
  'endpointslices.orphans': 'pass',
  'endpointslices.ports': 'pass',
  'endpointslices.sum': 'pass',
}
const names = { 'dns.search-path': 'pass', 'dns.ttl': 'pass' }
const noNames = { 'dns.search-path': 'skipped', 'dns.ttl': 'skipped' }
const headless = {
  'endpointslices.addresses': 'pass',
  'dns.headless.a-set': 'pass',
  'dns.headless.srv': 'pass',
  'kube-proxy.no-headless-rule': 'pass',
}
const virtual = {
  'endpointslices.addresses': 'pass',
  'dns.clusterip.a-vip': 'pass',
  'dns.clusterip.srv': 'pass',
  'kube-proxy.clusterip-rule': 'pass',
}

describe('a headless service whose only pod is never Ready', () => {
  const made: Made = {
    services: [service('none', { clusterIP: 'None', selector: { app: 'never' }, ports: http })],
    pods: [pod('never', { labels: { app: 'never' }, ip: '192.168.60.9', ready: false })],
    controlled: [slice('none', [{ addresses: ['192.168.60.9'], conditions: { ready: false } }])],
    dns: {},
  }

  test('has no name, and that is right', () => {
    expect(verdicts(made, 'none')).toMatchObject({ ...selects, ...behind, ...headless, ...noNames })
  })

  test('fails when it has one', () => {
    const found = about(made, 'none', 'dns.headless.a-set', (world) =>
      answer(world, (name) => name === `none.${DOMAIN}`, records('192.168.60.9')),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { expected: 'NXDOMAIN', observed: ['192.168.60.9'] },
    })
  })

  test.each(['dns.headless.a-set', 'dns.headless.srv'])(
    '%s proves nothing where the DNS server knows no name at all',
    (id) => {
      const found = about(made, 'none', id, (world) => answer(world, () => true, nxdomain))
      expect(found).toMatchObject({ verdict: 'inconclusive' })
      expect(found.hint).toContain('no name at all is known')
    },
  )
})

describe('a headless service that publishes pods that are not Ready', () => {
  const ips = ['192.168.60.10', '192.168.60.8', '192.168.60.9']
  const labels = { app: 'never' }
  const made: Made = {
    services: [
      service('all', {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: labels,
        ports: [{ name: 'http', port: 80, targetPort: 'web' }],
      }),
    ],
    pods: ips.map((ip, i) =>
      pod(`never-${i}`, {
        labels,
        ip,
        ready: false,
        // The second is on its way out, and is answered until its containers have ended.
        deleted: i === 1,
        spec: {
          initContainers: [{ name: 'i', ports: [{ name: 'web', containerPort: 1 }] }],
          containers: [
            {
              name: 'c',
              ports: [
                { name: 'web', containerPort: 2, protocol: 'UDP' },
                { name: 'web', containerPort: 8080 },
              ],
            },
          ],
        },
      }),
    ),
    controlled: [
      slice(
        'all',
        ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
      ),
    ],
    dns: {
      [`all.${DOMAIN}`]: ips,
      // The named target port is the container's, of the same protocol.
      [`_http._tcp.all.${DOMAIN}`]: ips.map((ip) => `0 33 8080 ${ip.replaceAll('.', '-')}.all.${DOMAIN}`),
    },
  }

  test('has all of them, one that is being deleted too, under the number of their named port', () => {
    expect(verdicts(made, 'all')).toMatchObject({ ...selects, ...behind, ...headless, ...names })
  })

  test('has none that has ended', () => {
    const found = about(made, 'all', 'dns.headless.a-set', ({ observations }) =>
      Object.assign(one(seen(observations.api.pods), named('never-1')).status ?? {}, { phase: 'Failed' }),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { expected: ['192.168.60.10', '192.168.60.9'] },
    })
  })

  test('a port of a sidecar counts', () => {
    const found = about(made, 'all', 'dns.headless.srv', ({ observations }) => {
      const { spec } = one(seen(observations.api.pods), named('never-0'))
      Object.assign(spec ?? {}, {
        containers: [],
        initContainers: [
          { name: 's', restartPolicy: 'Always', ports: [{ name: 'web', containerPort: 8080 }] },
        ],
      })
    })
    expect(found.verdict).toBe('pass')
  })
})

test('a StatefulSet pod that is not Ready has its name where the service publishes it', () => {
  const labels = { app: 'peer' }
  const set = { serviceName: 'peers', replicas: 1, selector: { matchLabels: labels } }
  const made: Made = {
    services: [
      service('peers', { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels, ports: http }),
    ],
    statefulSets: [
      {
        metadata: { name: 'peer', namespace: NAMESPACE },
        spec: { ...set, template: { metadata: { labels }, spec: { containers: [] } } },
      },
    ],
    pods: [
      pod('peer-0', {
        labels,
        ip: '192.168.60.9',
        ready: false,
        spec: { hostname: 'peer-0', subdomain: 'peers' },
      }),
    ],
    controlled: [
      slice('peers', [{ addresses: ['192.168.60.9'], hostname: 'peer-0', targetRef: { name: 'peer-0' } }]),
    ],
    dns: {
      [`peers.${DOMAIN}`]: ['192.168.60.9'],
      [`peer-0.peers.${DOMAIN}`]: ['192.168.60.9'],
      [`_http._tcp.peers.${DOMAIN}`]: [`0 100 80 peer-0.peers.${DOMAIN}`],
    },
  }
  expect(verdicts(made, 'peers')).toMatchObject({
    ...selects,
    ...behind,
    ...headless,
    ...names,
    'endpointslices.hostname.present': 'pass',
  })
  expect(verdicts(made, 'peer-0')).toMatchObject({ 'dns.pod.a': 'pass' })
  const unknown = about(made, 'peer-0', 'dns.pod.a', (world) =>
    answer(world, (name) => name === `peer-0.peers.${DOMAIN}`, nxdomain),
  )
  expect(unknown.hint).toContain('endpointslices.hostname.present')
})

describe('a ClusterIP service without endpoints', () => {
  const vip = '10.96.1.73'
  const made = (selector?: Record<string, string>): Made => ({
    services: [
      service('empty', { clusterIP: vip, ports: http, ...(selector === undefined ? {} : { selector }) }),
    ],
    pods: [pod('never', { labels: { app: 'never' }, ip: '192.168.60.9', ready: false })],
    controlled: selector === undefined ? [] : [slice('empty', null)],
    dns: { [`empty.${DOMAIN}`]: [vip], [`_http._tcp.empty.${DOMAIN}`]: [`0 100 80 empty.${DOMAIN}`] },
    rules: [vipRule('filter', 'empty', vip)],
  })

  test('has its name, and connections are refused on every node', () => {
    expect(verdicts(made({ app: 'never' }), 'empty')).toMatchObject({ ...selects, ...virtual, ...names })
  })

  test('may be without a selector; an empty one is none', () => {
    expect(verdicts(made(), 'empty')).toMatchObject({ ...exists, ...virtual, ...names })
    expect(verdicts(made({}), 'empty')).toMatchObject({ ...exists, ...virtual, ...names })
  })

  test('fails where a node leads connections on', () => {
    const found = about(made({ app: 'never' }), 'empty', 'kube-proxy.clusterip-rule', ({ observations }) => {
      const rules = seen(observations.iptables['headless-services-worker'])
      rules.pop()
      rules.push(vipRule('nat', 'empty', vip))
    })
    expect(found).toMatchObject({ verdict: 'fail', evidence: { expected: [`${vip}/32 tcp 80 REJECT`] } })
  })
})

describe('a service that selects by a label that pods get while they run', () => {
  const vip = '10.96.1.74'
  const made: Made = {
    services: [
      service('db-primary', { clusterIP: vip, selector: { app: 'db', role: 'primary' }, ports: http }),
    ],
    pods: [
      pod('db-0', { labels: { app: 'db', role: 'replica' }, ip: '192.168.60.8' }),
      pod('db-1', { labels: { app: 'db', role: 'primary' }, ip: '192.168.60.9' }),
    ],
    controlled: [slice('db-primary', [{ addresses: ['192.168.60.9'], conditions: { ready: true } }])],
    dns: {
      [`db-primary.${DOMAIN}`]: [vip],
      [`_http._tcp.db-primary.${DOMAIN}`]: [`0 100 80 db-primary.${DOMAIN}`],
    },
    rules: [vipRule('nat', 'db-primary', vip)],
  }

  test('leads to the pods that have it now', () => {
    expect(verdicts(made, 'db-primary')).toMatchObject({ ...selects, ...behind, ...virtual, ...names })
  })

  test('says which label is missing when no pod has it', () => {
    const found = about(made, 'db-primary', 'services.selector', ({ observations }) =>
      Object.assign(one(seen(observations.api.pods), named('db-1')).metadata ?? {}, {
        labels: { app: 'db' },
      }),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { pods: 'none' } } })
    expect(found.hint).toContain('No pod has role=primary.')
  })
})

describe('a headless service without a selector', () => {
  const addresses = Array.from({ length: 400 }, (_, i) => `198.18.${Math.floor(i / 100)}.${(i % 100) + 1}`)
  const chunk = (number: number): string[] => addresses.slice(number * 100, (number + 1) * 100)
  const made: Made = {
    services: [service('many', { clusterIP: 'None', ports: [{ name: 'db', port: 5432 }] })],
    slices: [0, 1, 2, 3].map((number) =>
      slice(
        'many',
        chunk(number).map((ip, i) => ({
          addresses: [ip],
          ...(i === 0 ? { hostname: `first-${number}` } : { conditions: { ready: true } }),
        })),
        [{ name: 'db', port: 15432, protocol: 'TCP' }],
        number,
      ),
    ),
    dns: {
      [`many.${DOMAIN}`]: addresses,
      [`_db._tcp.many.${DOMAIN}`]: addresses.map((ip, i) => {
        const label = i % 100 === 0 ? `first-${i / 100}` : ip.replaceAll('.', '-')
        return `0 1 15432 ${label}.many.${DOMAIN}`
      }),
    },
  }

  test('leads to all endpoints that are declared, by the names and ports of their slices', () => {
    expect(verdicts(made, 'many')).toMatchObject({ ...exists, ...headless, ...names })
  })

  test('is told apart when what stands behind it is gone', () => {
    const found = about(made, 'many', 'endpointslices.addresses', ({ declared }) => {
      for (const object of declared.filter(({ kind }) => kind === 'EndpointSlice'))
        if (object.metadata?.namespace === NAMESPACE) Object.assign(object, { endpoints: [] })
    })
    expect(found).toMatchObject({ verdict: 'fail', evidence: { expected: [] } })
    expect(found.hint).toMatch(/is not running, or has moved .*docker ps --all, then run deploy/)
  })

  test('fails when one of four hundred is missing', () => {
    const failed = (change: (world: World) => void): string[] =>
      results(made, 'many', change)
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ id }) => id)
    const lose = (world: World): void =>
      answer(
        world,
        (name) => name === `many.${DOMAIN}` || name === `many.${NAMESPACE}`,
        (one) => one.records.pop(),
      )
    expect(failed(lose)).toContain('dns.headless.a-set')
    expect(failed(lose).filter((id) => id.startsWith('endpointslices.'))).toEqual([])
    const forget = ({ observations }: World): void => {
      const [first] = seen(observations.api.endpointSlices).filter(named('many-0'))
      first?.endpoints.pop()
    }
    const lost = failed(forget).filter((id) => id.startsWith('endpointslices.'))
    expect(lost).toEqual(['endpointslices.addresses', 'endpointslices.sum'])
  })

  test('leads to no endpoint that is declared not ready', () => {
    const found = about(made, 'many', 'dns.headless.a-set', (world) => {
      const declared = one(world.declared, (object) => object.metadata?.name === 'many-3')
      for (const endpoint of (declared as unknown as { endpoints: object[] }).endpoints) {
        Object.assign(endpoint, { conditions: { ready: false } })
      }
    })
    expect(found).toMatchObject({ verdict: 'fail' })
    expect(found.evidence.expected).toHaveLength(300)
  })

  test('has no SRV records of a port that its slices do not have', () => {
    const portless = { ...made, slices: made.slices?.map((one) => ({ ...one, ports: [] })) ?? [] }
    expect(about(portless, 'many', 'dns.headless.srv', () => undefined)).toMatchObject({
      verdict: 'fail',
      evidence: { expected: { [`_db._tcp.many.${DOMAIN}`]: 'NXDOMAIN' } },
    })
  })

  test('without any slice has no name', () => {
    const none: Made = { services: made.services, dns: {} }
    expect(verdicts(none, 'many')).toMatchObject({ ...exists, ...headless, ...noNames })
  })

  test('needs no pods to be judged', () => {
    const world = add(healthy(), made)
    const without = (change: World): void => remove(seen(change.observations.api.pods), () => true)
    without(world)
    const found = judge(recording(world)).filter(
      ({ subject }) => subject.name === 'many' && subject.namespace === NAMESPACE,
    )
    const ours = found.filter(({ pack }) => pack === 'services' || pack === 'endpointslices')
    expect(new Set(ours.map(({ verdict }) => verdict))).toEqual(new Set(['pass']))
    expect(found.filter(({ verdict }) => verdict === 'inconclusive')).toEqual([])
  })
})
