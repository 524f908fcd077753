import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../../lab/observe/model/declared.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { change, dnsResults } from './dns-world.js'
import type { Made } from './made.js'
import { NAMESPACE, add, pod, service, slice } from './made.js'
import { broken, healthy, named, nxdomain, one, records, seen } from './recorded.js'
import type { World } from './recorded.js'

const DOMAIN = `${NAMESPACE}.svc.cluster.local`
const http = [{ name: 'http', port: 80 }]
const VIP6 = 'fd00:10:96::a'
const POD6 = 'fd00:10:244::'

/** A StatefulSet of one pod, a Deployment of one, a virtual IP; of both families where that is asked for. */
function small(dual = false): World {
  const world = healthy()
  if (dual) world.lab.ipFamilies = [4, 6]
  const families = dual ? { ipFamilyPolicy: 'PreferDualStack' } : {}
  const set = { app: 'peer' }
  const web = { app: 'front' }
  const both = (v4: string, v6: string): string[] => (dual ? [v4, v6] : [v4])
  const selector = { matchLabels: web }
  const front: Deployment = {
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: { selector, template: { metadata: { labels: web }, spec: { containers: [] } } },
  }
  world.declared.push({
    ...structuredClone(front),
    apiVersion: 'apps/v1',
    kind: 'Deployment',
  } as unknown as (typeof world.declared)[number])
  const withBoth = (made: ReturnType<typeof pod>, v6: string): typeof made => ({
    ...made,
    status: { ...made.status, podIPs: [...(made.status?.podIPs ?? []), ...(dual ? [{ ip: v6 }] : [])] },
  })
  const dashed = ['192-168-60-8', ...(dual ? ['fd00-10-244--0'] : [])]
  const made: Made = {
    services: [
      service('peers', { clusterIP: 'None', selector: set, ports: http, ...families }),
      service('fronts', { clusterIP: 'None', selector: web, ports: http, ...families }),
      service('front', {
        ...{ clusterIP: '10.96.1.9', clusterIPs: both('10.96.1.9', VIP6), selector: web, ports: http },
        ...families,
      }),
    ],
    statefulSets: [
      {
        metadata: { name: 'peer', namespace: NAMESPACE },
        spec: {
          ...{ serviceName: 'peers', replicas: 1, selector: { matchLabels: set } },
          template: { metadata: { labels: set }, spec: { containers: [] } },
        },
      },
    ],
    pods: [
      withBoth(
        pod('peer-0', { labels: set, ip: '192.168.60.9', spec: { hostname: 'peer-0', subdomain: 'peers' } }),
        'fd00:10:244::9',
      ),
      withBoth(pod('front-a', { labels: web, ip: '192.168.60.8' }), POD6),
    ],
    controlled: [
      slice('peers', [{ addresses: ['192.168.60.9'], hostname: 'peer-0' }]),
      slice('fronts', [{ addresses: ['192.168.60.8'] }]),
      ...(dual
        ? [
            {
              ...slice('peers', [{ addresses: ['fd00:10:244::9'], hostname: 'peer-0' }], [], 2),
              addressType: 'IPv6',
            },
            { ...slice('fronts', [{ addresses: [POD6] }], [], 2), addressType: 'IPv6' },
          ]
        : []),
    ],
    dns: {
      [`peers.${DOMAIN}`]: both('192.168.60.9', 'fd00:10:244::9'),
      [`peer-0.peers.${DOMAIN}`]: both('192.168.60.9', 'fd00:10:244::9'),
      // One record for both addresses: it leads to the host name.
      [`_http._tcp.peers.${DOMAIN}`]: [`0 100 80 peer-0.peers.${DOMAIN}`],
      [`fronts.${DOMAIN}`]: both('192.168.60.8', POD6),
      [`192-168-60-8.fronts.${DOMAIN}`]: ['192.168.60.8'],
      ...(dual ? { [`fd00-10-244--0.fronts.${DOMAIN}`]: [POD6] } : {}),
      [`_http._tcp.fronts.${DOMAIN}`]: dashed.map((label) => `0 50 80 ${label}.fronts.${DOMAIN}`),
      [`front.${DOMAIN}`]: both('10.96.1.9', VIP6),
      [`_http._tcp.front.${DOMAIN}`]: [`0 100 80 front.${DOMAIN}`],
    },
  }
  return add(world, made)
}

const SUBJECTS = ['peers', 'peer', 'peer-0', 'fronts', 'front']
const ours = (world: World): CheckResult[] =>
  dnsResults(world).filter(
    ({ subject }) => SUBJECTS.includes(subject.name) && subject.namespace === NAMESPACE,
  )
const said = (world: World, verdict: string): string[] =>
  ours(world)
    .filter((result) => result.verdict === verdict)
    .map(({ id, subject }) => `${id} ${subject.name}`)
const about = (world: World, id: string, subject: string): CheckResult =>
  one(ours(world), (result) => result.id === id && result.subject.name === subject)

describe.each([
  ['one family', false],
  ['two families', true],
])('in a cluster of %s', (_, dual) => {
  test('what is healthy passes', () => {
    expect(said(small(dual), 'fail')).toEqual([])
    expect(said(small(dual), 'inconclusive')).toEqual([])
    expect(said(small(dual), 'skipped')).toEqual([
      ...['dns.headless.not-ready peers', 'dns.headless.not-ready fronts'],
      // There is nothing of which such a name has no address.
      ...(dual ? ['dns.nodata peers', 'dns.nodata fronts', 'dns.nodata front'] : []),
    ])
  })

  test.each(['dns.ptr.vip front', 'dns.ptr.pod peer-0', 'dns.ptr.dashed fronts'])(
    '%s fails without its name',
    (text) => {
      const world = small(dual)
      change(world, ({ type }) => type === 'PTR', nxdomain)
      expect(said(world, 'fail')).toContain(text)
      const other = small(dual)
      change(
        other,
        ({ type }) => type === 'PTR',
        records(`stranger.peers.${DOMAIN}`, `stranger.fronts.${DOMAIN}`),
      )
      expect(said(other, 'fail')).toContain(text)
    },
  )

  test('what a node was not answered makes nothing pass', () => {
    const world = small(dual)
    world.observations.dns[world.lab.nodes[0] ?? ''] = broken('slow')
    expect(said(world, 'pass')).toEqual([])
  })
})

test('two families: an address of the second that is missing fails, by every name', () => {
  const world = small(true)
  change(
    world,
    ({ type }) => type === 'AAAA',
    (answer) => (answer.records = []),
  )
  expect(said(world, 'fail')).toEqual([
    'dns.clusterip.a-vip front',
    ...['dns.headless.a-set peers', 'dns.headless.a-set fronts'],
    ...['dns.headless.endpointslices peers', 'dns.headless.endpointslices fronts'],
    ...['dns.pod.a peer-0', 'dns.deployment.dashed-ip fronts'],
  ])
  expect(about(world, 'dns.headless.a-set', 'peers').evidence).toMatchObject({
    expected: ['192.168.60.9', 'fd00:10:244::9'],
    observed: ['192.168.60.9'],
  })
})

describe('dns.nodata', () => {
  const isAaaa = ({ type, name }: { type: string; name: string }): boolean =>
    type === 'AAAA' && name === `peer-0.peers.${DOMAIN}`

  test('fails where a known name is unknown by the other type', () => {
    const world = small()
    change(world, isAaaa, nxdomain)
    expect(said(world, 'fail')).toEqual(['dns.nodata peers'])
    expect(about(world, 'dns.nodata', 'peers').evidence.observed).toMatchObject({
      [`peer-0.peers.${DOMAIN} AAAA`]: 'NXDOMAIN',
      [`peers.${DOMAIN} AAAA`]: 'NOERROR without records',
    })
  })

  test('fails where there is an address that nobody has', () => {
    const world = small()
    change(world, isAaaa, records('fd00::1'))
    expect(said(world, 'fail')).toEqual(['dns.nodata peers'])
  })

  test('proves nothing of a name that is not known at all', () => {
    const world = small()
    change(world, ({ name }) => name === `front.${DOMAIN}`, nxdomain)
    expect(about(world, 'dns.nodata', 'front').verdict).toBe('inconclusive')
  })
})

describe('the names of addresses', () => {
  test('other services that select the pod may give it names too', () => {
    const world = small()
    change(
      world,
      ({ type }) => type === 'PTR',
      (answer) => {
        const [first] = answer.records
        if (first && answer.records.some(({ data }) => !data.startsWith('front.')))
          answer.records.push({ ...first, data: `192-168-60-9.other.${DOMAIN}` })
      },
    )
    expect(said(world, 'fail')).toEqual([])
  })

  test('are skipped where the Corefile leaves them to another server, and not where it may not be read', () => {
    const world = small()
    const corefile = world.observations.api.corefile as { value: string }
    corefile.value = corefile.value.replace('in-addr.arpa ip6.arpa', '')
    expect(said(world, 'skipped')).toEqual(
      expect.arrayContaining(['dns.ptr.vip front', 'dns.ptr.pod peer-0', 'dns.ptr.dashed fronts']),
    )
    const unread = small()
    unread.observations.api.corefile = broken('forbidden')
    expect(said(unread, 'inconclusive').filter((text) => text.startsWith('dns.ptr'))).toEqual([])
  })

  test('of a pod that is not Ready are not known', () => {
    const world = small()
    const status = one(seen(world.observations.api.pods), named('peer-0')).status
    if (status) status.conditions = []
    expect(about(world, 'dns.ptr.pod', 'peer-0')).toMatchObject({ verdict: 'inconclusive' })
  })

  test('of a pod that the service does not select are none', () => {
    const world = small()
    const { metadata } = one(seen(world.observations.api.pods), named('peer-0'))
    if (metadata) metadata.labels = { app: 'lost' }
    expect(about(world, 'dns.ptr.pod', 'peer-0')).toMatchObject({
      verdict: 'inconclusive',
      hint: 'Could not be judged: service peers does not select pod peer-0, so it has no name.',
    })
  })
})

test('dns.headless.endpointslices tells a server that has lost its watch', () => {
  const world = small()
  const [peers] = seen(world.observations.api.endpointSlices).filter(
    ({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === 'peers',
  )
  const [endpoint] = peers?.endpoints ?? []
  if (endpoint) endpoint.addresses = ['192.168.60.77']
  expect(said(world, 'fail')).toEqual(['dns.headless.endpointslices peers'])
  world.observations.api.endpointSlices = broken('gone')
  expect(said(world, 'inconclusive')).toEqual([
    'dns.headless.endpointslices peers',
    'dns.headless.endpointslices fronts',
  ])
})

describe('dns.headless.not-ready', () => {
  const unready = (published: boolean): World => {
    const ips = ['192.168.60.10', '192.168.60.11']
    const labels = { app: 'half' }
    const answered = published ? ips : ips.slice(0, 1)
    return add(healthy(), {
      services: [
        service('half', {
          ...{ clusterIP: 'None', selector: labels, ports: http },
          ...(published ? { publishNotReadyAddresses: true } : {}),
        }),
      ],
      pods: ips.map((ip, i) => pod(`half-${i}`, { labels, ip, ready: i === 0 })),
      controlled: [
        slice(
          'half',
          answered.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
        ),
      ],
      dns: { [`half.${DOMAIN}`]: answered },
    })
  }
  const result = (world: World): CheckResult =>
    one(dnsResults(world, 'half'), ({ id }) => id === 'dns.headless.not-ready')
  const answers =
    (...ips: string[]) =>
    (world: World): World => {
      change(world, ({ name }) => name === `half.${DOMAIN}`, records(...ips))
      return world
    }

  test('passes for both kinds of services', () => {
    expect([result(unready(false)).verdict, result(unready(true)).verdict]).toEqual(['pass', 'pass'])
  })

  test('fails where one is in that must be out, and the other way round', () => {
    const inIt = result(answers('192.168.60.10', '192.168.60.11')(unready(false)))
    expect(inIt).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: { 'in the answer': [] },
        observed: { 'in the answer': ['192.168.60.11'] },
      },
    })
    expect(result(answers('192.168.60.10')(unready(true))).verdict).toBe('fail')
  })

  test('is inconclusive where there was no answer, or no name is known', () => {
    const world = unready(false)
    change(
      world,
      ({ name }) => name === `half.${DOMAIN}`,
      (answer) => Object.assign(answer, { status: 'TIMEOUT', records: [] }),
    )
    expect(result(world).verdict).toBe('inconclusive')
    const deaf = unready(false)
    change(deaf, () => true, nxdomain)
    expect(result(deaf).verdict).toBe('inconclusive')
  })
})
