import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { requiredSecrets } from '../../constructs/credentials.js'
import { Redis, type RedisProps } from '../../constructs/workloads/redis.js'
import { chart, env, first, object, synth, template, type Container } from './objects.js'

function redis(props: RedisProps = {}, namespace?: string) {
  const scope = chart(namespace)
  const construct = new Redis(scope, 'redis', props)
  return { scope, construct }
}

function rendered(props: RedisProps = {}, namespace?: string) {
  const objects = synth(redis(props, namespace).scope)
  const manifest = object(objects, 'StatefulSet', props.name ?? 'redis')
  const pod = template(manifest)
  return { objects, manifest, pod, main: first(pod.spec.containers) }
}

/** One that goes by the ordinal: only it has an init container. */
function statefulSet(props: RedisProps = {}, namespace?: string) {
  const all = rendered(props, namespace)
  return { ...all, init: first(all.pod.spec.initContainers) }
}

const USERS = { app: '~app:* &* +@all -@dangerous' }

test.each<[string, RedisProps]>([
  ['redis', {}],
  ['redis-volume', { volume: {} }],
  ['redis-auth', { auth: { users: USERS } }],
  ['redis-sentinel', { volume: {}, auth: { users: USERS }, sentinel: {} }],
])('the objects of %s', async (name, props) => {
  const yaml = synth(redis(props).scope)
    .map((manifest) => stringify(manifest, { lineWidth: 0 }))
    .join('---\n')
  await expect(yaml).toMatchFileSnapshot(`snapshots/${name}.yaml`)
})

test('the names, port and labels are those of document 001, so that its commands work', () => {
  const { objects, manifest, pod } = statefulSet()
  expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
    'NetworkPolicy/redis',
    'PodDisruptionBudget/redis',
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

  test.each<RedisProps>([
    {},
    { auth: { users: USERS } },
    { sentinel: {} },
    { sentinel: {}, auth: { users: USERS } },
  ])(
    'every variable a script reads is set, and no script holds what the kubelet would expand: %j',
    (props) => {
      const { spec } = rendered(props).pod
      for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
        const script = container.command[2] ?? ''
        const own = [...script.matchAll(/\b([A-Z_]+)=/g)].map(([, name]) => name)
        const read = [...script.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name)
        expect(read.length).toBeGreaterThan(3)
        const set = container.env?.map(({ name }) => name) ?? []
        expect([...set, ...own]).toEqual(expect.arrayContaining(read))
        // The kubelet replaces $(NAME) of a variable it knows, and $$ by $.
        for (const name of set) expect(script).not.toContain(`$(${name})`)
        expect(script).not.toContain('$$')
      }
    },
  )
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

test('a directory without a volume holds what a replica is sent, however much that is', () => {
  const { pod } = statefulSet({ memoryMiB: 1024 })
  expect(pod.spec.volumes.find(({ name }) => name === 'data')).toMatchObject({
    emptyDir: { sizeLimit: '1088Mi' },
  })
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
      new RangeError(`test/redis/headless: no pod ${ordinal}, redis has 3 replicas`),
    )
  })
})

test('image and replicas are taken as given, in both containers', () => {
  const { manifest, init, main } = statefulSet({ image: 'mine:1', replicas: 0 })
  expect([init.image, main.image]).toEqual(['mine:1', 'mine:1'])
  expect(manifest.spec['replicas']).toBe(0)
})

/** A Redis with one user. */
function user(name: string, rules = '+@all'): RedisProps {
  return { auth: { users: { [name]: rules } } }
}

describe('synthesis refuses, naming the path of the construct', () => {
  const bad: [RedisProps, string][] = [
    [{ name: 'Redis' }, '[test/redis/workload] name "Redis"'],
    [{ name: '' }, '[test/redis/workload] name is empty'],
    [{ name: 'x'.repeat(53) }, '[test/redis/workload] name "xxx'],
    [{ name: '0redis' }, '[test/redis/headless] service name "0redis-headless" does not start with a letter'],
    [{ replicas: -1 }, '[test/redis/workload] replicas is -1'],
    [{ replicas: 1.5 }, '[test/redis/workload] replicas is 1.5'],
    [{ replicas: NaN }, '[test/redis/workload] replicas is NaN'],
    [{ minDomains: 0 }, '[test/redis/workload] minDomains is 0'],
    [{ clusterDomain: 'a..b' }, '[test/redis/headless] cluster domain "a..b"'],
    [{ volume: { size: '1 GB' } }, '[test/redis/workload] size of volume claim "data" is "1 GB"'],
    [{ allowFrom: [{ namespace: 'A' }] }, '[test/redis/workload/ingress] peer namespace "A"'],
    [{ auth: { secretName: 'A' } }, '[test/redis/credentials] name "A"'],
    [user('default'), '[test/redis] auth.users: "default" has all rights'],
    [user('a b'), '[test/redis] auth.users: "a b" is no name'],
    [user('a\nb'), '[test/redis] auth.users: "a\\nb" is no name'],
    [user(''), '[test/redis] auth.users: "" is no name'],
    [user('../x'), '[test/redis] auth.users: "../x" is no name'],
    [user('app', ''), '[test/redis] auth.users: the rules of "app" are empty'],
    [user('app', '+get\nrequirepass x'), 'the rules of "app" have a character that is not printable'],
    [user('app', '~"a'), 'the rules of "app" have one of the characters'],
    [user('app', '~$(POD_NAME)'), 'the rules of "app" have one of the characters'],
    [user('app', '+@all >secret'), 'the rules of "app" say ">secret"; the password is of the Secret'],
    [user('app', '+@all nopass'), 'the rules of "app" say "nopass"; the password is of the Secret'],
    [{ sentinel: {}, replicas: 2 }, '[test/redis] sentinel needs 3 replicas or more'],
    [{ sentinel: { quorum: 4 } }, '[test/redis] sentinel.quorum is 4; write a whole number, 1 to'],
    [{ sentinel: { quorum: 0 } }, '[test/redis] sentinel.quorum is 0'],
    [{ sentinel: { quorum: 1.5 } }, '[test/redis] sentinel.quorum is 1.5'],
  ]
  test.each(bad)('%j', (props, message) => {
    expect(() => synth(redis(props).scope)).toThrow(message)
  })

  test('a bad name is the only mistake reported, not also a selector that could not be looked at', () => {
    expect(() => synth(redis({ name: 'Redis' }).scope)).not.toThrow('selector')
  })
})

describe('a volume', () => {
  test('of 1Gi of the default class, or as it was given', () => {
    const spec = (props: RedisProps) =>
      first(statefulSet(props).manifest.spec['volumeClaimTemplates'] as Record<string, unknown>[])
    expect(spec({ volume: {} })).toEqual({
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
    expect(spec({ volume: { size: '5Gi', storageClass: 'fast' } })['spec']).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '5Gi' } },
    })
  })

  test('holds an append-only log, in the place of the scratch directory', () => {
    const { main, pod } = statefulSet({ volume: {} })
    expect(main.args?.join(' ')).toContain('--appendonly yes')
    expect(main.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' })
    expect(pod.spec.volumes).toEqual([])
  })
})

describe('passwords', () => {
  test('are of a Secret that is named, one for each user, and made by nobody here', () => {
    const { scope } = redis({ name: 'cache', auth: { users: USERS } }, 'moon')
    expect(synth(scope).map(({ kind }) => kind)).not.toContain('Secret')
    expect(requiredSecrets(scope)).toEqual([
      { namespace: 'moon', name: 'cache-secret', keys: ['app-password', 'password'] },
    ])
    expect(redis({ auth: { secretName: 'mine' } }).construct.credentials?.secretName).toBe('mine')
    expect(redis().construct.credentials).toBeUndefined()
  })

  test('are files, in no environment, and what is written of them is in memory', () => {
    const { pod, init, main } = statefulSet({ auth: { users: USERS } })
    expect(JSON.stringify(pod)).not.toMatch(/secretKeyRef|envFrom/)
    const secret = { name: 'credentials', mountPath: '/etc/redis-auth', readOnly: true }
    expect(init.volumeMounts).toContainEqual(secret)
    expect(main.volumeMounts).toContainEqual(secret)
    const run = pod.spec.volumes.find(({ name }) => name === 'run')
    expect(run?.emptyDir).toMatchObject({ medium: 'Memory' })
    expect(env(main, 'ACL_USERS')).toBe('app ~app:* &* +@all -@dangerous')
  })

  test('are what the probes log in by', () => {
    const { main } = statefulSet({ auth: {} })
    for (const probe of [main.readinessProbe, main.livenessProbe])
      expect(JSON.stringify(probe?.['exec'])).toContain('REDISCLI_AUTH=')
  })
})

describe('Sentinel', () => {
  const sentinelOf = (props: RedisProps) => {
    const all = rendered(props)
    const sentinel = all.pod.spec.containers.find(({ name }) => name === 'sentinel')
    if (sentinel === undefined) throw new Error('no container sentinel')
    return { ...all, sentinel }
  }

  test('is asked at a port of the headless Service, which knows also pods that are not Ready', () => {
    const { objects, sentinel } = sentinelOf({ sentinel: {} })
    expect(object(objects, 'Service', 'redis-headless').spec).toMatchObject({
      publishNotReadyAddresses: true,
      ports: [{ name: 'redis' }, { name: 'sentinel', port: 26379, targetPort: 'sentinel' }],
    })
    expect(sentinel.ports).toEqual([{ name: 'sentinel', containerPort: 26379 }])
    expect(redis({ sentinel: {} }).construct.headless.srv('sentinel')).toBe(
      '_sentinel._tcp.redis-headless.default.svc.cluster.local',
    )
    expect(JSON.stringify(object(objects, 'NetworkPolicy', 'redis').spec)).toContain('26379')
  })

  test('lets all pods start at once, and none waits for a master that may be the last of them', () => {
    const { manifest, pod } = sentinelOf({ sentinel: {} })
    expect(manifest.spec['podManagementPolicy']).toBe('Parallel')
    expect(pod.spec.initContainers).toBeUndefined()
  })

  test.each([
    [3, undefined, '2'],
    [4, undefined, '3'],
    [5, undefined, '3'],
    [5, 2, '2'],
  ])('of %s pods, quorum %s given, is %s', (replicas, quorum, expected) => {
    const { sentinel } = sentinelOf({ replicas, sentinel: quorum === undefined ? {} : { quorum } })
    expect(env(sentinel, 'SENTINEL_QUORUM')).toBe(expected)
  })

  test('keeps what it knows where the data is, and knows the master by the workload’s name', () => {
    const { sentinel, main } = sentinelOf({ name: 'cache', sentinel: {} })
    expect(sentinel.volumeMounts).toEqual([{ name: 'data', mountPath: '/data' }])
    expect(main.volumeMounts).toEqual(sentinel.volumeMounts)
    expect(env(sentinel, 'SENTINEL_MASTER')).toBe('cache')
  })

  test('and a master that is cut off takes no writes', () => {
    expect(sentinelOf({ sentinel: {} }).main.args?.join(' ')).toContain('--min-replicas-to-write 1')
    expect(statefulSet().main.args?.join(' ')).not.toContain('--min-replicas')
  })
})

test('6379 is open to the namespace, replicas among it, and to those it was told; nothing else is', () => {
  const { objects } = statefulSet({ allowFrom: [{ namespace: 'tools' }] })
  expect(object(objects, 'NetworkPolicy', 'redis').spec).toMatchObject({
    podSelector: { matchLabels: { app: 'redis' } },
    ingress: [
      {
        from: [
          { podSelector: {} },
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'tools' } } },
        ],
        ports: [{ protocol: 'TCP', port: 6379 }],
      },
    ],
  })
})

describe('how much data it holds', () => {
  const main = (props: RedisProps) => {
    const scope = chart()
    new Redis(scope, 'redis', props)
    return first(template(object(synth(scope), 'StatefulSet', 'redis')).spec.containers)
  }
  const maxmemory = ({ args = [] }: Container) => args[args.indexOf('--maxmemory') + 1]

  test.each([
    [{}, '48mb', '128Mi', '32Mi'],
    [{ memoryMiB: 1024 }, '1024mb', '2080Mi', '520Mi'],
  ])('%j: the pod may use twice as much and some more', (props, limit, memoryLimit, memory) => {
    expect(maxmemory(main(props))).toBe(limit)
    expect(main(props).resources.limits).toEqual({ memory: memoryLimit })
    expect(main(props).resources.requests['memory']).toBe(memory)
  })

  test('is at least 16 MiB', () => {
    expect(() => main({ memoryMiB: 15 })).toThrow(
      '[test/redis] memoryMiB is 15; write a whole number, 16 or more',
    )
  })
})
