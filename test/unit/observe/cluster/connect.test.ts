import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../../../lab/observe/cluster/connect.js'
import { labErrorOf, temporaryFolder } from '../../host/fakes.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const contexts = (current: string, ...names: string[]): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'east', cluster: { server: 'https://east' } }],
  users: [{ name: 'me', user: {} }],
  contexts: names.map((name) => ({
    name,
    context: { cluster: 'east', user: 'me', ...(name === 'shop' ? { namespace: 'shop' } : {}) },
  })),
  'current-context': current,
})

async function file(config: object): Promise<string> {
  const path = join(await temporaryFolder(), 'config')
  await writeFile(path, stringify(config))
  return path
}

const errorOf = (file?: string, context?: string) =>
  labErrorOf(Promise.resolve().then(() => connect(file, context)))

describe('the kubeconfig', () => {
  it('is the one that is named, or else that of KUBECONFIG', async () => {
    const named = await file(contexts('a', 'a'))
    expect(connect(named, undefined)).toMatchObject({ name: 'east', namespace: 'default' })
    vi.stubEnv('KUBECONFIG', await file(contexts('shop', 'a', 'shop')))
    expect(connect(undefined, undefined)).toMatchObject({ name: 'east', namespace: 'shop' })
    expect(connect(undefined, 'a')).toMatchObject({ namespace: 'default' })
  })

  it('must be there', async () => {
    expect(await errorOf('/no/such/file')).toMatchObject({ code: 'state.unreadable', exitCode: 2 })
    vi.stubEnv('HOME', await temporaryFolder())
    vi.stubEnv('KUBECONFIG', undefined)
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
    expect(await errorOf()).toMatchObject({ code: 'usage.invalid', message: 'there is no kubeconfig' })
    vi.stubEnv('KUBECONFIG', '/no/such/file')
    expect(await errorOf()).toMatchObject({ code: 'state.unreadable' })
  })

  it('must have the context', async () => {
    const named = await file(contexts('a', 'a', 'b'))
    expect(await errorOf(named, 'c')).toMatchObject({ code: 'usage.invalid', hint: 'it has a, b' })
    expect(await errorOf(await file(contexts('gone', 'a')))).toMatchObject({ code: 'usage.invalid' })
  })
})
