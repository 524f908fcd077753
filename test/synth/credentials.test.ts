import { App, Chart } from 'cdk8s'
import { describe, expect, test, vi } from 'vitest'
import { Credentials, requiredSecrets } from '../../constructs/index.js'
import { chart, synth } from './objects.js'

test('it makes no object, so nothing secret is ever synthesised', () => {
  const scope = chart('data')
  new Credentials(scope, 'c', { name: 'db-secret', keys: ['password'] })
  expect(synth(scope)).toEqual([])
})

test('each key is a file that the group of the pod may read', () => {
  const credentials = new Credentials(chart(), 'c', { name: 'db-secret', keys: ['password', 'replication'] })
  expect(credentials.volume('auth')).toEqual({
    name: 'auth',
    secret: {
      secretName: 'db-secret',
      defaultMode: 0o440,
      items: [
        { key: 'password', path: 'password' },
        { key: 'replication', path: 'replication' },
      ],
    },
  })
})

test('what an app needs is listed by namespace and name, keys of one Secret together', () => {
  const app = new App()
  const data = new Chart(app, 'data', { namespace: 'data' })
  new Credentials(data, 'a', { name: 'secret', keys: ['z', 'a'] })
  new Credentials(data, 'b', { name: 'secret', keys: ['a', 'b'] })
  new Credentials(new Chart(app, 'plain'), 'c', { name: 'secret', keys: ['c'] })
  expect(requiredSecrets(app)).toEqual([
    { namespace: 'data', name: 'secret', keys: ['a', 'b', 'z'] },
    { namespace: 'default', name: 'secret', keys: ['c'] },
  ])
})

test('what another copy of the library made is found too, as with ESM and CommonJS in one app', async () => {
  vi.resetModules()
  const other = await import('../../constructs/index.js')
  expect(other.Credentials).not.toBe(Credentials)
  const scope = chart('data')
  new other.Credentials(scope, 'c', { name: 'secret', keys: ['a'] })
  expect(requiredSecrets(scope)).toEqual([{ namespace: 'data', name: 'secret', keys: ['a'] }])
})

describe('synthesis refuses, naming the path of the construct', () => {
  test.each([
    [{ name: 'Bad', keys: ['a'] }, '[test/c] name "Bad"'],
    [{ name: 'a', keys: ['../a'] }, '[test/c] key "../a"'],
    [{ name: 'a', keys: ['..a'] }, '[test/c] key "..a"'],
    [{ name: 'a', keys: [] }, '[test/c] has no key'],
  ])('%j', (props, message) => {
    const scope = chart()
    new Credentials(scope, 'c', props)
    expect(() => synth(scope)).toThrow(message)
  })
})
