import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Mysql, type MysqlProps } from '../../constructs/workloads/mysql.js'
import type { MysqlFlavour } from '../../constructs/index.js'
import { requiredSecrets } from '../../constructs/credentials.js'
import { chart, env, first, object, synth, template, type Container } from './objects.js'

type Server = Container & { readonly startupProbe?: Record<string, unknown> }

function mysql(props: MysqlProps = {}, namespace?: string) {
  const scope = chart(namespace)
  const construct = new Mysql(scope, 'mysql', props)
  return { scope, construct }
}

function statefulSet(props: MysqlProps = {}, namespace?: string) {
  const name = props.name ?? 'mysql'
  const objects = synth(mysql(props, namespace).scope)
  const manifest = object(objects, 'StatefulSet', name)
  const pod = template(manifest)
  const [makeData, wait] = pod.spec.initContainers ?? []
  const main: Server = first(pod.spec.containers)
  return { objects, manifest, pod, makeData, wait, main }
}

const FLAVOURS = ['mysql', 'mariadb'] as const

test.each(FLAVOURS)('the objects of flavour %s', async (flavour) => {
  const yaml = synth(mysql({ flavour }).scope)
    .map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n')
  await expect(yaml).toMatchFileSnapshot(`snapshots/mysql-${flavour}.yaml`)
})

test('the names, port and labels are those of document 003, so that its commands work', () => {
  const { objects, manifest, pod, main } = statefulSet()
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
    'NetworkPolicy/mysql',
    'PodDisruptionBudget/mysql',
    'Service/mysql',
    'Service/mysql-headless',
    'StatefulSet/mysql',
  ])
  expect(manifest.spec).toMatchObject({
    serviceName: 'mysql-headless',
    replicas: 3,
    selector: { matchLabels: { app: 'mysql' } },
  })
  expect(pod.metadata.labels).toMatchObject({ app: 'mysql', 'app.kubernetes.io/component': 'database' })
  const port = { name: 'mysql', port: 3306, targetPort: 'mysql' }
  expect(object(objects, 'Service', 'mysql-headless').spec).toMatchObject({
    clusterIP: 'None',
    ports: [port],
  })
  expect(object(objects, 'Service', 'mysql').spec).toMatchObject({
    selector: { app: 'mysql' },
    ports: [port],
  })
  expect(object(objects, 'Service', 'mysql').spec).not.toHaveProperty('clusterIP')
  expect(main.ports).toEqual([{ name: 'mysql', containerPort: 3306 }])
})

test('pods start one after the other, so that the primary is in DNS before a replica asks for it', () => {
  expect(statefulSet().manifest.spec['podManagementPolicy']).toBe('OrderedReady')
})

describe('flavours', () => {
  test('each has its official image, and its label says what runs', () => {
    const of = (flavour: 'mysql' | 'mariadb') => {
      const { main, pod } = statefulSet({ flavour })
      return [main.image, first(main.args), pod.metadata.labels['app.kubernetes.io/name']]
    }
    expect(of('mysql')).toEqual(['mysql:8.4', 'mysqld', 'mysql'])
    expect(of('mariadb')).toEqual(['mariadb:11.8', 'mariadbd', 'mariadb'])
    expect(statefulSet().main.image).toBe('mysql:8.4')
  })

  test.each(FLAVOURS)('%s reads no configuration of its image: --no-defaults comes first', (flavour) => {
    const { main, makeData } = statefulSet({ flavour })
    expect(main.args?.[1]).toBe('--no-defaults')
    expect(makeData?.command[2]).toMatch(/(mysqld|mariadb-install-db) --no-defaults /)
  })

  test.each(FLAVOURS)('%s writes global transaction ids and keeps its log for good', (flavour) => {
    const args = statefulSet({ flavour }).main.args
    expect(args).toEqual(
      expect.arrayContaining([
        '--log-bin=binlog',
        '--sync-binlog=1',
        '--binlog-expire-logs-seconds=0',
        flavour === 'mysql' ? '--gtid-mode=ON' : '--gtid-strict-mode=ON',
      ]),
    )
  })

  test.each(FLAVOURS)('the image of %s is taken as given, in all containers', (flavour) => {
    const { main, makeData, wait } = statefulSet({ flavour, image: 'mine:1' })
    expect([makeData?.image, wait?.image, main.image]).toEqual(['mine:1', 'mine:1', 'mine:1'])
  })
})

describe('the primary is found by name', () => {
  test('by the init container and the server, with name, namespace and cluster domain in it', () => {
    const { wait, main } = statefulSet({ name: 'orders', clusterDomain: 'lab.example' }, 'moon')
    for (const container of [wait, main]) {
      if (container === undefined) throw new Error('no container')
      expect(env(container, 'PRIMARY_NAME')).toBe('orders-0')
      expect(env(container, 'PRIMARY_SHORT')).toBe('orders-0.orders-headless')
      expect(env(container, 'PRIMARY_FQDN')).toBe('orders-0.orders-headless.moon.svc.lab.example')
      expect(env(container, 'SERVICE_FQDN')).toBe('orders-headless.moon.svc.lab.example')
    }
  })

  test.each(FLAVOURS)('%s: every variable a script reads is set, and none is the kubelet’s', (flavour) => {
    const { wait, main } = statefulSet({ flavour })
    const probes = [main.startupProbe, main.readinessProbe, main.livenessProbe].map(
      (probe) => (probe?.['exec'] as { command: string[] }).command[2] ?? '',
    )
    const set = main.env?.map(({ name }) => name) ?? []
    expect(wait?.env).toEqual(main.env)
    for (const script of [wait?.command[2] ?? '', main.command[2] ?? '', ...probes]) {
      const read = [...script.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name)
      expect(set).toEqual(expect.arrayContaining(read))
      // The kubelet replaces $(NAME) of a variable it knows, and $$ by $.
      for (const name of set) expect(script).not.toContain(`$(${name})`)
      expect(script).not.toContain('$$')
    }
  })
})

describe('passwords', () => {
  test('are of a Secret that is named, and made by nobody here', () => {
    const { scope, construct } = mysql({ name: 'orders' }, 'moon')
    expect(synth(scope).map(({ kind }) => kind)).not.toContain('Secret')
    expect(construct.credentials.secretName).toBe('orders-secret')
    expect(requiredSecrets(scope)).toEqual([
      {
        namespace: 'moon',
        name: 'orders-secret',
        keys: ['password', 'replication-password', 'root-password'],
      },
    ])
  })

  test('are files, in no environment, and what is written of them is in memory', () => {
    const { pod, makeData, wait, main } = statefulSet()
    expect(JSON.stringify(pod)).not.toMatch(/secretKeyRef|envFrom/)
    expect(pod.spec.volumes.find(({ name }) => name === 'credentials')).toMatchObject({
      secret: { secretName: 'mysql-secret', defaultMode: 0o440 },
    })
    expect(pod.spec.volumes.find(({ name }) => name === 'run')?.emptyDir).toMatchObject({ medium: 'Memory' })
    for (const container of [wait, main])
      expect(container?.volumeMounts).toEqual(
        expect.arrayContaining([
          { name: 'credentials', mountPath: '/run/secrets/mysql', readOnly: true },
          { name: 'run', mountPath: '/run/mysqld' },
        ]),
      )
    expect(JSON.stringify(makeData?.volumeMounts)).not.toContain('credentials')
  })
})

describe('the volume', () => {
  const claim = (props?: MysqlProps) =>
    first(statefulSet(props).manifest.spec['volumeClaimTemplates'] as Record<string, unknown>[])

  test('is 1Gi of the default class', () => {
    expect(claim()).toMatchObject({
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    expect(claim()['spec']).not.toHaveProperty('storageClassName')
  })

  test('has the size and class it was given', () => {
    expect(claim({ volume: { size: '20Gi', storageClass: 'fast' } })['spec']).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '20Gi' } },
    })
  })

  test('is where the data is made and served from', () => {
    const { makeData, main } = statefulSet()
    for (const container of [makeData, main])
      expect(container?.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' })
    expect(main.args).toContain('--datadir=/data/mysql')
  })
})

describe('probes', () => {
  const seconds = (probe: unknown) => {
    const { periodSeconds, failureThreshold } = probe as { periodSeconds: number; failureThreshold: number }
    return periodSeconds * failureThreshold
  }

  test.each(FLAVOURS)('%s: readiness knows replication', (flavour) => {
    expect(JSON.stringify(statefulSet({ flavour }).main.readinessProbe?.['exec'])).toContain(
      'SHOW REPLICA STATUS',
    )
  })

  test('a server has ten minutes to start, and two before it counts as dead; being full is not dead', () => {
    const { startupProbe, livenessProbe } = statefulSet().main
    expect(seconds(startupProbe)).toBeGreaterThanOrEqual(600)
    expect(seconds(livenessProbe)).toBeGreaterThanOrEqual(120)
    expect(JSON.stringify(livenessProbe?.['exec'])).not.toContain('REPLICA')
  })
})

test('3306 is open to the namespace, replicas among it, and to those it was told; nothing else is', () => {
  const { objects } = statefulSet({ allowFrom: [{ namespace: 'tools' }] })
  expect(object(objects, 'NetworkPolicy', 'mysql').spec).toMatchObject({
    podSelector: { matchLabels: { app: 'mysql' } },
    ingress: [
      {
        from: [
          { podSelector: {} },
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'tools' } } },
        ],
        ports: [{ protocol: 'TCP', port: 3306 }],
      },
    ],
  })
})

test('the pods run as the user of the official images, and wait for as many nodes as they were told', () => {
  const { pod } = statefulSet({ minDomains: 3 })
  expect(pod.spec.securityContext).toMatchObject({ runAsUser: 999, runAsGroup: 999, fsGroup: 999 })
  expect(first(pod.spec.topologySpreadConstraints)).toMatchObject({
    minDomains: 3,
    whenUnsatisfiable: 'DoNotSchedule',
  })
})

describe('asking a Mysql for names', () => {
  test('of one pod, of all pods, of the Services', () => {
    const { construct } = mysql()
    expect(construct.pod(0).fqdn).toBe('mysql-0.mysql-headless.default.svc.cluster.local')
    expect(construct.pods().map(({ short }) => short)).toEqual([
      'mysql-0.mysql-headless',
      'mysql-1.mysql-headless',
      'mysql-2.mysql-headless',
    ])
    expect(construct.headless.srv('mysql')).toBe('_mysql._tcp.mysql-headless.default.svc.cluster.local')
    expect(construct.clusterIp.dns.fqdn).toBe('mysql.default.svc.cluster.local')
  })

  test('there is no pod 3 of three', () => {
    expect(() => mysql().construct.pod(3)).toThrow(RangeError)
  })
})

test('without a pod it can still be synthesised', () => {
  expect(statefulSet({ replicas: 0 }).manifest.spec['replicas']).toBe(0)
})

describe('synthesis refuses, naming the path of the construct', () => {
  const bad: [MysqlProps, string][] = [
    [{ name: 'MySQL' }, '[test/mysql/workload] name "MySQL"'],
    [
      { name: '0sql' },
      '[test/mysql/services/headless] service name "0sql-headless" does not start with a letter',
    ],
    [{ name: 'x'.repeat(53) }, '[test/mysql/workload] name "xxx'],
    [{ replicas: -1 }, '[test/mysql/workload] replicas is -1'],
    [{ minDomains: 0 }, '[test/mysql/workload] minDomains is 0'],
    [{ volume: { size: '1 GB' } }, '[test/mysql/workload] size of volume claim "data" is "1 GB"'],
    [{ clusterDomain: 'a..b' }, '[test/mysql/services/headless] cluster domain "a..b"'],
    [{ allowFrom: [{ namespace: 'A' }] }, '[test/mysql/workload/ingress] peer namespace "A"'],
  ]
  test.each(bad)('%j', (props, message) => {
    expect(() => synth(mysql(props).scope)).toThrow(message)
  })

  test.each(['maria', '', 'toString'])('the flavour %j, as the types do', (flavour) => {
    expect(() => synth(mysql({ flavour: flavour as MysqlFlavour }).scope)).toThrow(
      `[test/mysql] flavour is ${JSON.stringify(flavour)}; write one of "mariadb", "mysql"`,
    )
  })
})
