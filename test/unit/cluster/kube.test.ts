import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, it, vi } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { Kube } from '../../../lab/cluster/kube.js'
import { labErrorOf, never, rejectionOf, temporaryFolder } from '../host/fakes.js'
import { apiServer, muteServer, type ApiAnswer, type ApiCall } from './api-server.js'

async function kubeOf(answer: (call: ApiCall) => ApiAnswer): Promise<Kube> {
  return new Kube(await fileOf((await apiServer(answer)).config), never())
}

async function fileOf(config: KubeConfig): Promise<string> {
  const file = join(await temporaryFolder(), 'kubeconfig')
  await writeFile(file, config.exportConfig())
  return file
}

const node = (name: string, ready: string) => ({
  metadata: { name },
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: ready },
    ],
  },
})

describe('unreachable', () => {
  it('is undefined when the API server answers', async () => {
    const kube = await kubeOf(() => [200, { metadata: { name: 'kube-system' } }])
    expect(await kube.unreachable()).toBeUndefined()
  })

  it('says why it does not', async () => {
    const kube = await kubeOf(() => [503, { kind: 'Status', message: 'etcd is not ready' }])
    expect(await kube.unreachable()).toBe('etcd is not ready')
  })

  it('says that nobody listens', async () => {
    const file = join(await temporaryFolder(), 'kubeconfig')
    const cluster = '{name: x, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}'
    await writeFile(
      file,
      `apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [${cluster}]\nusers: [{name: x, user: {}}]\ncontexts: [{name: x, context: {cluster: x, user: x}}]\n`,
    )
    expect(await new Kube(file, never()).unreachable()).toContain('ECONNREFUSED')
  })
})

it('nodesNotReady names those that are not, or not there', async () => {
  const items = [node('a', 'True'), node('b', 'Unknown')]
  const kube = await kubeOf(() => [200, { kind: 'NodeList', items }])
  expect(await kube.nodesNotReady(['a'])).toBeUndefined()
  expect(await kube.nodesNotReady(['a', 'b', 'c'])).toBe('nodes not Ready: b, c')
})

describe('notRolledOut', () => {
  const live = (namespace: string, name: string, ready: number) => ({
    metadata: { name, namespace, generation: 1 },
    spec: { replicas: 2 },
    status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: ready },
  })
  const deployment = (namespace: string, name: string) => ({
    kind: 'Deployment',
    metadata: { name, namespace },
  })

  it('asks for workloads only, once for each kind', async () => {
    const asked: string[] = []
    const kube = await kubeOf(({ path }) => {
      asked.push(path)
      return [200, { items: [live('web', 'nginx', 1), live('moon', 'nginx', 2)] }]
    })
    const objects = [
      { kind: 'Service', metadata: { name: 'nginx' } },
      { kind: 'Pod', metadata: { name: 'never-ready', labels: { 'headless-lab.dev/health': 'ignored' } } },
      deployment('web', 'nginx'),
      deployment('moon', 'nginx'),
    ]
    expect(await kube.notRolledOut(objects.slice(0, 2))).toBeUndefined()
    expect(asked).toEqual([])
    expect(await kube.notRolledOut(objects)).toBe('Deployment web/nginx: 1 of 2 ready')
    expect(asked).toEqual(['/apis/apps/v1/deployments'])
  })

  it('waits for pods too, but for those that say that their health does not matter', async () => {
    const pods = [
      { metadata: { name: 'tmp01', namespace: 'moon' }, status: { phase: 'Pending' } },
      {
        metadata: { name: 'tmp02', namespace: 'moon' },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
    ]
    const kube = await kubeOf(({ path }) => [200, { items: path === '/api/v1/pods' ? pods : [] }])
    const objects = ['tmp01', 'tmp02', 'tmp03'].map((name) => ({
      kind: 'Pod',
      metadata: { name, namespace: 'moon' },
    }))
    expect(await kube.notRolledOut(objects)).toBe('Pod moon/tmp01: Pending; Pod moon/tmp03: not there')
    expect(await kube.notRolledOut(objects.slice(1, 2))).toBeUndefined()
  })

  it('names all that are missing, of every namespace and kind', async () => {
    const kube = await kubeOf(({ path }) => {
      const items = path.endsWith('/statefulsets') ? [live('database', 'postgres', 0)] : []
      return [200, { items: path.endsWith('/deployments') ? [live('default', 'nginx', 1)] : items }]
    })
    const objects = [
      { kind: 'Deployment', metadata: { name: 'nginx' } },
      { kind: 'StatefulSet', metadata: { name: 'postgres', namespace: 'database' } },
      { kind: 'DaemonSet', metadata: { name: 'multitool', namespace: 'default' } },
    ]
    expect(await kube.notRolledOut(objects)).toBe(
      'Deployment default/nginx: 1 of 2 ready; StatefulSet database/postgres: 0 of 2 ready; DaemonSet default/multitool: not there',
    )
  })
})

it('has tells whether an object is there', async () => {
  const kube = await kubeOf(({ path }) => {
    if (path === '/apis/apps/v1')
      return [200, { resources: [{ name: 'statefulsets', kind: 'StatefulSet', namespaced: true }] }]
    if (path.endsWith('/namespaces/default/statefulsets/redis')) return [200, {}]
    return path.endsWith('/forbidden') ? [403, { message: 'forbidden' }] : [404, {}]
  })
  const set = (name: string) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name } })
  expect(await kube.has(set('redis'))).toBe(true)
  expect(await kube.has(set('postgres'))).toBe(false)
  expect(await kube.has({ ...set('redis'), kind: 'Unknown' })).toBe(false)
  await expect(kube.has(set('forbidden'))).rejects.toMatchObject({ code: 'cluster.rejected' })
})

describe('explain', () => {
  const crashing = {
    metadata: {
      name: 'redis-0',
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis', uid: 'u' }],
    },
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'redis',
          ready: false,
          restartCount: 3,
          image: 'redis',
          imageID: '',
          state: { waiting: { reason: 'CrashLoopBackOff' } },
        },
      ],
    },
  }
  const event = (minute: number, message: string) => ({
    metadata: { name: `e${minute}`, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'redis-0', namespace: 'default' },
    lastTimestamp: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
    message,
  })

  it('shows pods with the reason, the latest warnings and a log', async () => {
    const kube = await kubeOf(({ path, query }) => {
      if (path === '/api/v1/pods') return [200, { items: [crashing] }]
      if (path === '/api/v1/events') {
        expect(query['fieldSelector']).toBe('type=Warning')
        return [200, { items: Array.from({ length: 9 }, (_, i) => event(i, `warning ${i}`)) }]
      }
      return path.endsWith('/log') ? [200, 'Fatal error\n'] : [404, {}]
    })
    const lines = (await kube.explain()).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'pods not ready:',
      '  default/redis-0: container redis: CrashLoopBackOff, 3 restarts',
      'event: Pod default/redis-0: warning 8',
    ])
    expect(lines).not.toContain('event: Pod default/redis-0: warning 0')
    expect(lines.slice(-2)).toEqual(['log of redis-0 (redis):', '  Fatal error'])
  })

  it('shows a pod that nothing owns', async () => {
    const bare = { ...crashing, metadata: { name: 'tmp01', namespace: 'moon' } }
    const kube = await kubeOf(({ path }) =>
      path.endsWith('/log') ? [404, {}] : [200, { items: path === '/api/v1/pods' ? [bare] : [] }],
    )
    expect(await kube.explain()).toContain('  moon/tmp01: container redis: CrashLoopBackOff, 3 restarts')
  })

  it('leaves out a pod whose health does not matter, and what is said of it', async () => {
    const labels = { 'headless-lab.dev/health': 'ignored' }
    const bare = { ...crashing, metadata: { name: 'never-ready', namespace: 'fixtures', labels } }
    const named = (kind: string, name: string) => ({
      ...event(1, 'Unhealthy'),
      involvedObject: { kind, name, ...(kind === 'Pod' ? { namespace: 'fixtures' } : {}) },
    })
    const kube = await kubeOf(({ path }) => {
      if (path === '/api/v1/pods') return [200, { items: [bare] }]
      return [200, { items: [named('Pod', 'never-ready'), named('Node', 'lab-worker')] }]
    })
    expect(await kube.explain()).toBe('all pods are ready\nevent: Node lab-worker: Unhealthy')
  })

  it('says so when all pods are ready', async () => {
    const kube = await kubeOf(() => [200, { items: [] }])
    expect(await kube.explain()).toBe('all pods are ready')
  })

  it('does not fail where the cluster cannot be asked', async () => {
    const kube = await kubeOf(() => [500, { message: 'no quorum' }])
    expect(await kube.explain()).toBe('the cluster could not be asked: no quorum')
  })
})

describe('an API server that takes the connection and does not answer', () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'nginx' } }

  it('is unreachable when its time is over, which waits bear', async () => {
    const { config, open } = await muteServer()
    const kube = new Kube(await fileOf(config), never(), 50)
    const late = 'no answer within 0.05 s'
    expect(await kube.unreachable()).toBe(late)
    expect(await kube.nodesNotReady(['a'])).toBe(`the API server: ${late}`)
    expect(await kube.notRolledOut([deployment])).toBe(`the API server: ${late}`)
    expect(await kube.explain()).toBe(`the cluster could not be asked: ${late}`)
    const error = await labErrorOf(kube.apply(deployment))
    expect(error.code).toBe('cluster.unreachable')
    // Nothing is left that would hold the program.
    await vi.waitFor(() => expect(open()).toBe(0))
    expect(error.message).toMatch(/^the API server https:\S+ does not answer: no answer within 0.05 s$/)
  })

  it('does not hold what is interrupted', async () => {
    const interrupted = new LabError('interrupted', 'interrupted')
    const file = await fileOf((await muteServer()).config)
    const controller = new AbortController()
    const kube = new Kube(file, controller.signal)
    const ended = [
      kube.unreachable(),
      kube.nodesNotReady(['a']),
      kube.notRolledOut([deployment]),
      kube.apply(deployment),
    ].map(rejectionOf)
    setImmediate(() => controller.abort(interrupted))
    for (const error of ended) expect(await error).toBe(interrupted)
  })
})
