import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ApiReader, readerOf } from '../../../lab/diagnose/cluster-reader.js'
import type { Part } from '../../../lab/diagnose/part.js'
import { clusterSource } from '../../../lab/diagnose/sources/cluster.js'
import { BYTES } from '../../../lab/diagnose/tail-of.js'
import { apiServer, muteServer, type ApiAnswer, type ApiCall } from '../cluster/api-server.js'
import { never, rejectionOf, temporaryFolder } from '../host/fakes.js'

const status = (name: string, state: object = {}): object => ({ name, ready: true, ...state })

const pods = [
  {
    metadata: { namespace: 'shop', name: 'web-0', managedFields: [{ manager: 'x' }] },
    status: {
      initContainerStatuses: [status('init')],
      containerStatuses: [
        status('web', { lastState: { terminated: { exitCode: 1 } } }),
        status('side', { lastState: {} }),
      ],
      ephemeralContainerStatuses: [status('debug')],
    },
  },
  { metadata: { namespace: 'shop', name: 'pending' } },
]

const SECRETS = [
  { metadata: { namespace: 'shop', name: 'db' }, type: 'Opaque', data: { password: 'aHVudGVyMg==' } },
]

function answer({ path }: ApiCall): ApiAnswer {
  if (path === '/version') return [200, { gitVersion: 'v1.34.4' }]
  if (path === '/readyz') return [200, '[+]ping ok\n']
  if (path === '/api/v1/pods') return [200, { kind: 'PodList', items: pods }]
  if (path === '/api/v1/secrets') return [200, { items: SECRETS }]
  if (path === '/api/v1/events')
    return [
      200,
      {
        items: [
          { reason: 'third', lastTimestamp: null, eventTime: '2026-01-01T00:00:03.5Z' },
          { reason: 'first', lastTimestamp: '2026-01-01T00:00:01Z' },
          { reason: 'second', metadata: { creationTimestamp: '2026-01-01T00:00:02Z' } },
        ],
      },
    ]
  if (path.endsWith('/ippools')) return [404, '404 page not found\n']
  if (path.includes('/pods/web-0/log')) return [200, '2026-01-01T00:00:00Z {"a":1}\n']
  return [200, { items: [] }]
}

async function found(answers = answer) {
  const { config, calls } = await apiServer(answers)
  const parts = await clusterSource(() => Promise.resolve(new ApiReader(config))).find(never())
  const read = async (file: string): Promise<string> => {
    const part = parts.find((one: Part) => one.file === `cluster/${file}`)
    if (part === undefined) throw new Error(`there is no ${file}`)
    return part.read(never())
  }
  return { parts, read, calls }
}

describe('a cluster', () => {
  test('is asked for its objects, and without who set which field', async () => {
    const { parts, read, calls } = await found()
    const names = parts.map(({ file }) => file).filter((file) => file.endsWith('.json'))
    for (const kind of ['nodes', 'pods', 'services', 'endpointslices', 'statefulsets', 'deployments'])
      expect(names).toContain(`cluster/${kind}.json`)
    for (const kind of ['daemonsets', 'persistentvolumeclaims', 'networkpolicies', 'events', 'configmaps'])
      expect(names).toContain(`cluster/${kind}.json`)
    expect(JSON.parse(await read('version.json'))).toEqual({ gitVersion: 'v1.34.4' })
    expect(JSON.parse(await read('health.json'))).toEqual({ readyz: '[+]ping ok\n' })
    expect(await read('pods.json')).not.toContain('managedFields')
    expect(JSON.parse(await read('services.json'))).toEqual({ items: [] })
    expect(new Set(calls.map(({ method }) => method))).toEqual(new Set(['GET']))
    expect(calls.filter(({ path }) => path === '/api/v1/pods')).toHaveLength(1)
    expect(calls.find(({ path }) => path === '/api/v1/services')?.query).toEqual({ limit: '3000' })
  })

  test('tells of Secrets only their names and keys', async () => {
    const { read } = await found()
    expect(JSON.parse(await read('secrets.json'))).toEqual([
      { namespace: 'shop', name: 'db', type: 'Opaque', keys: ['password'] },
    ])
  })

  test('tells events in the order in which they came', async () => {
    const { read } = await found()
    const { items } = JSON.parse(await read('events.json')) as { items: { reason: string }[] }
    expect(items.map(({ reason }) => reason)).toEqual(['first', 'second', 'third'])
  })

  test('is asked for the log of every container, and of the run before where there was one', async () => {
    const { parts, read, calls } = await found()
    const logs = parts.map(({ file }) => file).filter((file) => file.endsWith('.log'))
    expect(logs).toEqual(
      ['init.log', 'web.log', 'web.previous.log', 'side.log', 'debug.log'].map(
        (name) => `cluster/logs/shop/web-0/${name}`,
      ),
    )
    expect(await read('logs/shop/web-0/web.previous.log')).toBe('2026-01-01T00:00:00Z {"a":1}\n')
    expect(calls.at(-1)?.query).toMatchObject({
      ...{ container: 'web', previous: 'true', tailLines: '5000', timestamps: 'true' },
    })
  })

  test('may have endless logs, of which the end is kept', async () => {
    const { read } = await found((call) =>
      call.path.includes('/log') ? [200, 'a line of a log that nothing ends\n'.repeat(50_000)] : answer(call),
    )
    expect(Buffer.byteLength(await read('logs/shop/web-0/web.log'))).toBeLessThan(BYTES + 100)
  })

  test('says why it does not tell something', async () => {
    const { read } = await found((call) =>
      call.path.includes('/log')
        ? [400, { kind: 'Status', message: 'container "web" is waiting to start' }]
        : answer(call),
    )
    await expect(read('ippools.json')).rejects.toThrow('404 page not found')
    await expect(read('logs/shop/web-0/web.log')).rejects.toThrow('container "web" is waiting to start')
  })
})

describe('no cluster', () => {
  test('there is where there is no kubeconfig', async () => {
    const kubeconfig = join(await temporaryFolder(), 'kubeconfig')
    expect(() => readerOf(kubeconfig)).toThrow('there is no kubeconfig')
  })

  test('answers: a question ends with its signal', async () => {
    const { config } = await muteServer()
    const controller = new AbortController()
    const asking = new ApiReader(config).get('/version', controller.signal)
    controller.abort(new Error('enough'))
    expect(await rejectionOf(asking)).toMatchObject({ message: 'enough' })
  })
})
