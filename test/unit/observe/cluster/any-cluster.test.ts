import { stringify } from 'yaml'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judge } from '../../../../lab/checks/judge.js'
import { withCluster, type AnyCluster } from '../../../../lab/observe/any-cluster.js'
import { observe } from '../../../../lab/observe/observe.js'
import type { Pod } from '../../../../lab/observe/model/pods.js'
import type { VerifyTarget } from '../../../../lab/observe/model/target.js'
import type { CheckResult } from '../../../../lab/report/model.js'
import { temporaryFolder } from '../../host/fakes.js'
import { muteServer, type ApiCall } from '../../cluster/api-server.js'
import { FakeClock } from '../fake-clock.js'
import {
  fakeCluster,
  forbidden,
  node,
  nodeOf,
  type FakeCluster,
  type FakeClusterProps,
} from './fake-cluster.js'

const service = (name: string): object => ({
  metadata: { name, namespace: 'web' },
  spec: { clusterIP: 'None' },
})
const slice = (name: string, manager: string | undefined): object => ({
  metadata: {
    ...{ name, namespace: 'web' },
    labels: manager === undefined ? {} : { 'endpointslice.kubernetes.io/managed-by': manager },
  },
})

const NODES = {
  '/api/v1/nodes': [
    node('b'),
    node('a'),
    node('m', { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
  ],
}
const WEB = {
  ...NODES,
  '/api/v1/namespaces/web/services': [service('nginx')],
  '/apis/apps/v1/namespaces/web/deployments': [
    { metadata: { name: 'nginx', namespace: 'web' }, status: { replicas: 3 } },
  ],
  '/apis/discovery.k8s.io/v1/namespaces/web/endpointslices': [
    slice('of-a-selector', 'endpointslice-controller.k8s.io'),
    slice('by-hand', undefined),
    slice('of-endpoints', 'endpointslicemirroring-controller.k8s.io'),
  ],
}

async function inFile({ config }: Pick<FakeCluster, 'config'>): Promise<string> {
  const file = join(await temporaryFolder(), 'kubeconfig')
  await writeFile(file, stringify(JSON.parse(config.exportConfig())))
  return file
}

interface Ran {
  readonly cluster: FakeCluster
  readonly target: VerifyTarget
  readonly said: string[]
}

/** The target that a cluster becomes. */
async function targetOf(props: FakeClusterProps, options: Partial<AnyCluster> = {}): Promise<Ran> {
  const cluster = await fakeCluster(props)
  const said: string[] = []
  const target = await withCluster(
    { kubeconfig: await inFile(cluster), namespaces: ['web'], ...options },
    { clock: new FakeClock(), onProgress: (line) => said.push(line) },
    (made) => Promise.resolve(made),
  )
  return { cluster, target, said }
}

async function checksOf(target: VerifyTarget): Promise<CheckResult[]> {
  const { lab, declared } = target
  const observations = await observe(target)
  return judge({ lab, declared, observations }).filter(({ pack }) => pack === 'cluster')
}

describe('what a cluster is', () => {
  it('is read from it', async () => {
    const { target } = await targetOf({
      lists: WEB,
      objects: {
        '/api/v1/namespaces/kube-system/configmaps/coredns': {
          data: { Corefile: '.:53 {\n kubernetes my.domain in-addr.arpa ip6.arpa {\n }\n}' },
        },
        '/api/v1/namespaces/kube-system/configmaps/kube-proxy': { data: { 'config.conf': 'mode: ""' } },
        '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy': { metadata: {} },
        '/apis/apps/v1/namespaces/kube-system/daemonsets/node-local-dns': { metadata: {} },
      },
    })
    expect(target.lab).toEqual({
      name: 'lab',
      nodes: ['m', 'a', 'b'],
      kubeProxyMode: 'iptables',
      clusterDomain: 'my.domain',
      ipFamilies: [4],
      nodeLocalDns: true,
    })
    expect(target.mayWrite).toBe(false)
  })

  it('is the default where there is nothing', async () => {
    const { target } = await targetOf({ lists: NODES })
    expect(target.lab).toMatchObject({ kubeProxyMode: 'none', clusterDomain: 'cluster.local' })
    expect(target.lab).not.toHaveProperty('nodeLocalDns')
  })

  it('is unknown where it may not be read', async () => {
    const { target } = await targetOf({
      lists: NODES,
      first: ({ path }) => (path.includes('kube-system') ? forbidden : undefined),
    })
    expect(target.lab.kubeProxyMode).toBe('unknown')
  })
})

describe('what is declared', () => {
  it('is what the namespaces hold, without what is derived from it', async () => {
    const { target } = await targetOf({ lists: WEB })
    expect(target.declared.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)).toEqual([
      'Service nginx',
      'Deployment nginx',
      'EndpointSlice by-hand',
      'EndpointSlice of-endpoints',
    ])
    expect(target.declared[1]).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'nginx', namespace: 'web' },
    })
  })

  it('is not the service of the API server', async () => {
    const kubernetes = { metadata: { name: 'kubernetes', namespace: 'default' } }
    const { target } = await targetOf(
      { lists: { ...NODES, '/api/v1/namespaces/default/services': [kubernetes] } },
      { namespaces: ['default'] },
    )
    expect(target.declared).toEqual([])
  })

  it('is that of all namespaces but those of Kubernetes where * is named', async () => {
    const names = ['default', 'web', 'kube-system'].map((name) => ({ metadata: { name } }))
    const { target } = await targetOf(
      { lists: { ...WEB, '/api/v1/namespaces': names } },
      { namespaces: ['*'] },
    )
    expect(Object.keys(target.access?.lists ?? {})).toEqual(
      expect.arrayContaining(['namespaces', 'default/services', 'web/services']),
    )
    expect(target.access?.lists).not.toHaveProperty('kube-system/services')
    expect(target.declared.length).toBeGreaterThan(0)
  })
})

describe('probe pods', () => {
  const posts = ({ calls }: FakeCluster): ApiCall[] => calls.filter(({ method }) => method === 'POST')

  it('are made, one a node, and removed', async () => {
    const { cluster, target, said } = await targetOf({ lists: WEB }, { probeImage: 'tools:1' })
    const pods = posts(cluster).map(({ body }) => body as Pod)
    expect(pods.map(nodeOf).sort()).toEqual(['a', 'b', 'm'])
    expect(pods.map(({ spec }) => spec?.containers[0]?.image)).toEqual(['tools:1', 'tools:1', 'tools:1'])
    expect(target.probe).toEqual({ namespace: 'web', names: pods.map(({ metadata }) => metadata?.name) })
    expect(cluster.made.size).toBe(0)
    expect(said).toEqual(['making 3 short-lived probe pods in namespace web'])
  })

  it('are not made where there are tools already', async () => {
    const tools = (name: string, nodeName: string, more: object = {}): object => ({
      metadata: { name, namespace: 'default', labels: { app: 'multitool' } },
      spec: { nodeName, containers: [{ name: 'tools' }], ...more },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    })
    const there = [
      tools('tools-a', 'a'),
      tools('tools-b', 'b'),
      tools('on-the-host', 'm', { hostNetwork: true }),
    ]
    const { cluster, target } = await targetOf({
      lists: { ...WEB, '/api/v1/namespaces/default/pods': there },
    })
    expect(posts(cluster).map(({ body }) => nodeOf(body as never))).toEqual(['m'])
    expect(target.probe).toMatchObject({
      namespace: 'default',
      names: ['tools-a', 'tools-b', expect.any(String)],
    })
  })

  it.each<[string, FakeClusterProps, string]>([
    [
      'that may not be made',
      { first: ({ method }) => (method === 'POST' ? forbidden : undefined) },
      '403: you may not',
    ],
    [
      'whose image cannot be pulled',
      {
        status: () => ({
          containerStatuses: [
            {
              ...{ name: 'probe', image: '', imageID: '', ready: false, restartCount: 0 },
              state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
            },
          ],
        }),
      },
      'the image tools:1 cannot be had (ImagePullBackOff: no such image); name another with --probe-image',
    ],
    ['that never become ready', { status: () => ({}) }, 'the probe pod is not ready (waited 60 s)'],
  ])('%s cost what is looked at from their nodes', async (_, props, reason) => {
    const { cluster, target } = await targetOf({ lists: WEB, ...props }, { probeImage: 'tools:1' })
    expect(target.access?.probes['a']).toMatchObject({ error: reason })
    expect(target.probe).toEqual({ namespace: 'web', names: [] })
    expect(cluster.made.size).toBe(0)
  })

  it('that does not come up costs only its own node', async () => {
    const { target } = await targetOf({
      lists: WEB,
      status: (pod) => (nodeOf(pod) === 'a' ? {} : { conditions: [{ type: 'Ready', status: 'True' }] }),
    })
    expect(target.access?.probes['a']).toHaveProperty('error')
    expect(target.access?.probes['b']).toHaveProperty('value')
    expect(target.probe?.names).toHaveLength(2)
  })

  it('are not made on nodes that are not Ready', async () => {
    const { cluster, target } = await targetOf({
      lists: { '/api/v1/nodes': [node('a'), node('dead', { ready: 'Unknown' })] },
    })
    expect(posts(cluster)).toHaveLength(1)
    expect(target.access?.probes['dead']).toMatchObject({ error: 'the node is not Ready: of the kubelet' })
  })

  it('that a killed run left are removed once they have ended', async () => {
    const left = (name: string, phase: string): object => ({
      metadata: {
        ...{ name, namespace: 'web' },
        labels: { 'app.kubernetes.io/managed-by': 'headless-lab', 'headless-lab.dev/probe': 'other' },
      },
      status: { phase },
    })
    const pods = [left('ended', 'Failed'), left('of-another-run', 'Running')]
    const { cluster } = await targetOf({ lists: { ...WEB, '/api/v1/namespaces/web/pods': pods } })
    const deleted = cluster.calls.filter(({ method }) => method === 'DELETE').map(({ path }) => path)
    expect(deleted).toContain('/api/v1/namespaces/web/pods/ended')
    expect(deleted).not.toContain('/api/v1/namespaces/web/pods/of-another-run')
  })

  it('are made privileged only when asked, and told apart', async () => {
    const { cluster, target } = await targetOf({ lists: WEB }, { privilegedProbe: true })
    const privileged = posts(cluster).filter(
      ({ body }) => (body as { spec: { hostPID?: boolean } }).spec.hostPID,
    )
    expect(privileged).toHaveLength(3)
    expect(target.privilegedProbe?.names).toEqual(
      privileged.map(({ body }) => (body as { metadata: { name: string } }).metadata.name),
    )
    expect(cluster.made.size).toBe(0)
  })
})

describe('probe pods are removed', () => {
  it('when what uses them throws', async () => {
    const cluster = await fakeCluster({ lists: WEB })
    const using = withCluster({ kubeconfig: await inFile(cluster), namespaces: ['web'] }, {}, () => {
      expect(cluster.made.size).toBe(3)
      return Promise.reject(new Error('of the use'))
    })
    await expect(using).rejects.toThrow('of the use')
    expect(cluster.made.size).toBe(0)
  })

  it('when it is interrupted, also where what uses them does not listen', async () => {
    const cluster = await fakeCluster({ lists: WEB })
    const controller = new AbortController()
    const using = withCluster(
      { kubeconfig: await inFile(cluster), namespaces: ['web'] },
      { signal: controller.signal },
      () => {
        controller.abort(new Error('interrupted'))
        return new Promise(() => undefined)
      },
    )
    await expect(using).rejects.toThrow('interrupted')
    expect(cluster.made.size).toBe(0)
  })

  it('when it is interrupted while they are being made', async () => {
    const controller = new AbortController()
    const cluster = await fakeCluster({
      lists: WEB,
      first: ({ method }) => {
        if (method === 'POST') controller.abort(new Error('interrupted'))
        return undefined
      },
    })
    const using = withCluster(
      { kubeconfig: await inFile(cluster), namespaces: ['web'] },
      { signal: controller.signal },
      () => Promise.resolve(),
    )
    await expect(using).rejects.toThrow('interrupted')
    expect(cluster.calls.filter(({ method }) => method === 'POST').length).toBeGreaterThan(0)
    expect(cluster.made.size).toBe(0)
  })

  it('or it is said that they were not, and when they end', async () => {
    const { target, said } = await targetOf({
      lists: { '/api/v1/nodes': [node('a')] },
      first: ({ method }) => (method === 'DELETE' ? forbidden : undefined),
    })
    const [name] = target.probe?.names ?? []
    expect(said.at(-1)).toBe(
      `warning: the probe pod web/${name} could not be removed (403: you may not); it ends by itself within 15 minutes: kubectl delete pod -n web ${name}`,
    )
  })
})

it('reads the cluster anew, and makes those probe pods again that have ended', async () => {
  const cluster = await fakeCluster({ lists: WEB })
  await withCluster({ kubeconfig: await inFile(cluster), namespaces: ['web'] }, {}, async (first, again) => {
    const [name = ''] = first.probe?.names ?? []
    const ended = { ...cluster.made.get(name), status: { phase: 'Failed' } }
    cluster.made.set(name, ended)
    const second = await again()
    expect(second.probe?.names).toHaveLength(3)
    expect(second.probe?.names).not.toContain(name)
    expect(first.probe?.names?.filter((one) => second.probe?.names?.includes(one))).toHaveLength(2)
  })
})

describe('what may not be read', () => {
  it('is inconclusive, list by list', async () => {
    const { target } = await targetOf({
      lists: WEB,
      first: ({ path }) => (path.endsWith('/statefulsets') ? forbidden : undefined),
    })
    const results = await checksOf(target)
    const refused = results.filter(({ verdict }) => verdict === 'inconclusive')
    expect(refused.map(({ id, subject }) => `${id} ${subject.namespace ?? ''}/${subject.name}`)).toEqual([
      'cluster.readable web/statefulsets',
    ])
    expect(refused[0]?.hint).toBe('Could not be judged: GET statefulsets of web: 403: you may not.')
  })

  it('is all of it inconclusive where nothing may be read', async () => {
    const { target } = await targetOf({ first: () => forbidden })
    const results = await checksOf(target)
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['inconclusive']))
    expect(results.length).toBeGreaterThan(5)
  })
})

describe('a cluster that does not answer', () => {
  it('is an error with exit code 6', async () => {
    const kubeconfig = await inFile({ config: unreachable(await fakeCluster()) })
    const using = withCluster({ kubeconfig }, {}, () => Promise.resolve())
    await expect(using).rejects.toMatchObject({ code: 'cluster.unreachable', exitCode: 6 })
  })

  it('as it does not know who asks', async () => {
    const cluster = await fakeCluster({ first: () => [401, { message: 'Unauthorized' }] })
    const using = withCluster({ kubeconfig: await inFile(cluster) }, {}, () => Promise.resolve())
    await expect(using).rejects.toMatchObject({
      code: 'cluster.unreachable',
      message: expect.stringContaining('does not accept the credentials') as string,
    })
  })

  it('is left when interrupted', async () => {
    const controller = new AbortController()
    const using = withCluster(
      { kubeconfig: await inFile(await muteServer()) },
      { signal: controller.signal },
      () => Promise.resolve(),
    )
    controller.abort(new Error('interrupted'))
    await expect(using).rejects.toThrow('interrupted')
  })
})

function unreachable({ config }: FakeCluster): FakeCluster['config'] {
  config.clusters = [{ name: 'lab', server: 'https://127.0.0.1:1', skipTLSVerify: true }]
  return config
}
