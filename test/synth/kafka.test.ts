import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Kafka, type KafkaProps } from '../../constructs/index.js'
import { chart, env, first, object, synth, template } from './objects.js'

function kafka(props: KafkaProps = {}, namespace = 'streaming') {
  const scope = chart(namespace)
  return { scope, construct: new Kafka(scope, 'kafka', props) }
}

function statefulSet(props: KafkaProps = {}, namespace?: string) {
  const name = props.name ?? 'kafka'
  const objects = synth(kafka(props, namespace).scope)
  const manifest = object(objects, 'StatefulSet', name)
  const pod = template(manifest)
  return { objects, manifest, pod, main: first(pod.spec.containers) }
}

test('all of it, by default', async () => {
  const objects = synth(kafka().scope)
  const text = objects.map((one) => stringify(one)).join('---\n')
  await expect(text).toMatchFileSnapshot('snapshots/kafka.yaml')
})

test('the names, ports and labels are those of document 002, so that its commands work', () => {
  const { objects, manifest, pod } = statefulSet()
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
    'NetworkPolicy/kafka',
    'PodDisruptionBudget/kafka',
    'Service/kafka-headless',
    'StatefulSet/kafka',
  ])
  expect(manifest.spec).toMatchObject({
    replicas: 3,
    serviceName: 'kafka-headless',
    selector: { matchLabels: { app: 'kafka' } },
  })
  expect(pod.metadata.labels).toMatchObject({ app: 'kafka', 'app.kubernetes.io/name': 'kafka' })
  expect(object(objects, 'Service', 'kafka-headless').spec).toMatchObject({
    clusterIP: 'None',
    selector: { app: 'kafka' },
    ports: [
      { name: 'broker', port: 9092, targetPort: 'broker' },
      { name: 'controller', port: 9093, targetPort: 'controller' },
    ],
  })
})

test('the quorum can form by name: all pods start at once, and are in DNS before they are Ready', () => {
  const { objects, manifest } = statefulSet()
  expect(manifest.spec['podManagementPolicy']).toBe('Parallel')
  expect(object(objects, 'Service', 'kafka-headless').spec['publishNotReadyAddresses']).toBe(true)
})

describe('the environment of the script', () => {
  test('the number of the node is the index of the pod, its name that of the pod', () => {
    const { main } = statefulSet()
    expect(main.env).toContainEqual({
      name: 'NODE_ID',
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
    })
    expect(main.env).toContainEqual({
      name: 'POD_NAME',
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
    })
  })

  test('the voters are all pods, each by its number and its whole name', () => {
    const { main } = statefulSet({ name: 'events', clusterDomain: 'lab.example', replicas: 2 }, 'moon')
    expect(env(main, 'QUORUM_VOTERS')).toBe(
      '0@events-0.events-headless.moon.svc.lab.example:9093,1@events-1.events-headless.moon.svc.lab.example:9093',
    )
    expect(env(main, 'SERVICE_FQDN')).toBe('events-headless.moon.svc.lab.example')
  })

  test('every variable the script reads is set, and it holds nothing that the kubelet would expand', () => {
    const { main } = statefulSet()
    const script = main.command[2] ?? ''
    const own = new Set(['PATH'])
    const read = [...script.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name = '']) => name)
    const set = main.env?.map(({ name }) => name) ?? []
    expect(set).toEqual(expect.arrayContaining(read.filter((name) => !own.has(name))))
    expect(read).toEqual(expect.arrayContaining(['NODE_ID', 'QUORUM_VOTERS', 'CLUSTER_ID']))
    for (const name of set) expect(script).not.toContain(`$(${name})`)
    expect(script).not.toContain('$$')
  })
})

describe('the id of the cluster', () => {
  const idOf = (props: KafkaProps, namespace?: string): string | undefined =>
    env(statefulSet(props, namespace).main, 'CLUSTER_ID')

  test('is 16 bytes, in base64url', () => {
    const id = idOf({}) ?? ''
    expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
    expect(Buffer.from(id, 'base64url').toString('base64url')).toBe(id)
    expect(kafka().construct.clusterId).toBe(id)
  })

  test('is never an option on a command line, in whatever namespace', () => {
    const ids = Array.from({ length: 500 }, (_, i) => kafka({}, `n${i}`).construct.clusterId)
    expect(ids.filter((id) => id.startsWith('-'))).toEqual([])
    expect(new Set(ids).size).toBe(500)
  })

  test('is the same each time, or the volumes would belong to another cluster after the next deploy', () => {
    expect(idOf({})).toBe('dyQYq05EsFG7bMbThIQJlg')
  })

  test('differs by namespace and by name', () => {
    const ids = [idOf({}), idOf({}, 'moon'), idOf({ name: 'events' })]
    expect(new Set(ids).size).toBe(3)
  })

  test('can be given', () => {
    expect(idOf({ clusterId: 'AbCdEfGhIjKlMnOpQrStUA' })).toBe('AbCdEfGhIjKlMnOpQrStUA')
  })
})

test('topics are replicated as far as there are pods', () => {
  expect(statefulSet().main.args).toEqual(
    expect.arrayContaining(['default.replication.factor=3', 'min.insync.replicas=2']),
  )
  expect(statefulSet({ replicas: 1 }).main.args).toEqual(
    expect.arrayContaining(['default.replication.factor=1', 'min.insync.replicas=1']),
  )
})

test('data is on a volume of each pod’s own; what else is written goes to a scratch directory', () => {
  const { manifest, pod, main } = statefulSet({ volume: { size: '20Gi', storageClass: 'fast' } })
  expect(manifest.spec['volumeClaimTemplates']).toMatchObject([
    {
      metadata: { name: 'data' },
      spec: { storageClassName: 'fast', resources: { requests: { storage: '20Gi' } } },
    },
  ])
  // Not at or above /var/lib/kafka/data: the official image declares a volume there, which would cover it.
  expect(main.volumeMounts).toEqual([
    { name: 'data', mountPath: '/kafka' },
    { name: 'scratch', mountPath: '/tmp' },
  ])
  expect(first(pod.spec.volumes)).toMatchObject({ name: 'scratch', emptyDir: {} })
  // Below the root of the volume, where a file system may keep its own.
  expect(main.args).toContain('log.dirs=/kafka/data')
})

describe('who may connect', () => {
  const ingress = (props?: KafkaProps) =>
    object(statefulSet(props).objects, 'NetworkPolicy', 'kafka').spec['ingress']

  test('to brokers the namespace, to controllers only each other', () => {
    expect(ingress()).toEqual([
      { from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 9092 }] },
      {
        from: [{ podSelector: { matchLabels: { app: 'kafka' } } }],
        ports: [{ protocol: 'TCP', port: 9093 }],
      },
    ])
  })

  test('others that are allowed reach the brokers, not the controllers', () => {
    const [clients, peers] = ingress({ allowFrom: [{ namespace: 'moon' }] }) as { from: unknown[] }[]
    expect(clients?.from).toHaveLength(2)
    expect(peers?.from).toHaveLength(1)
  })
})

describe('probes', () => {
  test('ask for the port that opens when the broker has joined; a JVM for each would be too much', () => {
    const { main } = statefulSet()
    expect(main.readinessProbe?.['tcpSocket']).toEqual({ port: 'broker' })
  })

  test('a start may take longer than the broker itself waits for the others', () => {
    const { main } = statefulSet()
    const { periodSeconds, failureThreshold } = (
      main as unknown as { startupProbe: { periodSeconds: number; failureThreshold: number } }
    ).startupProbe
    const waits = main.args?.find((line) => line.startsWith('initial.broker.registration.timeout.ms='))
    expect(periodSeconds * failureThreshold * 1000).toBeGreaterThan(Number(waits?.split('=')[1]))
  })
})

test('the pod may use more than the heap: the JVM’s own, and a tool that is run beside the server', () => {
  const { resources, env: variables } = statefulSet({ heapMiB: 1000 }).main
  expect(variables).toContainEqual({ name: 'SERVER_HEAP', value: '-Xmx1000m' })
  expect(resources.limits).toEqual({ memory: '1512Mi' })
})

test('image and nodes to wait for are taken as given', () => {
  const { pod, main } = statefulSet({ image: 'mine:1', minDomains: 3 })
  expect(main.image).toBe('mine:1')
  expect(first(pod.spec.topologySpreadConstraints)).toMatchObject({
    minDomains: 3,
    whenUnsatisfiable: 'DoNotSchedule',
  })
})

describe('asking a Kafka for names', () => {
  test('of one pod, of all brokers, of the SRV records', () => {
    const { construct } = kafka()
    expect(construct.pod(0).short).toBe('kafka-0.kafka-headless')
    expect(construct.bootstrapServers).toEqual([
      'kafka-0.kafka-headless.streaming.svc.cluster.local:9092',
      'kafka-1.kafka-headless.streaming.svc.cluster.local:9092',
      'kafka-2.kafka-headless.streaming.svc.cluster.local:9092',
    ])
    expect(construct.headless.srv('broker')).toBe('_broker._tcp.kafka-headless.streaming.svc.cluster.local')
  })

  test.each([-1, 3, 0.5])('there is no pod %s of three', (ordinal) => {
    expect(() => kafka().construct.pod(ordinal)).toThrow(RangeError)
  })
})

describe('synthesis refuses, naming the path of the construct', () => {
  const bad: [KafkaProps, string][] = [
    [{ name: 'Kafka' }, '[test/kafka/workload] name "Kafka"'],
    [{ replicas: 0 }, '[test/kafka] replicas is 0; write a whole number, 1 or more'],
    [{ replicas: 2.5 }, '[test/kafka] replicas is 2.5'],
    [{ heapMiB: 64 }, '[test/kafka] heapMiB is 64; write a whole number, 128 or more'],
    [{ clusterId: 'c2hvcnQ' }, '[test/kafka] clusterId "c2hvcnQ" is not 16 bytes in base64url'],
    [{ clusterId: '-bCdEfGhIjKlMnOpQrStUA' }, '[test/kafka] clusterId "-bCdEfGhIjKlMnOpQrStUA"'],
    [{ clusterId: 'AbCdEfGhIjKlMnOpQrStUV' }, '[test/kafka] clusterId "AbCdEfGhIjKlMnOpQrStUV"'],
    [{ minDomains: 0 }, '[test/kafka/workload] minDomains is 0'],
    [{ volume: { size: 'much' } }, '[test/kafka/workload] size of volume claim "data" is "much"'],
    [{ allowFrom: [{ cidr: '1.2.3.4' }] }, '[test/kafka/workload/ingress] peer cidr "1.2.3.4"'],
    [{ clusterDomain: 'a..b' }, '[test/kafka/headless] cluster domain "a..b"'],
  ]
  test.each(bad)('%j', (props, message) => {
    expect(() => synth(kafka(props).scope)).toThrow(message)
  })
})
