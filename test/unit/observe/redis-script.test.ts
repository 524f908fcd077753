import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RedisSet } from '../../../lab/observe/model/redis.js'
import { parseRedis, parseSentinel, redisCommand } from '../../../lab/observe/redis-script.js'

const text = readFileSync(new URL('../../fixtures/observations/redis.txt', import.meta.url), 'utf8')
const pod = (name: string): { name: string; fqdn: string } => ({ name, fqdn: `${name}.redis-headless` })
const redis: RedisSet = {
  set: {},
  key: 'default/redis',
  namespace: 'default',
  master: pod('redis-0'),
  replicas: [pod('redis-1'), pod('redis-2')],
  container: 'redis',
  port: 6379,
  byOrdinal: true,
  announces: true,
  keeps: false,
  passwordFiles: ['/etc/redis-auth/password'],
  initContainers: [],
}

test('the script is always the same; what differs are its arguments', () => {
  const [sh, option, script, ...args] = redisCommand(redis, 'token')
  expect([sh, option]).toEqual(['sh', '-c'])
  expect(script).not.toContain('token')
  expect(args).toEqual([
    'sh',
    'headless-lab:verify:token',
    'token',
    '2',
    'yes',
    'redis-0.redis-headless',
    '6379',
    '',
    '1',
    '/etc/redis-auth/password',
    'redis-0.redis-headless',
    'redis-1.redis-headless',
    'redis-2.redis-headless',
  ])
})

describe('parseRedis, on what redis-cli 8.0 prints', () => {
  const seen = parseRedis(text, redis, 'tok')

  test('replication of the master, with the names the replicas announce', () => {
    expect(seen.servers['redis-0']).toMatchObject({
      ping: 'PONG',
      replication: {
        role: 'master',
        connected_slaves: '2',
        slave0: 'ip=redis-1.redis-headless,port=6379,state=online,offset=0,lag=0',
      },
    })
    expect(seen.servers['redis-0']).not.toHaveProperty('write')
  })

  test('a replica: its link, what it read, and that it refused to write', () => {
    expect(seen.servers['redis-1']).toMatchObject({
      ping: 'PONG',
      replication: { role: 'slave', master_host: 'redis-0.redis-headless', master_link_status: 'up' },
      read: 'tok',
      write: "READONLY You can't write against a read only replica.",
    })
  })

  test('the write, its acknowledgements, and that the key was removed', () => {
    expect(seen.write).toEqual({ set: 'OK', acknowledged: '2', removed: '1' })
  })

  test('a server that does not answer has its error, or nothing, and no more', () => {
    const silent = text.slice(0, text.indexOf('@@ redis-2.redis-headless ping'))
    const error = 'Could not connect to Redis at redis-2.redis-headless:6379: Name or service not known'
    expect(
      parseRedis(`${silent}@@ redis-2.redis-headless ping\n${error}\n`, redis, 'tok').servers['redis-2'],
    ).toEqual({
      ping: error,
    })
    expect(
      parseRedis(`${silent}@@ redis-2.redis-headless ping\n\n`, redis, 'tok').servers['redis-2'],
    ).toEqual({ ping: '' })
  })

  test('without a master nothing was written', () => {
    expect(parseRedis('@@ redis-0.redis-headless ping\n\n', redis, 'tok').write).toEqual({
      set: '',
      acknowledged: '',
      removed: '',
    })
  })
})

test('where no ordinal is declared to be master, the script is told none', () => {
  const args = redisCommand({ ...redis, byOrdinal: false, sentinelPort: 26379 }, 'token', false).slice(4)
  expect(args.slice(3, 7)).toEqual(['no', '', '6379', '26379'])
})

test('where nothing may be written that is said, and the master is who says so', () => {
  const moved = text
    .replaceAll('redis-0.redis-headless', 'redis-X.redis-headless')
    .replaceAll('redis-1.redis-headless', 'redis-0.redis-headless')
    .replaceAll('redis-X.redis-headless', 'redis-1.redis-headless')
  const seen = parseRedis(moved, { ...redis, byOrdinal: false }, 'tok', false)
  expect(seen.readOnly).toBe(true)
  expect(seen.servers['redis-1']).not.toHaveProperty('write')
  expect(seen.servers['redis-0']).toMatchObject({ read: 'tok' })
  expect(seen.write.set).toBe('OK')
})

test('the position behind the write, and that of a replica', () => {
  const seen = parseRedis(
    [
      '@@ redis-0.redis-headless write',
      'OK\n2\n# Replication\r\nrole:master\r\nmaster_repl_offset:345\r',
      '@@ redis-1.redis-headless offset',
      '345',
    ].join('\n'),
    redis,
    'tok',
  )
  expect(seen.write).toMatchObject({ set: 'OK', acknowledged: '2', offset: '345' })
  expect(seen.servers['redis-1']?.offset).toBe('345')
})

describe('parseSentinel', () => {
  test('each master that is watched, with its fields', () => {
    expect(parseSentinel('name\na\nip\na-0.a\nflags\nmaster\nname\nb\nip\nb-1.b')).toEqual({
      masters: [
        { name: 'a', ip: 'a-0.a', flags: 'master' },
        { name: 'b', ip: 'b-1.b' },
      ],
    })
    expect(parseSentinel('')).toEqual({ masters: [] })
  })

  test('an error is told', () => {
    expect(parseSentinel('NOAUTH Authentication required.')).toEqual({
      masters: [],
      error: 'NOAUTH Authentication required.',
    })
  })
})
