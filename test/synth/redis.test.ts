import { describe, expect, test } from 'vitest'
import { Redis, type RedisProps } from '../../constructs/index.js'
import { chart, env, first, object, synth, template } from './objects.js'

function redis(props: RedisProps = {}, namespace?: string) {
  const scope = chart(namespace)
  const construct = new Redis(scope, 'redis', props)
  return { scope, construct }
}

function statefulSet(props: RedisProps = {}, namespace?: string) {
  const name = props.name ?? 'redis'
  const objects = synth(redis(props, namespace).scope)
  const manifest = object(objects, 'StatefulSet', name)
  const pod = template(manifest)
  return { objects, manifest, pod, init: first(pod.spec.initContainers), main: first(pod.spec.containers) }
}

test('the names, port and labels are those of document 001, so that its commands work', () => {
  const { objects, manifest, pod } = statefulSet()
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
    'Service/redis-headless',
    'StatefulSet/redis',
  ])
  expect(manifest.spec).toMatchObject({ replicas: 3, selector: { matchLabels: { app: 'redis' } } })
  expect(pod.metadata.labels).toMatchObject({ app: 'redis', 'app.kubernetes.io/name': 'redis' })
  expect(object(objects, 'Service', 'redis-headless').spec).toMatchObject({
    clusterIP: 'None',
    selector: { app: 'redis' },
    ports: [{ name: 'redis', port: 6379 }],
  })
})

test('the StatefulSet names the Service that gives its pods their names; else they would have none', () => {
  const { objects, manifest } = statefulSet({ name: 'cache' })
  expect(manifest.spec['serviceName']).toBe('cache-headless')
  object(objects, 'Service', 'cache-headless')
})

test('the port of the Service is a port of the container', () => {
  const { objects, main } = statefulSet()
  const { ports } = object(objects, 'Service', 'redis-headless').spec as { ports: [{ targetPort: string }] }
  expect(main.ports).toEqual([{ name: ports[0].targetPort, containerPort: 6379 }])
})

test('pods start one after the other, so that the master is in DNS before a replica asks for it', () => {
  expect(statefulSet().manifest.spec['podManagementPolicy']).toBe('OrderedReady')
})

describe('the master is found by name', () => {
  test('the init container and the server know it by the same names', () => {
    const { init, main } = statefulSet()
    expect(init.name).toBe('wait-for-master')
    for (const container of [init, main]) {
      expect(env(container, 'MASTER_NAME')).toBe('redis-0')
      expect(env(container, 'MASTER_SHORT')).toBe('redis-0.redis-headless')
      expect(env(container, 'MASTER_FQDN')).toBe('redis-0.redis-headless.default.svc.cluster.local')
      expect(env(container, 'SERVICE_FQDN')).toBe('redis-headless.default.svc.cluster.local')
      expect(container.env).toContainEqual({
        name: 'POD_NAME',
        valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
      })
    }
  })

  test('name, namespace and cluster domain are in the name', () => {
    const { main } = statefulSet({ name: 'cache', clusterDomain: 'lab.example' }, 'moon')
    expect(env(main, 'MASTER_FQDN')).toBe('cache-0.cache-headless.moon.svc.lab.example')
  })

  test('every variable a script reads is set, and no script holds what the kubelet would expand', () => {
    const { init, main } = statefulSet()
    for (const container of [init, main]) {
      const script = container.command[2] ?? ''
      const read = [...script.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name)
      expect(read.length).toBeGreaterThan(3)
      const set = container.env?.map(({ name }) => name) ?? []
      expect(set).toEqual(expect.arrayContaining(read))
      // The kubelet replaces $(NAME) of a variable it knows, and $$ by $.
      for (const name of set) expect(script).not.toContain(`$(${name})`)
      expect(script).not.toContain('$$')
    }
  })
})

test('the server listens on all addresses, without protected mode, and writes nothing to disk', () => {
  const { main, pod } = statefulSet()
  const options = ` ${(main.args ?? []).map((arg) => (arg === '' ? "''" : arg)).join(' ')} `
  for (const option of [
    '--bind * -::*',
    '--protected-mode no',
    "--save ''",
    '--appendonly no',
    '--dir /data',
  ])
    expect(options).toContain(` ${option} `)
  const data = first(main.volumeMounts?.filter(({ mountPath }) => mountPath === '/data'))
  expect(pod.spec.volumes.find(({ name }) => name === data.name)).toHaveProperty('emptyDir')
})

describe('one pod on every node, the control plane included', () => {
  const spread = (props?: RedisProps) => first(statefulSet(props).pod.spec.topologySpreadConstraints)

  test('it may run on the control plane', () => {
    expect(statefulSet().pod.spec.tolerations).toEqual([
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
    ])
  })

  test('a pod that would make the spread uneven is not scheduled, and nodes it cannot use do not count', () => {
    expect(spread()).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      nodeTaintsPolicy: 'Honor',
    })
  })

  test('it counts its own pods: the selector matches the labels of the template', () => {
    const { pod } = statefulSet({ name: 'cache' })
    const { matchLabels } = first(pod.spec.topologySpreadConstraints)['labelSelector'] as {
      matchLabels: object
    }
    expect(pod.metadata.labels).toMatchObject(matchLabels)
    expect(matchLabels).toEqual({ app: 'cache' })
  })

  test('it waits for as many nodes as it was told, and for none when it was not', () => {
    expect(spread({ minDomains: 3 })['minDomains']).toBe(3)
    expect(spread()).not.toHaveProperty('minDomains')
  })
})

test('probes: readiness knows replication and is quick, liveness is slower to act than any look-up', () => {
  const { main } = statefulSet()
  expect(JSON.stringify(main.readinessProbe?.['exec'])).toContain('master_link_status:up')
  expect(main.readinessProbe?.['periodSeconds']).toBeLessThanOrEqual(2)
  const { periodSeconds, failureThreshold } = main.livenessProbe as {
    periodSeconds: number
    failureThreshold: number
  }
  expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(60)
})

describe('asking a Redis for names', () => {
  test('of one pod, of all pods, of the SRV records', () => {
    const { construct } = redis()
    expect(construct.pod(0).fqdn).toBe('redis-0.redis-headless.default.svc.cluster.local')
    expect(construct.pods().map(({ short }) => short)).toEqual([
      'redis-0.redis-headless',
      'redis-1.redis-headless',
      'redis-2.redis-headless',
    ])
    expect(construct.headless.srv('redis')).toBe('_redis._tcp.redis-headless.default.svc.cluster.local')
  })

  test.each([-1, 3, 0.5, NaN])('there is no pod %s of three', (ordinal) => {
    expect(() => redis().construct.pod(ordinal)).toThrow(
      new RangeError(`test/redis: no pod ${ordinal}, it has 3 replicas`),
    )
  })
})

test('image and replicas are taken as given, in both containers', () => {
  const { manifest, init, main } = statefulSet({ image: 'mine:1', replicas: 0 })
  expect([init.image, main.image]).toEqual(['mine:1', 'mine:1'])
  expect(manifest.spec['replicas']).toBe(0)
})

describe('synthesis refuses, naming the path of the construct', () => {
  const bad: [RedisProps, string][] = [
    [{ name: 'Redis' }, '[test/redis] name "Redis"'],
    [{ name: '' }, '[test/redis] name is empty'],
    [{ name: 'x'.repeat(53) }, '[test/redis] name "xxx'],
    [{ name: '0redis' }, '[test/redis/headless] service name "0redis-headless" does not start with a letter'],
    [{ replicas: -1 }, '[test/redis] replicas is -1'],
    [{ replicas: 1.5 }, '[test/redis] replicas is 1.5'],
    [{ replicas: NaN }, '[test/redis] replicas is NaN'],
    [{ minDomains: 0 }, '[test/redis] minDomains is 0'],
    [{ clusterDomain: 'a..b' }, '[test/redis/headless] cluster domain "a..b"'],
  ]
  test.each(bad)('%j', (props, message) => {
    expect(() => synth(redis(props).scope)).toThrow(message)
  })

  test('a bad name is the only mistake reported, not also a selector that could not be looked at', () => {
    expect(() => synth(redis({ name: 'Redis' }).scope)).not.toThrow('selector')
  })
})
