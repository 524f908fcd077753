import { describe, expect, test } from 'vitest'
import { HEALTH_IGNORED } from '../../../constructs/lab/fixtures-chart.js'
import { serviceChecks as all } from '../../../lab/checks/services/index.js'
import type { Service } from '../../../lab/observe/model/declared.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { sliceFor } from './control-plane.js'
import { pod, service, slice } from './made.js'
import { named, one, remove, seen } from './recorded.js'
import { daemonSet, deployment, find, notPassing, small, statefulSet, without } from './small.js'
import type { Small, SmallWorld } from './small.js'

/** That a service answers is judged from connections, and has tests of its own. */
const serviceChecks = all.filter(({ id }) => id !== 'services.answers')

const labels = { app: 'web-api' }
const containers = [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }]
const pods = [pod('web-1', { labels, ip: '10.0.0.1', spec: { containers } })]
const web = (spec: object = {}): Service =>
  service('web', { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec })
const cluster = (of: Service, more: Small = {}): Small => ({
  services: [of],
  deployments: [deployment('web', labels, {}, { containers })],
  pods,
  controlled: [sliceFor(of, pods)],
  ...more,
})
const verdictOf = (
  id: string,
  of: Small,
  change: (world: SmallWorld) => void = () => undefined,
): CheckResult => {
  const world = small(of)
  change(world)
  return find(serviceChecks, world, id, 'web')
}

test('a service that fits its pods passes, also where it is whatever the cluster holds', () => {
  expect(notPassing(serviceChecks, small(cluster(web())))).toEqual([])
  expect(notPassing(serviceChecks, small(cluster(web(), { foreign: true })))).toEqual([])
})

describe('a selector that fits nothing, on a cluster where it is declared so', () => {
  const hint = (selector: Record<string, string>, more: Small = {}): string | undefined => {
    const of = cluster(web({ selector }), { foreign: true, controlled: [], ...more })
    const found = verdictOf('services.selector', of)
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { selector, pods: 'none' } } })
    return found.hint
  }

  test('names the label that differs, and the workload it was meant for', () => {
    expect(hint({ app: 'web' })).toBe(
      'The selector does not fit the pods of deployment/web: it asks for app=web, they have app=web-api.',
    )
  })

  test('names the key that was meant', () => {
    expect(hint({ 'app.kubernetes.io/name': 'web-api' })).toBe(
      'The selector does not fit the pods of deployment/web: it asks for app.kubernetes.io/name=web-api, they have no app.kubernetes.io/name but app=web-api.',
    )
  })

  test('takes the workload that is most alike, of all of the namespace', () => {
    const deployments = [
      deployment('cache', { app: 'cache' }),
      deployment('shop', { app: 'shop', tier: 'front' }),
      { ...deployment('web', { app: 'web-api' }), metadata: { name: 'web', namespace: 'elsewhere' } },
    ]
    const selector = { app: 'shopp', tier: 'front' }
    expect(hint(selector, { deployments, pods: [] })).toContain(
      'The selector does not fit the pods of deployment/shop: it asks for app=shopp, they have app=shop.',
    )
  })

  test('takes the StatefulSet that names the service', () => {
    const statefulSets = [statefulSet('db', { role: 'db' }, { serviceName: 'web' })]
    expect(hint({ app: 'other' }, { deployments: [], statefulSets, pods: [] })).toContain(
      'the pods of statefulset/db: it asks for app=other, they have no app.',
    )
  })

  test('takes a pod that no workload made', () => {
    const single = [pod('web-pod', { labels: { run: 'web' }, ip: '10.0.0.9' })]
    expect(hint({ app: 'web' }, { deployments: [], pods: single })).toContain(
      'the pods of pod/web-pod: it asks for app=web, they have no app but run=web.',
    )
  })

  test('where nothing is alike, says what no pod has', () => {
    const deployments = [deployment('x', { y: 'z' })]
    expect(hint({ app: 'qqqqqqqq' }, { deployments, pods: [] })).toMatch(/^No pod has app=qqqqqqqq\./)
  })

  test('says of a label that is given to running pods that none has it', () => {
    expect(hint({ ...labels, role: 'primary' })).toBe(
      'The selector does not fit the pods of deployment/web: it asks for role=primary, they have no role. No pod has role=primary. A label that is not in the template is given by what runs in the pods, or beside them: see its log.',
    )
  })
})

describe('a selector', () => {
  test('that was edited by hand is told apart from what was declared', () => {
    const found = verdictOf('services.selector', cluster(web()), ({ api }) =>
      Object.assign(one(seen(api.services), named('web')).spec ?? {}, { selector: { app: 'web' } }),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { expected: { selector: labels } } })
    expect(found.hint).toContain('deployment/web: it asks for app=web, they have app=web-api')
  })

  test('of a workload that is declared to have no pods fits all the same', () => {
    const none = cluster(web(), { pods: [], deployments: [deployment('web', labels, { replicas: 0 })] })
    expect(verdictOf('services.selector', none).verdict).toBe('pass')
    expect(verdictOf('services.endpoints', { ...none, controlled: [] })).toMatchObject({
      verdict: 'skipped',
    })
    const many = cluster(web(), { pods: [] })
    expect(verdictOf('services.selector', many).verdict).toBe('fail')
  })
})

describe('a target port', () => {
  const to = (targetPort: string | number): Service => web({ ports: [{ name: 'a', port: 80, targetPort }] })

  test('that no container has is named, with those there are', () => {
    const found = verdictOf('services.target-port', cluster(to('web'), { foreign: true }))
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { expected: { 'a to web': 'in every pod' }, observed: { 'a to web': 'not in web-1' } },
    })
    expect(found.hint).toContain('No container of web-1 has a TCP port named web; it has http (8080/TCP).')
  })

  test('is looked for in the template while there are no pods', () => {
    expect(verdictOf('services.target-port', cluster(to('web'), { pods: [] }))).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { 'a to web': 'not in deployment/web' } },
    })
  })

  test('of another protocol does not count', () => {
    const udp = web({ ports: [{ name: 'a', port: 80, targetPort: 'http', protocol: 'UDP' }] })
    expect(verdictOf('services.target-port', cluster(udp)).verdict).toBe('fail')
  })

  test('cannot be judged where nothing is selected', () => {
    const of = cluster(web({ selector: { app: 'nobody' } }))
    expect(verdictOf('services.target-port', of).verdict).toBe('inconclusive')
  })

  test('that is a number on the cluster is for another check to tell', () => {
    const found = verdictOf('services.target-port', cluster(web()), ({ api }) =>
      Object.assign(one(seen(api.services), named('web')).spec ?? {}, {
        ports: [{ port: 80, targetPort: 80 }],
      }),
    )
    expect(found.verdict).toBe('skipped')
  })
})

describe('a service that leads nowhere', () => {
  test('because no pod of it is Ready', () => {
    const sick = [pod('web-1', { labels, ip: '10.0.0.1', ready: false })]
    const found = verdictOf(
      'services.endpoints',
      cluster(web(), { pods: sick, controlled: [sliceFor(web(), sick)] }),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { 'ready endpoints': 'none' } } })
    expect(found.hint).toContain('It selects web-1, of which none is Ready')
  })

  test('because it selects none', () => {
    const of = cluster(web({ selector: { app: 'nobody' } }), { controlled: [] })
    expect(verdictOf('services.endpoints', of).hint).toContain('see services.selector')
  })

  test('is right where its pods are there to be never Ready', () => {
    const never = [pod('never', { labels: { ...labels, ...HEALTH_IGNORED }, ip: '10.0.0.1', ready: false })]
    const of = cluster(web(), { pods: never, controlled: [sliceFor(web(), never)] })
    expect(verdictOf('services.endpoints', of).verdict).toBe('skipped')
  })

  test('without a selector: in a lab on purpose, elsewhere by mistake', () => {
    const bare = service('web', { ports: [{ port: 80 }] })
    expect(verdictOf('services.endpoints', { services: [bare] }).verdict).toBe('skipped')
    expect(verdictOf('services.endpoints', { services: [bare], foreign: true })).toMatchObject({
      verdict: 'fail',
    })
    const declared: Small = { services: [bare], slices: [slice('web', [{ addresses: ['10.9.9.9'] }])] }
    expect(verdictOf('services.endpoints', declared).verdict).toBe('pass')
    const lost = ({ api }: SmallWorld): void => remove(seen(api.endpointSlices), () => true)
    expect(verdictOf('services.endpoints', declared, lost).verdict).toBe('fail')
  })

  test('says nothing of a name for another name', () => {
    const other = service('web', { type: 'ExternalName', externalName: 'db.example' })
    expect(verdictOf('services.endpoints', { services: [other] }).verdict).toBe('skipped')
    expect(verdictOf('services.ip-families', { services: [other] }).verdict).toBe('skipped')
  })
})

describe('what was declared and edited by hand', () => {
  const two = [
    { name: 'a', port: 1 },
    { name: 'b', port: 2 },
  ]
  test.each([
    ['services.port-names', { ports: two }, { ports: [{ name: 'a', port: 1 }, { port: 2 }] }],
    ['services.port-names', { ports: two }, { ports: [two[0], { name: 'a', port: 2 }] }],
    ['services.ip-families', {}, { ipFamilies: ['IPv6'] }],
    ['services.ip-families', {}, { clusterIPs: ['fd00::1'] }],
    ['services.ip-families', { ipFamilyPolicy: 'PreferDualStack' }, { ipFamilies: ['IPv4', 'IPv6'] }],
    ['services.publish-not-ready', {}, { publishNotReadyAddresses: true }],
    ['services.publish-not-ready', { publishNotReadyAddresses: true }, { publishNotReadyAddresses: false }],
    ['services.traffic', {}, { sessionAffinity: 'ClientIP' }],
    ['services.traffic', {}, { internalTrafficPolicy: 'Local' }],
    [
      'services.traffic',
      { sessionAffinity: 'ClientIP' },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
    ],
  ])('%s: %j became %j', (id, declared, edited) => {
    const of = cluster(web(declared))
    expect(verdictOf(id, of).verdict).toBe('pass')
    const found = verdictOf(id, of, ({ api }) =>
      Object.assign(one(seen(api.services), named('web')).spec ?? {}, edited),
    )
    expect(found.verdict).toBe('fail')
  })

  test('both families are expected of a headless service without a selector, and where they are asked for', () => {
    const free = service('web', { clusterIP: 'None', ports: two })
    expect(verdictOf('services.ip-families', { services: [free] })).toMatchObject({
      verdict: 'pass',
      evidence: { expected: { families: ['IPv4', 'IPv6'], virtual: ['None'] } },
    })
    const dual = web({ ipFamilyPolicy: 'PreferDualStack' })
    const found = verdictOf('services.ip-families', cluster(dual), ({ lab }) =>
      Object.assign(lab, { ipFamilies: [6, 4] }),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { expected: { families: ['IPv6', 'IPv4'] } } })
  })

  test('one port needs no name', () => {
    const found = verdictOf('services.port-names', cluster(web({ ports: two })), ({ api }) =>
      Object.assign(one(seen(api.services), named('web')).spec ?? {}, { ports: [{ port: 1 }] }),
    )
    expect(found.verdict).toBe('skipped')
  })
})

describe('what could not be observed makes nothing pass', () => {
  const of = cluster(
    web({
      ports: [
        { name: 'a', port: 1, targetPort: 'http' },
        { name: 'b', port: 2 },
      ],
    }),
    { daemonSets: [daemonSet('d', { d: 'd' })] },
  )
  test('services', () => {
    const found = notPassing(serviceChecks, without(small(of), 'services'))
    expect(found).toEqual(serviceChecks.map(({ id }) => `${id} web inconclusive`).sort())
  })

  test.each([
    ['pods', ['services.endpoints', 'services.selector', 'services.target-port']],
    ['endpointSlices', ['services.endpoints']],
  ] as const)('%s', (part, ids) => {
    const found = notPassing(serviceChecks, without(small(of), part))
    expect(found).toEqual(ids.map((id) => `${id} web inconclusive`))
  })

  test('nor does a service that is gone', () => {
    const world = small(of)
    remove(seen(world.api.services), named('web'))
    const found = notPassing(serviceChecks, world)
    expect(found).toContain('services.exists web fail')
    expect(found).toHaveLength(serviceChecks.length)
  })
})
