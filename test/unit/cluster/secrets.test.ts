import { describe, expect, it } from 'vitest'
import { ensureSecret, secretLacks, secretValue } from '../../../lab/cluster/secrets.js'
import { labErrorOf } from '../host/fakes.js'
import { apiServer, type ApiAnswer, type ApiCall } from './api-server.js'

interface Live {
  version: number
  readonly data: Record<string, string>
}

const wanted = {
  namespace: 'database',
  name: 'postgres-secret',
  keys: ['password', 'replication'],
  labels: { 'headless-lab.dev/lab': 'lab' },
}
const ROOT = '/api/v1/namespaces/database/secrets'
const encoded = (text: string): string => Buffer.from(text).toString('base64')
const decoded = (text = ''): string => Buffer.from(text, 'base64').toString()

/**
 * An API server that holds one Secret as the real one does.
 *
 * @param meanwhile what somebody else does right before a write arrives
 */
function serverOf(store: { secret?: Live }, meanwhile: () => void = () => undefined) {
  return apiServer(({ method, path, body }: ApiCall): ApiAnswer => {
    const { metadata, data } = (body ?? {}) as {
      metadata?: { resourceVersion?: string }
      data?: Live['data']
    }
    if (method === 'GET') return answerOf(store)
    meanwhile()
    if (method === 'POST') {
      expect(path).toBe(ROOT)
      if (store.secret) return [409, { message: 'secrets "postgres-secret" already exists' }]
      store.secret = { version: 1, data: { ...data } }
      return [201, {}]
    }
    const { secret } = store
    if (!secret || metadata?.resourceVersion !== `${secret.version}`) return [409, { message: 'conflict' }]
    store.secret = { version: secret.version + 1, data: { ...secret.data, ...data } }
    return [200, {}]
  })
}

function answerOf({ secret }: { secret?: Live }): ApiAnswer {
  if (!secret) return [404, { message: 'secrets "postgres-secret" not found' }]
  return [200, { metadata: { resourceVersion: `${secret.version}` }, data: secret.data }]
}

describe('a Secret that is absent', () => {
  it('is created with a random value for each key, and the labels', async () => {
    const store: { secret?: Live } = {}
    const { config, calls } = await serverOf(store)
    expect(await ensureSecret(config, wanted)).toBe('created')
    const values = wanted.keys.map((key) => decoded(store.secret?.data[key]))
    for (const value of values) expect(value).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(new Set(values).size).toBe(2)
    expect(calls.at(-1)).toMatchObject({
      method: 'POST',
      query: { fieldManager: 'headless-lab' },
      body: {
        kind: 'Secret',
        type: 'Opaque',
        metadata: { name: 'postgres-secret', namespace: 'database', labels: wanted.labels },
      },
    })
  })

  it('and that somebody else creates first keeps the values of that', async () => {
    const store: { secret?: Live } = {}
    const theirs = { password: encoded('theirs'), replication: encoded('theirs too') }
    const { config } = await serverOf(store, () => (store.secret ??= { version: 1, data: theirs }))
    expect(await ensureSecret(config, wanted)).toBe('unchanged')
    expect(store.secret?.data).toEqual(theirs)
  })

  it('whose namespace is not there is rejected, without its values', async () => {
    const { config } = await apiServer(({ method }) =>
      method === 'GET' ? answerOf({}) : [404, { message: 'namespaces "database" not found' }],
    )
    const error = await labErrorOf(ensureSecret(config, wanted))
    expect(error).toMatchObject({ code: 'cluster.rejected', exitCode: 4 })
    expect(error.message).toBe(
      'the API server rejected Secret database/postgres-secret: namespaces "database" not found',
    )
  })
})

describe('a Secret that is there', () => {
  it('is not written to', async () => {
    const data = { password: encoded('p'), replication: encoded('r'), other: encoded('o') }
    const { config, calls } = await serverOf({ secret: { version: 7, data } })
    expect(await ensureSecret(config, wanted)).toBe('unchanged')
    expect(calls.map(({ method }) => method)).toEqual(['GET'])
  })

  it('gets the keys that it lacks; the others stay', async () => {
    const store = {
      secret: { version: 7, data: { password: encoded('p'), other: encoded('o') } as Live['data'] },
    }
    const { config, calls } = await serverOf(store)
    expect(await ensureSecret(config, wanted)).toBe('changed')
    expect(store.secret.data).toMatchObject({ password: encoded('p'), other: encoded('o') })
    expect(decoded(store.secret.data['replication'])).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(calls.at(-1)?.type).toBe('application/merge-patch+json')
  })

  it('gets a value for a key whose value is empty', async () => {
    const store = {
      secret: { version: 7, data: { password: '', replication: encoded('r') } as Live['data'] },
    }
    const { config } = await serverOf(store)
    expect(await ensureSecret(config, wanted)).toBe('changed')
    expect(decoded(store.secret.data['password'])).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(store.secret.data['replication']).toBe(encoded('r'))
  })

  it('gets them too when it had no data at all', async () => {
    const { config, calls } = await apiServer(({ method }) =>
      method === 'GET' ? [200, { metadata: { resourceVersion: '1' } }] : [200, {}],
    )
    expect(await ensureSecret(config, wanted)).toBe('changed')
    expect(Object.keys((calls.at(-1)?.body as Live).data)).toEqual(wanted.keys)
  })

  it('and that somebody else completes first keeps the values of that', async () => {
    const store = { secret: { version: 7, data: { password: encoded('p') } as Live['data'] } }
    let first = true
    const { config } = await serverOf(store, () => {
      if (first) store.secret = { version: 8, data: { ...store.secret.data, replication: encoded('theirs') } }
      first = false
    })
    expect(await ensureSecret(config, wanted)).toBe('unchanged')
    expect(store.secret.data).toEqual({ password: encoded('p'), replication: encoded('theirs') })
  })

  it('and always changes again is given up', async () => {
    const store = { secret: { version: 7, data: {} as Live['data'] } }
    const { config } = await serverOf(store, () => {
      store.secret.version++
    })
    expect((await labErrorOf(ensureSecret(config, wanted))).message).toContain('conflict')
  })

  it('and may not be read is rejected', async () => {
    const { config, calls } = await apiServer(() => [403, { message: 'secrets is forbidden' }])
    expect((await labErrorOf(ensureSecret(config, wanted))).message).toContain('forbidden')
    expect(calls).toHaveLength(1)
  })
})

describe('what a Secret lacks', () => {
  it.each<[string, { secret?: Live }, string[] | undefined]>([
    ['nothing', { secret: { version: 1, data: { password: encoded('p'), replication: encoded('r') } } }, []],
    ['keys', { secret: { version: 1, data: { password: '' } } }, ['password', 'replication']],
    ['all, as it is not there', {}, undefined],
  ])('%s', async (_, store, lacks) => {
    const { config, calls } = await serverOf(store)
    expect(await secretLacks(config, wanted)).toEqual(lacks)
    expect(calls.map(({ method }) => method)).toEqual(['GET'])
  })

  it('is an error where it may not be read', async () => {
    const { config } = await apiServer(() => [403, { message: 'secrets is forbidden' }])
    expect((await labErrorOf(secretLacks(config, wanted))).message).toContain('forbidden')
  })
})

describe('secretValue', () => {
  const secret = { namespace: 'database', name: 'postgres-secret', key: 'password' }

  it('is decoded', async () => {
    const { config } = await serverOf({ secret: { version: 1, data: { password: encoded('geheim ü') } } })
    expect(await secretValue(config, secret)).toBe('geheim ü')
  })

  it.each([
    ['the Secret', {}, /rejected Secret database\/postgres-secret: secrets "postgres-secret" not found$/],
    ['the key', { secret: { version: 1, data: {} } }, /database\/postgres-secret has no key password$/],
  ])('without %s is an error that names it', async (_, store, message) => {
    const { config } = await serverOf(store)
    const error = await labErrorOf(secretValue(config, secret))
    expect(error).toMatchObject({ code: 'cluster.rejected' })
    expect(error.message).toMatch(message)
  })
})
