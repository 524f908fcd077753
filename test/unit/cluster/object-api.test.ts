import type { KubernetesObject } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { nameOf, ObjectApi } from '../../../lab/cluster/object-api.js'
import { labErrorOf } from '../host/fakes.js'
import { apiServer, type ApiAnswer, type ApiCall } from './api-server.js'

const labels = { 'headless-lab.dev/lab': 'shop' }
const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'nginx', namespace: 'web', labels } }
const coreKinds = {
  resources: [
    { name: 'services/status', kind: 'Service', namespaced: true },
    { name: 'services', kind: 'Service', namespaced: true },
    { name: 'namespaces', kind: 'Namespace', namespaced: false },
  ],
}
const notFound: ApiAnswer = [404, { kind: 'Status', message: 'services "nginx" not found' }]
const version = (resourceVersion: string): ApiAnswer => [200, { metadata: { resourceVersion } }]

/** The core kinds are served; one object is as `before`, and a patch answers `after`. */
const answers =
  (before: ApiAnswer, after: ApiAnswer) =>
  ({ method, path }: ApiCall): ApiAnswer => {
    if (path === '/api/v1') return [200, coreKinds]
    return method === 'GET' ? before : after
  }

describe('drift', () => {
  const seen = (type: string): ApiAnswer => [200, { metadata: { resourceVersion: '1' }, spec: { type } }]

  it('is what applying would change, by a dry run, whose answer has the version of what is there', async () => {
    const { config, calls } = await apiServer(answers(seen('NodePort'), seen('ClusterIP')))
    expect(await new ObjectApi(config).drift(service)).toEqual([
      { path: 'spec.type', live: 'NodePort', declared: 'ClusterIP' },
    ])
    expect(calls.at(-1)).toMatchObject({ method: 'PATCH', query: { dryRun: 'All', force: 'true' } })
  })

  it('is none where nothing would change', async () => {
    const { config } = await apiServer(answers(seen('ClusterIP'), seen('ClusterIP')))
    expect(await new ObjectApi(config).drift(service)).toEqual([])
  })

  it('is not known of what is not there', async () => {
    const { config, calls } = await apiServer(answers(notFound, [201, {}]))
    expect(await new ObjectApi(config).drift(service)).toBeUndefined()
    expect(calls.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })

  it('is an error where the object is not shown, or the declaration is rejected', async () => {
    const forbidden: ApiAnswer = [403, { message: 'not yours' }]
    const hidden = await apiServer(answers(forbidden, seen('x')))
    expect((await labErrorOf(new ObjectApi(hidden.config).drift(service))).message).toContain('not yours')
    const fixed = await apiServer(answers(seen('x'), [422, { message: 'field is immutable' }]))
    expect((await labErrorOf(new ObjectApi(fixed.config).drift(service))).message).toContain('immutable')
  })
})

describe('apply', () => {
  it.each<[string, ApiAnswer, ApiAnswer]>([
    ['created', notFound, [201, { metadata: { resourceVersion: '1' } }]],
    ['changed', version('1'), version('2')],
    ['unchanged', version('1'), version('1')],
  ])('%s', async (what, before, after) => {
    const { config } = await apiServer(answers(before, after))
    expect(await new ObjectApi(config).apply(service)).toBe(what)
  })

  it('is a forced server-side apply of the object as it was declared', async () => {
    const { config, calls } = await apiServer(answers(notFound, [201, {}]))
    const declared = { ...service, spec: { 'x-kubernetes-int-or-string': true } }
    await new ObjectApi(config).apply(declared)
    expect(calls.at(-1)).toEqual({
      method: 'PATCH',
      path: '/api/v1/namespaces/web/services/nginx',
      query: { fieldManager: 'headless-lab', force: 'true' },
      type: 'application/apply-patch+yaml',
      body: declared,
    })
  })

  it('knows what is cluster-scoped, and the default namespace', async () => {
    const { config, calls } = await apiServer(answers(notFound, [201, {}]))
    const api = new ObjectApi(config)
    for (const [kind, name] of [
      ['Namespace', 'web'],
      ['Service', 'a'],
    ]) {
      const object = { apiVersion: 'v1', kind, metadata: { name } }
      await api.apply(object as KubernetesObject)
    }
    const patched = calls.filter(({ method }) => method === 'PATCH').map(({ path }) => path)
    expect(patched).toEqual(['/api/v1/namespaces/web', '/api/v1/namespaces/default/services/a'])
    expect(calls.filter(({ path }) => path === '/api/v1')).toHaveLength(1)
  })

  it('is rejected in the API server’s words', async () => {
    const invalid: ApiAnswer = [
      422,
      { kind: 'Status', message: 'Service "nginx" is invalid: spec.ports: Required' },
    ]
    const { config } = await apiServer(answers(notFound, invalid))
    const error = await labErrorOf(new ObjectApi(config).apply(service))
    expect(error).toMatchObject({ code: 'cluster.rejected', exitCode: 4 })
    expect(error.message).toBe(
      'the API server rejected Service web/nginx: Service "nginx" is invalid: spec.ports: Required',
    )
  })

  it.each<[string, ApiAnswer]>([
    [
      'an API server that knows no roles yet',
      [
        403,
        { message: 'services "nginx" is forbidden: User "kubernetes-admin" cannot get resource "services"' },
      ],
    ],
    ['one that is not ready', [503, { message: 'apiserver not ready' }]],
    ['one that has too much to do', [429, 'Too many requests']],
  ])('is not answered by %s, and may be asked again', async (_, answer) => {
    const { config } = await apiServer(answers(answer, [200, {}]))
    const error = await labErrorOf(new ObjectApi(config).apply(service))
    expect(error).toMatchObject({ code: 'cluster.unreachable' })
    expect(error.message).toContain((answer[1] as { message?: string }).message ?? 'Too many requests')
  })

  it('is rejected by admission, which forbids an object and not a user', async () => {
    const denied = 'pods "a" is forbidden: violates PodSecurity "restricted:latest"'
    const { config } = await apiServer(answers(notFound, [403, { message: denied }]))
    expect((await labErrorOf(new ObjectApi(config).apply(service))).code).toBe('cluster.rejected')
  })

  describe('of a field that cannot change in place', () => {
    const immutable: ApiAnswer = [422, { message: 'spec.clusterIPs[0]: may not change once set' }]
    const anew = 'teardown and deploy make the lab anew'
    const way = `npx headless-lab kubectl --name shop delete service nginx -n web takes it away, and deploy makes it anew; or ${anew}`

    it('says how to make the object anew, also when it is only looked for', async () => {
      const { config } = await apiServer(answers(version('1'), immutable))
      expect((await labErrorOf(new ObjectApi(config).apply(service))).hint).toBe(way)
      expect((await labErrorOf(new ObjectApi(config).drift(service))).hint).toBe(way)
    })

    it('does not say so of what is not there, or was refused for another reason', async () => {
      const absent = await apiServer(answers(notFound, immutable))
      expect((await labErrorOf(new ObjectApi(absent.config).apply(service))).hint).toBeUndefined()
      const forbidden = await apiServer(answers(version('1'), [403, { message: 'no' }]))
      expect((await labErrorOf(new ObjectApi(forbidden.config).apply(service))).hint).toBeUndefined()
    })

    it('does not say that what is in no namespace be deleted, with all that is in it', async () => {
      const { config } = await apiServer(answers(version('1'), immutable))
      // As charts make it.
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web', namespace: 'web' } }
      expect((await labErrorOf(new ObjectApi(config).apply(namespace))).hint).toBe(anew)
    })
  })

  it('is rejected where its namespace is not there', async () => {
    const { config } = await apiServer(answers(notFound, [404, { message: 'namespaces "web" not found' }]))
    expect((await labErrorOf(new ObjectApi(config).apply(service))).message).toContain(
      'namespaces "web" not found',
    )
  })
})

describe('a kind that is not served yet', () => {
  const pool = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool', metadata: { name: 'default' } }
  const kinds = { resources: [{ name: 'ippools', kind: 'IPPool', namespaced: false }] }
  /** Each step answers discovery and the patch in its own way. */
  const later = (steps: readonly { list: ApiAnswer; patch?: ApiAnswer }[]) => {
    const now = { step: 0 }
    const answer = ({ method, path }: ApiCall): ApiAnswer => {
      const step = steps[now.step] ?? { list: [404, ''] }
      if (path === '/apis/crd.projectcalico.org/v1') return step.list
      return method === 'GET' ? [404, '404 page not found\n'] : (step.patch ?? [201, {}])
    }
    return { now, answer }
  }

  it.each<[string, { list: ApiAnswer; patch?: ApiAnswer }]>([
    ['as its group is not', { list: [404, '404 page not found\n'] }],
    ['as it is not listed', { list: [200, { resources: [] }] }],
    ['though it is listed', { list: [200, kinds], patch: [404, '404 page not found\n'] }],
  ])('%s, is tried again', async (_, first) => {
    const { now, answer } = later([first, { list: [200, kinds] }])
    const { config } = await apiServer(answer)
    const api = new ObjectApi(config)
    expect(await api.apply(pool)).toBeUndefined()
    now.step = 1
    expect(await api.apply(pool)).toBe('created')
  })
})

describe('objects with a label', () => {
  const items = [{ metadata: { name: 'nginx', namespace: 'web' } }]
  const kinds = [
    { apiVersion: 'v1', kind: 'Service' },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
  ]

  it('are listed in all namespaces, with what they are; a kind that is not served has none', async () => {
    const { config, calls } = await apiServer(({ path }) => {
      if (path === '/api/v1') return [200, coreKinds]
      return path === '/api/v1/services' ? [200, { items }] : [404, '404 page not found\n']
    })
    expect(await new ObjectApi(config).selected(kinds, 'lab=a')).toEqual([{ ...service, ...items[0] }])
    expect(calls.find(({ path }) => path === '/api/v1/services')?.query).toEqual({ labelSelector: 'lab=a' })
  })

  it('that are not listed are an error', async () => {
    const { config } = await apiServer(answers([403, { message: 'not yours' }], [200, {}]))
    const error = await labErrorOf(new ObjectApi(config).selected(kinds.slice(0, 1), 'lab=a'))
    expect(error).toMatchObject({ code: 'cluster.rejected' })
    expect(error.message).toBe('the API server lists no services: not yours')
  })
})

describe('remove', () => {
  const answering = (status: number) =>
    apiServer(({ path }) => (path === '/api/v1' ? [200, coreKinds] : [status, { message: 'no' }]))
  const seen = { ...service, metadata: { ...service.metadata, uid: 'u' } }

  it('deletes the object that was seen, and in the background what it owns', async () => {
    const { config, calls } = await answering(200)
    await new ObjectApi(config).remove(seen)
    expect(calls.at(-1)).toMatchObject({
      ...{ method: 'DELETE', path: '/api/v1/namespaces/web/services/nginx' },
      body: { propagationPolicy: 'Background', preconditions: { uid: 'u' } },
    })
  })

  it.each([404, 409])('is done where that is gone, or is another one by now: %d', async (status) => {
    const { config, calls } = await answering(status)
    await new ObjectApi(config).remove(seen)
    expect(calls.at(-1)?.method).toBe('DELETE')
  })

  it('that is refused is an error', async () => {
    const { config } = await answering(403)
    const error = await labErrorOf(new ObjectApi(config).remove(seen))
    expect(error.message).toBe('the API server does not delete Service web/nginx: no')
  })
})

it('nameOf', () => {
  expect(nameOf(service)).toBe('Service web/nginx')
  const namespace = { kind: 'Namespace', metadata: { name: 'web' } }
  expect(nameOf(namespace)).toBe('Namespace web')
})

it('asks anew for the kinds that it got no answer about', async () => {
  const { config } = await apiServer(answers(notFound, [201, {}]))
  const cluster = config.getCurrentCluster()
  const api = new ObjectApi(config)
  config.clusters = [{ name: 'lab', server: 'https://127.0.0.1:1', skipTLSVerify: true }]
  expect((await labErrorOf(api.apply(service))).code).toBe('cluster.unreachable')
  config.clusters = cluster === null ? [] : [cluster]
  expect(await api.apply(service)).toBe('created')
})
