import { ApiObject, App, Chart, JsonPatch } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { describe, expect, test } from 'vitest'
import {
  HeadlessService,
  resources,
  StatefulWorkload,
  type StatefulWorkloadProps,
} from '../../constructs/index.js'
import { chart, first, object, plainStatefulSet, synth, template, type Manifest } from './objects.js'

const labels = { app: 'db', 'app.kubernetes.io/name': 'db' }

function workload(
  props: Partial<StatefulWorkloadProps> = {},
  selector = { app: 'db' },
  namespace?: string,
): Chart {
  const scope = chart(namespace)
  const service = new HeadlessService(scope, 'headless', {
    name: 'db-headless',
    selector,
    ports: [{ name: 'db', port: 5000, targetPort: 'db' }],
  })
  new StatefulWorkload(scope, 'db', {
    name: 'db',
    replicas: 3,
    service,
    selector: { app: 'db' },
    labels,
    pod: {
      containers: [
        {
          name: 'db',
          image: 'db:1',
          ports: [
            { name: 'db', containerPort: 5000 },
            { name: 'peer', containerPort: 5001 },
          ],
        },
      ],
    },
    ...props,
  })
  return scope
}

const set = (scope: Chart): Manifest => object(synth(scope), 'StatefulSet', 'db')

describe('by default', () => {
  test('there are a StatefulSet, a budget and a policy, all of one name and labelled', () => {
    const made = synth(workload()).filter(({ kind }) => kind !== 'Service')
    expect(made.map(({ kind, metadata }) => [kind, metadata.name, metadata.labels['app']])).toEqual([
      ['StatefulSet', 'db', 'db'],
      ['PodDisruptionBudget', 'db', 'db'],
      ['NetworkPolicy', 'db', 'db'],
    ])
  })

  test('containers run restricted, as a number that is no root, from images that may be preloaded', () => {
    const { spec } = template(set(workload()))
    expect(spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(spec.automountServiceAccountToken).toBe(false)
    expect(first(spec.containers)).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    })
  })

  test('pods are spread, tolerate the control plane, and keep apart from their peers where they can', () => {
    const { spec } = template(set(workload()))
    expect(spec.tolerations).toEqual([
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
    ])
    expect(first(spec.topologySpreadConstraints)).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
    })
    expect(spec).toMatchObject({
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
          ],
        },
      },
    })
  })

  test('a drain takes one pod at a time, and the namespace reaches every port', () => {
    const objects = synth(workload())
    expect(object(objects, 'PodDisruptionBudget', 'db').spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { app: 'db' } },
    })
    expect(object(objects, 'NetworkPolicy', 'db').spec).toEqual({
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: {} }],
          ports: [
            { protocol: 'TCP', port: 5000 },
            { protocol: 'TCP', port: 5001 },
          ],
        },
      ],
    })
  })
})

test('what the pod says is taken over the defaults, and the rest of them stays', () => {
  const { spec } = template(
    set(
      workload({
        user: 999,
        pod: {
          automountServiceAccountToken: true,
          tolerations: [],
          securityContext: { fsGroup: 7 },
          containers: [
            {
              name: 'db',
              image: 'db:1',
              ports: [{ name: 'db', containerPort: 5000 }],
              securityContext: { privileged: true, capabilities: { add: ['NET_ADMIN'] } },
            },
          ],
        },
      }),
    ),
  )
  expect(spec.automountServiceAccountToken).toBe(true)
  expect(spec.tolerations ?? []).toEqual([])
  expect(spec.securityContext).toMatchObject({
    runAsUser: 999,
    runAsGroup: 999,
    fsGroup: 7,
    runAsNonRoot: true,
  })
  expect(first(spec.containers).securityContext).toMatchObject({
    privileged: true,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
  })
})

test('peers reach their ports from their own pods only, clients from elsewhere where that is allowed', () => {
  const scope = workload({
    ingress: {
      peers: [5001],
      allowFrom: [{ namespace: 'web', podLabels: { app: 'shop' } }, { cidr: '10.1.0.0/16' }],
    },
  })
  expect(object(synth(scope), 'NetworkPolicy', 'db').spec['ingress']).toEqual([
    {
      from: [
        { podSelector: {} },
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'web' } },
          podSelector: { matchLabels: { app: 'shop' } },
        },
        { ipBlock: { cidr: '10.1.0.0/16' } },
      ],
      ports: [{ protocol: 'TCP', port: 5000 }],
    },
    { from: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ protocol: 'TCP', port: 5001 }] },
  ])
})

describe('the protocol of a port', () => {
  const dns = {
    containers: [
      {
        name: 'db',
        image: 'dns:1',
        ports: [
          { name: 'udp', containerPort: 53, protocol: 'UDP' },
          { name: 'db', containerPort: 53 },
          { name: 'gossip', containerPort: 7946, protocol: 'UDP' },
        ],
      },
    ],
  }
  const ports = (props: Partial<StatefulWorkloadProps>) =>
    (object(synth(workload(props)), 'NetworkPolicy', 'db').spec['ingress'] as { ports: object[] }[]).map(
      (rule) => rule.ports,
    )
  const both = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ]

  test('is what the container declares it with, both where both are declared', () => {
    expect(ports({ pod: dns })).toEqual([[...both, { protocol: 'UDP', port: 7946 }]])
    expect(ports({ pod: dns, ingress: { peers: [7946] } })).toEqual([both, [{ protocol: 'UDP', port: 7946 }]])
  })

  test('is TCP for one that no container declares', () => {
    expect(ports({ pod: dns, ingress: { clients: [80] } })).toEqual([[{ protocol: 'TCP', port: 80 }]])
  })
})

describe('a pod that declares no port', () => {
  const pod = { containers: [{ name: 'db', image: 'db:1' }] }
  const spec = (ingress: StatefulWorkloadProps['ingress'] & object) => {
    const scope = chart()
    const service = new HeadlessService(scope, 'headless', {
      name: 'db-headless',
      selector: { app: 'db' },
      ports: [{ name: 'db', port: 5000 }],
    })
    const props = { name: 'db', replicas: 1, service, selector: { app: 'db' }, labels, pod }
    new StatefulWorkload(scope, 'db', { ...props, ingress })
    return object(synth(scope), 'NetworkPolicy', 'db').spec['ingress']
  }

  test('lets in nobody only when that is said', () => {
    expect(() => spec({ allowFrom: [{ namespace: 'web' }] })).toThrow(
      '[test/db] ingress lets nobody in: no container port is declared',
    )
    expect(spec({ clients: [] })).toBeUndefined()
    expect(spec({ clients: [5000] })).toHaveLength(1)
  })
})

test('budget and policy can be left out', () => {
  const kinds = synth(workload({ maxUnavailable: false, ingress: false })).map(({ kind }) => kind)
  expect(kinds).toEqual(['Service', 'StatefulSet'])
})

test('claims, their retention, the order and the way of updates come out as they went in', () => {
  const { spec } = set(
    workload({
      volumeClaims: [{ name: 'data', size: '2Gi', storageClass: 'fast' }],
      volumeClaimRetention: { whenScaled: 'Delete' },
      podManagement: 'Parallel',
      update: { partition: 2 },
      minReadySeconds: 5,
      minDomains: 3,
    }),
  )
  expect(spec).toMatchObject({
    serviceName: 'db-headless',
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
    minReadySeconds: 5,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'fast',
          resources: { requests: { storage: '2Gi' } },
        },
      },
    ],
  })
  expect(first(template(set(workload({ minDomains: 3 }))).spec.topologySpreadConstraints)).toMatchObject({
    minDomains: 3,
    whenUnsatisfiable: 'DoNotSchedule',
  })
})

test('the size of a claim survives a JSON patch beside it (cdk8s drops plain texts there)', () => {
  const scope = workload({ volumeClaims: [{ name: 'data', size: '1Gi' }] })
  const made = scope.node.findAll().find((one) => ApiObject.isApiObject(one) && one.kind === 'StatefulSet')
  ;(made as k8s.KubeStatefulSet).addJsonPatch(JsonPatch.replace('/spec/replicas', 5))
  expect(set(scope).spec).toMatchObject({
    replicas: 5,
    volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '1Gi' } } } }],
  })
})

describe('names of its pods', () => {
  const scope = workload({}, { app: 'db' }, 'data')
  const of = scope.node.findAll().find((one) => one instanceof StatefulWorkload) as StatefulWorkload

  test('are those under its headless Service', () => {
    expect(of.pod(0).fqdn).toBe('db-0.db-headless.data.svc.cluster.local')
    expect(of.headless.pods().map(({ short }) => short)).toEqual([
      'db-0.db-headless',
      'db-1.db-headless',
      'db-2.db-headless',
    ])
    expect(of.pods()).toEqual(of.headless.pods())
  })

  test('are of pods that there are', () => {
    expect(() => of.pod(3)).toThrow(new RangeError('test/headless: no pod 3, db has 3 replicas'))
    expect(() => of.pod(0.5)).toThrow(RangeError)
    expect(() => of.pod(-1)).toThrow(RangeError)
  })
})

test('a Service of another namespace is refused: the pods would have no names', () => {
  const app = new App()
  const [a, b] = ['a', 'b'].map((namespace) => new Chart(app, namespace, { namespace })) as [Chart, Chart]
  const selector = { app: 'db' }
  const ports = [{ name: 'db', port: 1 }]
  const service = new HeadlessService(a, 'headless', { name: 'db-headless', selector, ports })
  const pod = { containers: [{ name: 'db', image: 'db:1' }] }
  const props = { name: 'db', replicas: 1, service, selector, labels, pod, ingress: false as const }
  new StatefulWorkload(a, 'db', props)
  new StatefulWorkload(new Chart(a, 'nested', { namespace: 'a' }), 'db', { ...props, name: 'nested' })
  expect(() => app.synthYaml()).not.toThrow()
  new StatefulWorkload(b, 'db', props)
  expect(() => app.synthYaml()).toThrow(
    '[b/db] service a/headless (db-headless) is in namespace "a" and the pods are in "b"',
  )
})

describe('values that cdk8s would drop without a word, or the API server refuse', () => {
  const db = (part: object): Partial<StatefulWorkloadProps> => ({
    pod: {
      containers: [{ name: 'db', image: 'db:1', ports: [{ name: 'db', containerPort: 5000 }], ...part }],
    },
  })
  const { Quantity, IntOrString } = k8s
  const asks = (cpu: unknown) => ({ resources: { requests: { cpu } } })
  const probed = (port: unknown) => ({ readinessProbe: { tcpSocket: { port } } })

  test.each([
    asks(Quantity.fromString('100m')),
    asks(Quantity.fromString('0')),
    asks(Quantity.fromString('.5')),
    asks(Quantity.fromString('1e3')),
    asks(Quantity.fromString('1E')),
    asks(Quantity.fromNumber(0.5)),
    asks(undefined),
    { resources: resources({ cpu: '0.5', memory: '1Gi', memoryLimit: '1.5Gi' }) },
    { resources: {} },
    probed(IntOrString.fromString('db')),
    probed(IntOrString.fromNumber(6000)),
    { livenessProbe: { httpGet: { path: '/', port: IntOrString.fromString('db') } } },
    { livenessProbe: { grpc: { port: 5000 } } },
    { lifecycle: { preStop: { exec: { command: ['true'] } } } },
  ])('%j is allowed', (part) => {
    expect(() => synth(workload(db(part)))).not.toThrow()
  })

  test.each<[object, string]>([
    [
      asks('100m'),
      'container "db": resources.requests.cpu is the plain value "100m", which cdk8s drops; write k8s.Quantity.fromString("100m")',
    ],
    [
      asks(2),
      'container "db": resources.requests.cpu is the plain value 2, which cdk8s drops; write k8s.Quantity.fromNumber(2)',
    ],
    [
      asks(Quantity.fromString('1O0m')),
      'container "db": resources.requests.cpu is "1O0m"; write a quantity such as 100m or 64Mi',
    ],
    [asks(Quantity.fromString('-1')), 'is "-1"; write a quantity'],
    [asks(Quantity.fromString('')), 'is ""; write a quantity'],
    [asks(Quantity.fromString('1 Gi')), 'is "1 Gi"; write a quantity'],
    [asks(Quantity.fromString('1GB')), 'is "1GB"; write a quantity'],
    [asks(Quantity.fromNumber(NaN)), 'resources.requests.cpu is '],
    [
      { resources: resources({ cpu: '1O0m', memory: '1Gi', memoryLimit: '1gi' }) },
      'container "db": resources.limits.memory is "1gi"',
    ],
    [
      probed('db'),
      'container "db": readinessProbe.tcpSocket.port is the plain value "db", which cdk8s drops; write k8s.IntOrString.fromString("db")',
    ],
    [probed(undefined), 'container "db": readinessProbe.tcpSocket.port is missing; write a k8s.IntOrString'],
    [probed(5000), 'write k8s.IntOrString.fromNumber(5000)'],
    [
      probed(IntOrString.fromString('dbx')),
      'container "db": readinessProbe.tcpSocket.port "dbx" is the name of no port of the container; write one of "db"',
    ],
    [probed(IntOrString.fromNumber(0)), 'container "db": readinessProbe.tcpSocket.port is 0; write a whole'],
    [
      { livenessProbe: { httpGet: { port: IntOrString.fromString('x') } } },
      'container "db": livenessProbe.httpGet.port "x"',
    ],
    [
      { startupProbe: { httpGet: { port: 'x' } } },
      'container "db": startupProbe.httpGet.port is the plain value "x"',
    ],
    [
      { lifecycle: { preStop: { httpGet: { port: 'x' } } } },
      'container "db": lifecycle.preStop.httpGet.port is the plain value "x"',
    ],
    [
      { ports: [], readinessProbe: { tcpSocket: { port: IntOrString.fromString('db') } } },
      'is the name of no port of the container; it declares none with a name',
    ],
  ])('%j is refused', (part, message) => {
    expect(() => synth(workload(db(part)))).toThrow(`[test/db] `)
    expect(() => synth(workload(db(part)))).toThrow(message)
  })

  test('of an init container too, and of the size of a directory', () => {
    const { pod } = db({}) as { pod: k8s.PodSpec }
    const first = { name: 'first', image: 'db:1', ...asks('1') } as k8s.Container
    expect(() => synth(workload({ pod: { ...pod, initContainers: [first] } }))).toThrow(
      '[test/db] container "first": resources.requests.cpu is the plain value "1"',
    )
    const directory = (sizeLimit: unknown) =>
      workload({ pod: { ...pod, volumes: [{ name: 'tmp', emptyDir: { sizeLimit } } as k8s.Volume] } })
    expect(() => synth(directory('1Gi'))).toThrow(
      '[test/db] volume "tmp": emptyDir.sizeLimit is the plain value "1Gi"',
    )
    expect(() => synth(directory(Quantity.fromString('1Gi')))).not.toThrow()
  })
})

describe('synthesis refuses, naming the path of the construct', () => {
  const cases: [string, Partial<StatefulWorkloadProps>, string][] = [
    ['a bad name', { name: 'DB' }, '[test/db] name "DB" has a character'],
    ['a name too long for its pods', { name: 'd'.repeat(53) }, '[test/db] name'],
    ['replicas', { replicas: -1 }, '[test/db] replicas is -1'],
    ['minDomains', { minDomains: 0 }, '[test/db] minDomains is 0'],
    ['minReadySeconds', { minReadySeconds: 1.5 }, '[test/db] minReadySeconds is 1.5'],
    ['partition', { update: { partition: -1 } }, '[test/db] partition is -1'],
    ['maxUnavailable', { maxUnavailable: 0 }, '[test/db] maxUnavailable is 0'],
    [
      'labels without the selector',
      { labels: { app: 'other' } },
      '[test/db] labels do not carry the selector',
    ],
    ['a claim name', { volumeClaims: [{ name: 'A', size: '1Gi' }] }, '[test/db] volume claim name "A"'],
    [
      'a size',
      { volumeClaims: [{ name: 'a', size: '1 GB' }] },
      '[test/db] size of volume claim "a" is "1 GB"',
    ],
    [
      'a size of nothing',
      { volumeClaims: [{ name: 'a', size: '0Gi' }] },
      '[test/db] size of volume claim "a"',
    ],
    [
      'a claim twice',
      {
        volumeClaims: [
          { name: 'a', size: '1Gi' },
          { name: 'a', size: '2Gi' },
        ],
      },
      '[test/db] volume claim name "a" is used twice',
    ],
    [
      'a soft spread that counts nodes',
      { minDomains: 3, spread: 'ScheduleAnyway' },
      '[test/db] minDomains needs',
    ],
    [
      'a peer',
      { ingress: { allowFrom: [{ cidr: '10.0.0.0' }] } },
      '[test/db/ingress] peer cidr "10.0.0.0" is no range',
    ],
  ]
  test.each(cases)('%s', (_, props, message) => {
    expect(() => synth(workload(props))).toThrow(message)
  })

  test('a Service that selects other pods', () => {
    expect(() => synth(workload({}, { app: 'web' }))).toThrow(
      '[test/db] service test/headless (db-headless) does not select the pods',
    )
  })

  test.each(['db', 'other-headless'])(
    'a StatefulSet of plain Kubernetes with serviceName %s',
    (serviceName) => {
      const scope = workload()
      new k8s.KubePod(scope, 'other', {
        metadata: { name: 'other', labels: { app: 'other' } },
        spec: { containers: [] },
      })
      new HeadlessService(scope, 'other-headless', {
        name: 'other-headless',
        selector: { app: 'other' },
        ports: [{ name: 'db', port: 1 }],
      })
      plainStatefulSet(scope, serviceName, labels)
      expect(() => synth(scope)).toThrow(
        `[test/headless] StatefulSet plain has serviceName "${serviceName}", which is no headless Service that selects its pods`,
      )
    },
  )
})
