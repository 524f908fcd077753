import { describe, expect, test } from 'vitest'
import { endpointSliceChecks } from '../../../lab/checks/endpointslices/index.js'
import type { EndpointSlice } from '../../../lab/observe/model/declared.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { completed, sliceFor } from './control-plane.js'
import { NAMESPACE, pod, service, slice } from './made.js'
import { named, one, remove, seen } from './recorded.js'
import type { Mutable } from './recorded.js'
import { find, notPassing, small, without } from './small.js'
import type { Small, SmallWorld } from './small.js'

const labels = { app: 'web' }
const web = service('web', {
  clusterIP: 'None',
  selector: labels,
  ports: [{ name: 'http', port: 80, targetPort: 'http' }],
})
const onNode = (number: number, spec: object = {}): Parameters<typeof pod>[1] => ({
  ...{ labels, ip: `10.0.0.${number}` },
  spec: {
    nodeName: `n${number}`,
    containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }],
    ...spec,
  },
})
const withUid = (name: string, facts: Parameters<typeof pod>[1]): ReturnType<typeof pod> => {
  const made = pod(name, facts)
  return { ...made, metadata: { ...made.metadata, uid: `uid-of-${name}` } }
}
const pods = [
  withUid('web-a', onNode(1)),
  withUid('web-b', { ...onNode(2), ready: false }),
  withUid('web-c', { ...onNode(3), deleted: true }),
]
const healthy: Small = { services: [web], pods, controlled: [sliceFor(web, pods)] }

/** What is found when one thing in the slice differs. */
function about(id: string, change: (world: SmallWorld) => void, subject = 'web', of = healthy): CheckResult {
  const world = small(of)
  change(world)
  return find(endpointSliceChecks, world, id, subject)
}

const first = ({ api }: SmallWorld): Mutable<EndpointSlice> => one(seen(api.endpointSlices), named('web-x'))
const endpoint = (world: SmallWorld, ip: string): Mutable<EndpointSlice['endpoints'][number]> =>
  one(first(world).endpoints, ({ addresses }) => addresses.includes(ip))
const failing = (world: SmallWorld): string[] => notPassing(endpointSliceChecks, world)

test('slices as the control plane writes them pass, of pods ready, not ready and terminating', () => {
  expect(failing(small(healthy))).toEqual([])
})

describe('an endpoint', () => {
  test('on another node than its pod', () => {
    const found = about('endpointslices.node-name', (world) => (endpoint(world, '10.0.0.1').nodeName = 'n2'))
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { expected: { 'web-a 10.0.0.1': 'n1' }, observed: { 'web-a 10.0.0.1': 'n2' } },
    })
  })

  test('of a pod of the same name that was there before', () => {
    const found = about('endpointslices.target-ref', (world) =>
      Object.assign(endpoint(world, '10.0.0.1').targetRef ?? {}, { uid: 'old' }),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { 'web-a 10.0.0.1': { kind: 'Pod', name: 'web-a', uid: 'old' } } },
    })
  })

  test('without any reference', () => {
    const found = about('endpointslices.target-ref', (world) =>
      Reflect.deleteProperty(endpoint(world, '10.0.0.1'), 'targetRef'),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { 'web-a 10.0.0.1': 'none' } } })
  })

  test.each([
    ['10.0.0.1', 'web-a', { ready: false }],
    ['10.0.0.2', 'web-b', { ready: true }],
    ['10.0.0.2', 'web-b', { serving: true }],
    ['10.0.0.3', 'web-c', { terminating: false }],
  ])('%s: conditions of %s that its state does not make: %j', (ip, name, said) => {
    const found = about('endpointslices.conditions', (world) =>
      Object.assign(endpoint(world, ip).conditions ?? {}, said),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { [`${name} ${ip}`]: said } } })
  })

  test('that says nothing of its conditions is ready', () => {
    const found = about('endpointslices.conditions', (world) =>
      Reflect.deleteProperty(endpoint(world, '10.0.0.1'), 'conditions'),
    )
    expect(found.verdict).toBe('pass')
  })

  test('of a pod that is not ready is ready where the service publishes it', () => {
    const published = service('web', { ...web.spec, publishNotReadyAddresses: true })
    const of = { ...healthy, services: [published] }
    expect(about('endpointslices.conditions', () => undefined, 'web', of).verdict).toBe('fail')
    const right = { ...of, controlled: [sliceFor(published, pods)] }
    expect(about('endpointslices.conditions', () => undefined, 'web', right).verdict).toBe('pass')
  })

  test('is told apart from another in the network of the same node', () => {
    const shared = ['one', 'two'].map((name) => withUid(name, onNode(1)))
    const [a, b] = shared.map((each) => sliceFor(web, [each]))
    const world = small({ services: [web], pods: shared, controlled: [] })
    for (const [i, each] of [a, b].entries())
      seen(world.api.endpointSlices).push({
        ...structuredClone(each),
        metadata: { ...each?.metadata, name: `web-${i}` },
      } as never)
    expect(find(endpointSliceChecks, world, 'endpointslices.target-ref', 'web').verdict).toBe('pass')
  })
})

describe('addresses', () => {
  test('that no pod has are named, with what is known of them', () => {
    const found = about('endpointslices.orphans', (world) => {
      first(world).endpoints.push(
        { addresses: ['10.9.9.9'], targetRef: { kind: 'Pod', name: 'web-old', namespace: NAMESPACE } },
        { addresses: ['10.9.9.8'], targetRef: { kind: 'Pod', name: 'web-a', namespace: NAMESPACE } },
        { addresses: ['10.9.9.7'] },
      )
    })
    expect(found.verdict).toBe('fail')
    expect(found.evidence.observed).toEqual([
      '10.9.9.7 in web-x: refers to nothing',
      '10.9.9.8 in web-x: pod web-a has another address',
      '10.9.9.9 in web-x: pod web-old is gone',
    ])
  })

  test('of a pod that the service does not select, or that has ended, are orphans', () => {
    const found = about('endpointslices.orphans', ({ api }) => {
      Object.assign(one(seen(api.pods), named('web-a')).status ?? {}, { phase: 'Failed' })
      Object.assign(one(seen(api.pods), named('web-b')).metadata ?? {}, { labels: { app: 'other' } })
    })
    expect(found.evidence.observed).toEqual([
      '10.0.0.1 in web-x: is of pod web-a, which the service does not select or whose containers have ended',
      '10.0.0.2 in web-x: is of pod web-b, which the service does not select or whose containers have ended',
    ])
  })

  test('of none nothing can be an orphan', () => {
    const found = about('endpointslices.orphans', (world) => Object.assign(first(world), { endpoints: null }))
    expect(found.verdict).toBe('skipped')
  })

  test('that stand in two slices are counted once, and told', () => {
    const found = about('endpointslices.sum', ({ api }) => {
      const copy = structuredClone(one(seen(api.endpointSlices), named('web-x')))
      copy.endpoints.splice(1)
      seen(api.endpointSlices).push(Object.assign(copy, { metadata: { ...copy.metadata, name: 'web-y' } }))
    })
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: { addresses: 3, twice: [] },
        observed: { addresses: 3, twice: ['10.0.0.1 in web-x, web-y'] },
      },
    })
  })

  test('may stand in two slices of different ports', () => {
    const found = about('endpointslices.sum', ({ api }) => {
      const copy = structuredClone(one(seen(api.endpointSlices), named('web-x')))
      copy.ports = [{ name: 'other', port: 1, protocol: 'TCP' }]
      seen(api.endpointSlices).push(Object.assign(copy, { metadata: { ...copy.metadata, name: 'web-y' } }))
    })
    expect(found.verdict).toBe('pass')
  })

  test('of a pod that is not ready count, too', () => {
    const found = about('endpointslices.sum', (world) =>
      remove(first(world).endpoints, ({ addresses }) => addresses.includes('10.0.0.2')),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { addresses: 2 } } })
  })

  test('of four slices that are declared are all there, each in its slice', () => {
    const many = service('many', { clusterIP: 'None', ports: [{ port: 80 }] })
    const ips = (number: number): EndpointSlice['endpoints'] =>
      Array.from({ length: 100 }, (_, i) => ({ addresses: [`198.18.${number}.${i + 1}`] }))
    const four = [0, 1, 2, 3].map((number) => slice('many', ips(number), [{ port: 80 }], number))
    const of: Small = { services: [many], slices: four }
    const right = about('endpointslices.sum', () => undefined, 'many', of)
    expect(right).toMatchObject({
      verdict: 'pass',
      evidence: { expected: { slices: { 'many-0': 100, 'many-3': 100 }, addresses: 400 } },
    })
    const lost = ({ api }: SmallWorld): void => remove(seen(api.endpointSlices), named('many-2'))
    expect(about('endpointslices.sum', lost, 'many', of)).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { addresses: 300 } },
    })
  })

  test('of both families are expected where the service has both', () => {
    const dual = service('web', {
      ...web.spec,
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
    })
    const both = withUid('web-a', onNode(1))
    const made = { ...both, status: { ...both.status, podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } }
    const four = sliceFor(web, [withUid('web-a', onNode(1))])
    const six: EndpointSlice = {
      ...sliceFor(web, [made]),
      addressType: 'IPv6',
      metadata: { ...four.metadata, name: 'web-6' },
    }
    Object.assign(six.endpoints[0] ?? {}, { addresses: ['fd00::1'] })
    const world = small({ services: [dual], pods: [made], controlled: [four, six] })
    Object.assign(world.lab, { ipFamilies: [4, 6] })
    expect(failing(world)).toEqual([])
    remove(seen(world.api.endpointSlices), named('web-6'))
    expect(failing(world)).toEqual([
      'endpointslices.address-type web fail',
      'endpointslices.addresses web fail',
      'endpointslices.sum web fail',
    ])
  })
})

describe('ports', () => {
  test('have the number that the pod gives the name', () => {
    const found = about('endpointslices.ports', (world) =>
      Object.assign(first(world).ports?.[0] ?? {}, { port: 80 }),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: { 'web-x': [{ name: 'http', port: 8080, protocol: 'TCP' }] },
        observed: { 'web-x': [{ name: 'http', port: 80, protocol: 'TCP' }] },
      },
    })
  })

  test('of pods that give the name different numbers stand in slices of their own', () => {
    const other = withUid(
      'web-d',
      onNode(4, { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 9090 }] }] }),
    )
    const second = { ...sliceFor(web, [other]) }
    const of: Small = {
      services: [web],
      pods: [...pods, other],
      controlled: [sliceFor(web, pods), { ...second, metadata: { ...second.metadata, name: 'web-y' } }],
    }
    expect(about('endpointslices.ports', () => undefined, 'web', of)).toMatchObject({
      verdict: 'pass',
      evidence: { observed: { 'web-x': [{ port: 8080 }], 'web-y': [{ port: 9090 }] } },
    })
    const together = ({ api }: SmallWorld): void => {
      for (const each of seen(api.endpointSlices))
        each.ports = [{ name: 'http', port: 8080, protocol: 'TCP' }]
    }
    expect(about('endpointslices.ports', together, 'web', of).verdict).toBe('fail')
  })

  test('that the pods do not have under the name are left out', () => {
    const odd = service('web', { ...web.spec, ports: [{ name: 'http', port: 80, targetPort: 'nothing' }] })
    const found = about('endpointslices.ports', () => undefined, 'web', {
      services: [odd],
      pods,
      controlled: [sliceFor(odd, pods)],
    })
    expect(found).toMatchObject({ verdict: 'pass', evidence: { expected: { 'web-x': [] } } })
  })

  test('of a slice that somebody wrote are called as the service calls them', () => {
    const outside = service('outside', { clusterIP: 'None', ports: [{ name: 'db', port: 5432 }] })
    const by = (name: string | undefined): Small => ({
      services: [outside],
      slices: [
        slice(
          'outside',
          [{ addresses: ['10.9.9.9'] }],
          [{ ...(name === undefined ? {} : { name }), port: 15432, protocol: 'TCP' }],
        ),
      ],
    })
    expect(about('endpointslices.ports', () => undefined, 'outside', by('db')).verdict).toBe('pass')
    expect(about('endpointslices.ports', () => undefined, 'outside', by(undefined))).toMatchObject({
      verdict: 'fail',
      evidence: {
        expected: { 'outside-1': [{ name: 'db', port: null }] },
        observed: { 'outside-1': [{ name: '', port: 15432 }] },
      },
    })
    const moved = ({ api }: SmallWorld): void => {
      Object.assign(seen(api.endpointSlices)[0]?.ports?.[0] ?? {}, { port: 1 })
    }
    expect(about('endpointslices.ports', moved, 'outside', by('db')).verdict).toBe('fail')
  })
})

describe('a slice', () => {
  test('that was written beside those of the control plane', () => {
    const hand = slice('web', [{ addresses: ['10.0.0.1'] }], [{ name: 'http', port: 8080, protocol: 'TCP' }])
    const found = about('endpointslices.labels', ({ api }) =>
      seen(api.endpointSlices).push(structuredClone(hand) as never),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { 'web-1': { 'managed by': 'nobody', headless: false } } },
    })
  })

  test('of a headless service says so', () => {
    const found = about('endpointslices.labels', (world) =>
      Reflect.deleteProperty(first(world).metadata?.labels ?? {}, 'service.kubernetes.io/headless'),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { 'web-x': { headless: false } } } })
  })

  test('of a family that the service does not have', () => {
    const found = about('endpointslices.address-type', (world) => (first(world).addressType = 'FQDN'))
    expect(found).toMatchObject({ verdict: 'fail', evidence: { expected: ['IPv4'], observed: ['FQDN'] } })
  })

  test('of a service that is gone is nobody’s, one of others is theirs', () => {
    const gone = about(
      'endpointslices.abandoned',
      (world) => {
        Object.assign(first(world).metadata?.labels ?? {}, { 'kubernetes.io/service-name': 'wbe' })
      },
      NAMESPACE,
    )
    expect(gone).toMatchObject({
      verdict: 'fail',
      evidence: { observed: ['web-x: of wbe, which is not there'] },
    })
    const lost = (manager: string): CheckResult =>
      about(
        'endpointslices.abandoned',
        (world) =>
          Object.assign(first(world).metadata ?? {}, {
            labels: { 'endpointslice.kubernetes.io/managed-by': manager },
          }),
        NAMESPACE,
      )
    expect(lost('endpointslice-controller.k8s.io').evidence.observed).toEqual(['web-x: of no service'])
    expect(lost('others.example').verdict).toBe('pass')
  })
})

describe('host names', () => {
  const clear = { hostname: 'web', subdomain: 'web' }
  const deployed = (template: object): Small => ({
    ...{ services: [web], pods: [withUid('web-a', onNode(1, template))] },
    deployments: [
      {
        metadata: { name: 'web', namespace: NAMESPACE },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [], ...template } },
        },
      },
    ],
    controlled: [sliceFor(web, [withUid('web-a', onNode(1, template))])],
  })

  test('are absent where the template gives none, and nothing is claimed where it does', () => {
    const verdict = (of: Small): string =>
      about('endpointslices.hostname.absent', () => undefined, 'web', of).verdict
    expect(verdict(deployed({}))).toBe('pass')
    expect(verdict(deployed(clear))).toBe('skipped')
    const edited = (world: SmallWorld): void => {
      endpoint(world, '10.0.0.1').hostname = 'web'
    }
    expect(about('endpointslices.hostname.absent', edited, 'web', deployed({})).verdict).toBe('fail')
  })
})

describe('what could not be observed makes nothing pass', () => {
  const ids = [
    ...['endpointslices.node-name', 'endpointslices.target-ref', 'endpointslices.conditions'],
    ...['endpointslices.sum', 'endpointslices.orphans', 'endpointslices.ports'],
  ]
  test.each(['endpointSlices', 'pods', 'services'] as const)('%s', (part) => {
    for (const id of ids)
      expect([id, find(endpointSliceChecks, without(small(healthy), part), id, 'web').verdict]).toEqual([
        id,
        'inconclusive',
      ])
  })

  test.each(['endpointSlices', 'services'] as const)('%s, of whole slices', (part) => {
    const world = without(small(healthy), part)
    const verdicts = [
      find(endpointSliceChecks, world, 'endpointslices.labels', 'web'),
      find(endpointSliceChecks, world, 'endpointslices.address-type', 'web'),
      find(endpointSliceChecks, world, 'endpointslices.abandoned', NAMESPACE),
    ].map(({ verdict }) => verdict)
    expect(new Set(verdicts)).toEqual(new Set(['inconclusive']))
  })

  test('nor do slices that lack all pods', () => {
    const found = about('endpointslices.node-name', (world) =>
      Object.assign(first(world), { endpoints: null }),
    )
    expect(found).toMatchObject({ verdict: 'inconclusive' })
    expect(found.hint).toContain('no endpoint of its pods')
  })

  test('a service without pods has none to look at', () => {
    const found = about('endpointslices.node-name', () => undefined, 'web', {
      services: [web],
      controlled: [completed(slice('web', null), web, [])],
    })
    expect(found).toMatchObject({ verdict: 'skipped' })
  })
})
