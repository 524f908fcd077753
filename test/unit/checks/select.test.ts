import { describe, expect, test } from 'vitest'
import { judge } from '../../../lab/checks/judge.js'
import { selectChecks } from '../../../lab/checks/select.js'
import { labErrorOf } from '../host/fakes.js'
import { healthy, recording } from './recorded.js'

const all = [
  'dns.headless.a-set',
  'dns.headless.srv',
  'dns.ttl',
  'endpointslices.headless.x',
  'redis.ping',
].map((id) => ({ id }))
const selected = (selection: Parameters<typeof selectChecks>[0]): string[] => [
  ...selectChecks(selection, all),
]

describe('selectChecks', () => {
  test('takes all when nothing is said', () => {
    expect(selected({})).toEqual(all.map(({ id }) => id))
  })

  test.each([
    [['dns.*'], ['dns.headless.a-set', 'dns.headless.srv', 'dns.ttl']],
    [['*.headless.*'], ['dns.headless.a-set', 'dns.headless.srv', 'endpointslices.headless.x']],
    [
      ['dns.tt?', 'redis.ping'],
      ['dns.ttl', 'redis.ping'],
    ],
    [['*'], all.map(({ id }) => id)],
  ])('only %j', (only, ids) => {
    expect(selected({ only })).toEqual(ids)
  })

  test('what is skipped is skipped, wanted or not', () => {
    expect(selected({ only: ['dns.*'], skip: ['dns.headless.*'] })).toEqual(['dns.ttl'])
    expect(selected({ skip: ['dns.*', '*.x'] })).toEqual(['redis.ping'])
  })

  test('a dot is a dot, and the whole id is meant', async () => {
    for (const glob of ['dns?tt', 'dnsXttl', 'ttl', 'dns.*.']) {
      expect((await labErrorOf(Promise.resolve().then(() => selected({ only: [glob] })))).exitCode).toBe(2)
    }
  })

  test.each([
    ['dns.headles.srv', 'the nearest: dns.headless.srv, '],
    ['dns.headles.*', 'the nearest: dns.headless.'],
    ['dns', 'the nearest: dns.*'],
  ])('%s means nothing: the nearest is named', async (glob, hint) => {
    for (const selection of [{ only: [glob] }, { skip: [glob] }]) {
      const error = await labErrorOf(Promise.resolve().then(() => selected(selection)))
      expect(error).toMatchObject({ code: 'usage.invalid', message: `no check has an id like ${glob}` })
      expect(error.hint).toContain(hint)
    }
  })

  test('no check at all is a mistake', async () => {
    const error = await labErrorOf(
      Promise.resolve().then(() => selected({ only: ['dns.*'], skip: ['dns.*'] })),
    )
    expect(error.code).toBe('usage.invalid')
  })
})

test('judge runs what is selected, and nothing else', () => {
  const whole = judge(recording(healthy()))
  const some = judge(recording(healthy()), { only: ['dns.*'], skip: ['dns.ttl'] })
  expect(some.length).toBeGreaterThan(5)
  expect(some).toEqual(whole.filter(({ id, pack }) => pack === 'dns' && id !== 'dns.ttl'))
})
