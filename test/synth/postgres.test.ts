import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { requiredSecrets } from '../../constructs/credentials.js'
import {
  Postgres,
  type PostgresProps,
  type ReplicatedPostgresProps,
  type SinglePostgresProps,
} from '../../constructs/workloads/postgres.js'
import { chart, env, first, object, synth, template, type Container, type Manifest } from './objects.js'

type Server = Container & {
  readonly startupProbe?: Record<string, unknown>
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: string[] } } }
}

const IMAGE = 'registry.example/patroni:4'

function postgres(props: PostgresProps, namespace?: string) {
  const scope = chart(namespace)
  const construct = new Postgres(scope, 'postgres', props)
  return { scope, construct }
}

function workload(props: PostgresProps, namespace?: string) {
  const objects = synth(postgres(props, namespace).scope)
  const manifest = object(objects, 'StatefulSet', props.name ?? 'postgres')
  const pod = template(manifest)
  const main: Server = first(pod.spec.containers)
  return { objects, manifest, pod, main }
}

const replicated = (props: Partial<ReplicatedPostgresProps> = {}, namespace?: string) =>
  workload({ image: IMAGE, ...props }, namespace)
const single = (props: Partial<SinglePostgresProps> = {}) => workload({ replication: 'none', ...props })

const BOTH = [
  ['patroni', { image: IMAGE }],
  ['none', { replication: 'none' }],
] as const satisfies [string, PostgresProps][]

test.each(BOTH)('the objects with replication %s', async (form, props) => {
  const yaml = workload(props)
    .objects.map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n')
  await expect(yaml).toMatchFileSnapshot(`snapshots/postgres-${form}.yaml`)
})

test.each(BOTH)('replication %s: names, port and labels are those of document 002', (form, props) => {
  const { objects, manifest, pod, main } = workload(props)
  const kinds = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  const access =
    form === 'patroni' ? ['Role/postgres', 'RoleBinding/postgres', 'ServiceAccount/postgres'] : []
  expect(kinds.sort()).toEqual(
    [
      'NetworkPolicy/postgres',
      'PodDisruptionBudget/postgres',
      'Service/postgres',
      'Service/postgres-headless',
      'Service/postgres-primary',
      'StatefulSet/postgres',
      ...access,
    ].sort(),
  )
  expect(manifest.spec).toMatchObject({
    serviceName: 'postgres-headless',
    selector: { matchLabels: { app: 'postgres' } },
  })
  expect(pod.metadata.labels).toMatchObject({ app: 'postgres', 'app.kubernetes.io/name': 'postgres' })
  const ports = [{ name: 'postgresql', port: 5432, targetPort: 'postgresql' }]
  const service = (name: string) => object(objects, 'Service', name).spec
  expect(service('postgres')).toMatchObject({ selector: { app: 'postgres' }, ports })
  expect(service('postgres-primary')).toMatchObject({
    selector: { app: 'postgres', role: 'primary' },
    ports,
  })
  expect(service('postgres-headless')).toMatchObject({
    clusterIP: 'None',
    selector: { app: 'postgres' },
    publishNotReadyAddresses: true,
    ports,
  })
  expect(main.ports).toContainEqual({ name: 'postgresql', containerPort: 5432 })
})

describe('with Patroni', () => {
  test('three pods that start at once, since any of them may be the first', () => {
    expect(replicated().manifest.spec).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel' })
  })

  test('no pod is born with a role: Patroni gives it', () => {
    expect(replicated().pod.metadata.labels).not.toHaveProperty('role')
  })

  test('it finds its pods and ConfigMaps by labels that the pods carry', () => {
    const { main, pod } = replicated({ name: 'orders' })
    const script = main.command[2] ?? ''
    expect(script).toContain("labels:\n    app: '$CLUSTER_NAME'\n  scope_label: app.kubernetes.io/instance\n")
    expect(script).toContain("scope: '$CLUSTER_NAME'")
    expect(pod.metadata.labels).toMatchObject({
      app: env(main, 'CLUSTER_NAME'),
      'app.kubernetes.io/instance': env(main, 'CLUSTER_NAME'),
    })
  })

  test('its account changes its own ConfigMaps and pods only, and deletes nothing', () => {
    const { objects, pod } = replicated({ name: 'orders', replicas: 2 })
    const role = object(objects, 'Role', 'orders') as Manifest & { rules: Rule[] }
    interface Rule {
      resources: [string]
      resourceNames?: string[]
      verbs: string[]
    }
    const limited = role.rules.filter(({ resourceNames }) => resourceNames !== undefined)
    expect(limited).toMatchObject([
      {
        resources: ['configmaps'],
        resourceNames: ['orders-config', 'orders-failover', 'orders-leader', 'orders-sync'],
        verbs: ['get', 'patch'],
      },
      { resources: ['pods'], resourceNames: ['orders-0', 'orders-1'], verbs: ['patch'] },
    ])
    const others = role.rules.filter(({ resourceNames }) => resourceNames === undefined)
    expect(others.map(({ resources, verbs }) => [...resources, ...verbs])).toEqual([
      ['configmaps', 'create', 'list', 'watch'],
      ['pods', 'list', 'watch'],
    ])
    expect(object(objects, 'RoleBinding', 'orders')).toMatchObject({
      roleRef: { kind: 'Role', name: 'orders' },
      subjects: [{ kind: 'ServiceAccount', name: 'orders' }],
    })
    expect(pod.spec).toMatchObject({ serviceAccountName: 'orders', automountServiceAccountToken: true })
    expect(object(objects, 'ServiceAccount', 'orders')).toMatchObject({ automountServiceAccountToken: false })
  })

  test('probes ask Patroni; the first start has minutes, and a restart is the last resort', () => {
    const { main } = replicated()
    const paths = [main.startupProbe, main.readinessProbe, main.livenessProbe].map(
      (probe) => (probe?.['httpGet'] as { path: string; port: string }).path,
    )
    expect(paths).toEqual(['/liveness', '/readiness', '/liveness'])
    expect(main.ports).toContainEqual({ name: 'patroni', containerPort: 8008 })
    expect(seconds(main.startupProbe)).toBeGreaterThanOrEqual(300)
    // A leader that hangs is first given up by the others (30 seconds), and only then restarted.
    expect(seconds(main.livenessProbe)).toBeGreaterThanOrEqual(60)
  })

  test("clients reach Postgres only; Patroni's API is for its own pods", () => {
    const { objects } = replicated({ allowFrom: [{ namespace: 'shop' }] })
    const port = (number: number) => ({ protocol: 'TCP', port: number })
    expect(object(objects, 'NetworkPolicy', 'postgres').spec['ingress']).toEqual([
      {
        from: [
          { podSelector: {} },
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
        ],
        ports: [port(5432)],
      },
      { from: [{ podSelector: { matchLabels: { app: 'postgres' } } }], ports: [port(8008)] },
    ])
  })

  test('a commit waits for a replica unless told otherwise', () => {
    expect(env(replicated().main, 'SYNCHRONOUS')).toBe('true')
    expect(env(replicated({ synchronous: false }).main, 'SYNCHRONOUS')).toBe('false')
  })

  test('peers are told the name in the namespace and domain of the cluster', () => {
    const { main } = replicated({ name: 'orders', clusterDomain: 'lab.example' }, 'shop')
    expect(env(main, 'SERVICE_FQDN')).toBe('orders-headless.shop.svc.lab.example')
  })
})

describe('a single server', () => {
  test('is one pod, and the primary, so that postgres-primary leads to it', () => {
    const { manifest, pod } = single()
    expect(manifest.spec['replicas']).toBe(1)
    expect(pod.metadata.labels).toMatchObject({ role: 'primary' })
  })

  test('asks nothing of the API server', () => {
    const { pod } = single()
    expect(pod.spec.automountServiceAccountToken).toBe(false)
    expect(pod.spec).not.toHaveProperty('serviceAccountName')
  })

  test('is asked by the socket, and has minutes for its first start', () => {
    const { main } = single()
    for (const probe of [main.startupProbe, main.readinessProbe, main.livenessProbe])
      expect(JSON.stringify(probe?.['exec'])).toContain('pg_isready')
    expect(seconds(main.startupProbe)).toBeGreaterThanOrEqual(300)
  })

  test('ends without waiting for its clients, which the signal of the kubelet would have it do', () => {
    expect(single().main.lifecycle?.preStop.exec.command[2]).toContain('--mode=fast')
  })

  test('has the official image unless told otherwise', () => {
    expect(single().main.image).toBe('postgres:17')
    expect(single({ image: 'mine:1' }).main.image).toBe('mine:1')
  })
})

describe.each(BOTH)('replication %s', (form, props) => {
  test('every variable that the script reads from outside is set', () => {
    const { main } = workload(props)
    const read = [...(main.command[2] ?? '').matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name)
    expect(read.length).toBeGreaterThan(0)
    const set = main.env?.map(({ name }) => name) ?? []
    expect(set).toEqual(expect.arrayContaining(read))
    // The kubelet replaces $(NAME) of a variable it knows, and $$ by $.
    for (const name of set) expect(main.command[2]).not.toContain(`$(${name})`)
    expect(main.command[2]).not.toContain('$$')
  })

  test('passwords are files and nothing else, of a Secret that is named and not made', () => {
    const { scope } = postgres(props, 'database')
    const { objects, main } = workload(props)
    const keys = form === 'patroni' ? ['password', 'replication-password', 'restapi-password'] : ['password']
    expect(requiredSecrets(scope)).toEqual([{ namespace: 'database', name: 'postgres-secret', keys }])
    expect(objects.map(({ kind }) => kind)).not.toContain('Secret')
    expect(JSON.stringify(main.env)).not.toContain('secretKeyRef')
    expect(main.volumeMounts).toContainEqual({
      name: 'credentials',
      mountPath: '/run/secrets/postgres',
      readOnly: true,
    })
  })

  test('what the server writes is in its volume or, where it holds passwords, in memory', () => {
    const { main, pod, manifest } = workload(props)
    const mounted = main.volumeMounts?.map(({ mountPath }) => mountPath)
    expect(mounted).toEqual(['/data', '/var/run/postgresql', '/run/secrets/postgres'])
    expect(pod.spec.volumes.find(({ name }) => name === 'run')?.emptyDir).toMatchObject({ medium: 'Memory' })
    expect(env(main, 'TMPDIR')).toBe('/var/run/postgresql')
    expect(env(main, 'PGDATA')).toBe('/data/pgdata')
    expect(manifest.spec['volumeClaimTemplates']).toMatchObject([
      { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '10Gi' } } } },
    ])
  })

  test('size and class of the volumes, nodes and names are as given', () => {
    const { manifest, pod } = workload({
      ...props,
      name: 'orders',
      minDomains: 3,
      volume: { size: '20Gi', storageClass: 'fast' },
    })
    expect(manifest.spec['volumeClaimTemplates']).toMatchObject([
      { spec: { storageClassName: 'fast', resources: { requests: { storage: '20Gi' } } } },
    ])
    expect(first(pod.spec.topologySpreadConstraints)).toMatchObject({ minDomains: 3 })
    expect(manifest.spec['serviceName']).toBe('orders-headless')
  })

  test('it is the user postgres, whose files the kubelet gives to the group only once', () => {
    expect(workload(props).pod.spec.securityContext).toMatchObject({
      runAsUser: 999,
      runAsGroup: 999,
      fsGroup: 999,
      fsGroupChangePolicy: 'OnRootMismatch',
    })
  })
})

test('asking a Postgres for names', () => {
  const { construct } = postgres({ image: IMAGE }, 'database')
  expect(construct.pods().map(({ short }) => short)).toEqual([
    'postgres-0.postgres-headless',
    'postgres-1.postgres-headless',
    'postgres-2.postgres-headless',
  ])
  expect(construct.pod(1).fqdn).toBe('postgres-1.postgres-headless.database.svc.cluster.local')
  expect(() => construct.pod(3)).toThrow(RangeError)
  expect(construct.primary.dns.fqdn).toBe('postgres-primary.database.svc.cluster.local')
  expect(construct.clusterIp.dns.short).toBe('postgres')
  expect(construct.headless.srv('postgresql')).toBe(
    '_postgresql._tcp.postgres-headless.database.svc.cluster.local',
  )
})

describe('synthesis refuses, naming the path of the construct', () => {
  // Some of these the types refuse too.
  const bad: [object, string][] = [
    [{}, '[test/postgres] image is missing'],
    [{ image: '' }, '[test/postgres] image is missing'],
    [{ image: IMAGE, replicas: 0 }, '[test/postgres] replicas is 0'],
    [{ image: IMAGE, replicas: -1 }, '[test/postgres/workload] replicas is -1'],
    [{ image: IMAGE, replicas: 1.5 }, '[test/postgres/workload] replicas is 1.5'],
    [{ image: IMAGE, replicas: Infinity }, '[test/postgres/workload] replicas is Infinity'],
    [{ image: IMAGE, minDomains: 0 }, '[test/postgres/workload] minDomains is 0'],
    [{ image: IMAGE, name: 'Postgres' }, 'name "Postgres"'],
    [
      { image: IMAGE, volume: { size: 'big' } },
      '[test/postgres/workload] size of volume claim "data" is "big"',
    ],
    [{ image: IMAGE, clusterDomain: 'a..b' }, 'cluster domain "a..b"'],
    [{ image: IMAGE, allowFrom: [{ cidr: '10.0.0.0' }] }, 'cidr "10.0.0.0"'],
    [
      { replication: 'none', replicas: 3 },
      "[test/postgres] replicas is 3; with replication 'none' they would be servers that know nothing of each other",
    ],
    [{ replication: 'none', replicas: 0 }, '[test/postgres] replicas is 0'],
    [
      { image: IMAGE, replication: 'x' },
      '[test/postgres] replication is "x"; write one of "patroni", "none"',
    ],
  ]
  test.each(bad)('%j', (props, message) => {
    expect(() => synth(postgres(props as PostgresProps).scope)).toThrow(message)
  })

  test('the types say that Patroni needs an image and that a single server is one', () => {
    const scope = chart()
    // @ts-expect-error there is no image
    new Postgres(scope, 'a', { replicas: 3 })
    // @ts-expect-error three that do not replicate
    new Postgres(scope, 'b', { replication: 'none', replicas: 3 })
    // @ts-expect-error there is nobody to wait for
    new Postgres(scope, 'c', { replication: 'none', synchronous: true })
  })
})

function seconds(probe: Record<string, unknown> | undefined): number {
  return Number(probe?.['periodSeconds']) * Number(probe?.['failureThreshold'])
}
