import { describe, expect, test } from 'vitest'
import { redisChecks } from '../../../lab/checks/redis.js'
import type { RedisSeen, RedisServerSeen } from '../../../lab/observe/model/observations.js'
import { SPACE, databaseWorld, host, lost, notPassed, ok, run, verdicts } from './database-worlds.js'
import type { Mutable, World } from './recorded.js'

type Server = Mutable<RedisServerSeen>

const slave = (name: string, offset = '100', lag = '0'): string =>
  `ip=${name},port=6379,state=online,offset=${offset},lag=${lag}`

/** The third server is master; the Sentinels, where they are, say so. */
function servers(named: (pod: string) => string = host): Record<string, Server> {
  const replica = (): Server => ({
    ping: 'PONG',
    replication: {
      role: 'slave',
      master_host: named('db-2'),
      master_link_status: 'up',
      slave_read_only: '1',
    },
    read: 'token',
    offset: '120',
    write: "READONLY You can't write against a read only replica.",
  })
  const master: Server = {
    ping: 'PONG',
    replication: {
      role: 'master',
      connected_slaves: '2',
      slave0: slave(named('db-0')),
      slave1: slave(named('db-1')),
      master_repl_offset: '114',
      repl_backlog_size: '1048576',
    },
  }
  return { 'db-0': replica(), 'db-1': replica(), 'db-2': master }
}

const sentinels = (all: Record<string, Server>): void => {
  for (const each of Object.values(all)) {
    each.sentinel = {
      masters: [
        { name: 'db', ip: host('db-2'), flags: 'master', 'num-slaves': '2', 'num-other-sentinels': '2' },
      ],
    }
  }
}

interface Seen {
  readonly world: World
  readonly all: Record<string, Server>
  readonly seen: Mutable<RedisSeen>
}

interface Options {
  readonly sentinel?: boolean
  readonly announces?: boolean
  readonly named?: (pod: string) => string
}

function made({ sentinel = false, announces = true, named = host }: Options = {}): Seen {
  const world = databaseWorld({
    name: 'db',
    port: 6379,
    replicas: 3,
    pod: {
      containers: [
        {
          name: 'redis',
          ports: [{ containerPort: 6379 }, ...(sentinel ? [{ containerPort: 26379 }] : [])],
          command: announces ? ['redis-server', '--replica-announce-ip', '$(NAME)'] : ['redis-server'],
        },
      ],
    },
  })
  const all = servers(named)
  if (sentinel) sentinels(all)
  const seen: Mutable<RedisSeen> = {
    token: 'token',
    servers: all,
    write: { set: 'OK', acknowledged: '2', offset: '120', removed: '1' },
  }
  Object.assign(world.observations.redis, { [`${SPACE}/db`]: ok(seen) })
  return { world, all, seen }
}

/** Declares that the first pod is the master. */
function byOrdinal(world: World): StatefulSetOf {
  const set = world.declared[0] as unknown as StatefulSetOf
  set.spec.template.spec.containers[0]?.command.push('--replicaof', host('db-0'))
  return set
}

interface StatefulSetOf {
  readonly spec: {
    volumeClaimTemplates?: object[]
    template: { spec: { containers: { command: string[] }[] } }
  }
}

const failing = (world: World): string[] => notPassed(redisChecks, world)['fail'] ?? []

describe('where no ordinal is declared to be master, it is whoever says so', () => {
  test('all passes, of the others', () => {
    const { world } = made()
    expect(notPassed(redisChecks, world)).toEqual({ skipped: ['redis.init-log'] })
    expect(verdicts(redisChecks, 'redis.readonly', world)).toEqual({ 'db-0': 'pass', 'db-1': 'pass' })
  })

  test('addresses do where no names are announced, and do not where they are', () => {
    const named = (pod: string): string => `10.0.0.${pod.slice(-1)}`
    expect(failing(made({ announces: false, named }).world)).toEqual([])
    expect(failing(made({ named }).world)).toEqual(['redis.replication.master', 'redis.replication.replica'])
  })

  test('servers that know nothing of each other', () => {
    const { world, all, seen } = made()
    for (const each of Object.values(all)) each.replication = { role: 'master', connected_slaves: '0' }
    seen.write = { set: '', acknowledged: '', removed: '' }
    expect(failing(world)).toEqual(['redis.replication.master'])
    expect(run(redisChecks, 'redis.replication.master', world)[0]).toMatchObject({
      evidence: { observed: ['db-0', 'db-1', 'db-2'] },
    })
    expect(run(redisChecks, 'redis.replication.master', world)[0]?.hint).toContain(
      'No server follows another',
    )
  })

  test('a master of another workload is none of this one’s business', () => {
    const { world, all } = made()
    for (const each of Object.values(all)) {
      each.replication = { role: 'slave', master_host: 'elsewhere', master_link_status: 'up' }
    }
    expect(verdicts(redisChecks, 'redis.replication.master', world)).toEqual({ db: 'skipped' })
    expect(failing(world)).toEqual([])
  })
})

describe('faults', () => {
  test('a replica that is far behind, or was not heard of', () => {
    const { world, all } = made()
    Object.assign(all['db-2']?.replication ?? {}, { master_repl_offset: '9000000' })
    expect(failing(world)).toEqual(['redis.replication.lag'])
    Object.assign(all['db-2']?.replication ?? {}, { master_repl_offset: '114' })
    expect(failing(world)).toEqual([])
    Object.assign(all['db-2']?.replication ?? {}, { slave1: slave(host('db-1'), '100', '11') })
    expect(failing(world)).toEqual(['redis.replication.lag'])
  })

  test('a replica that did not reach the position it acknowledged', () => {
    const { world, all } = made()
    Object.assign(all['db-1'] ?? {}, { offset: '119' })
    expect(verdicts(redisChecks, 'redis.replication.offset', world)).toEqual({
      'db-0': 'pass',
      'db-1': 'fail',
    })
    Object.assign(all['db-1'] ?? {}, { offset: '' })
    expect(failing(world)).toEqual(['redis.replication.offset'])
  })

  test('the position was not asked for', () => {
    const { world, all, seen } = made()
    delete all['db-1']?.offset
    expect(verdicts(redisChecks, 'redis.replication.offset', world)['db-1']).toBe('inconclusive')
    delete seen.write.offset
    expect(verdicts(redisChecks, 'redis.replication.offset', world)['db-0']).toBe('inconclusive')
  })

  test('a server that is silent fails PING, and nothing more is said of it', () => {
    const { world, all } = made()
    for (const ping of ['', 'no answer in 6 s']) {
      all['db-1'] = { ping }
      expect(verdicts(redisChecks, 'redis.ping', world)).toMatchObject({ 'db-1': 'fail' })
      expect(verdicts(redisChecks, 'redis.readonly', world)).toMatchObject({ 'db-1': 'inconclusive' })
    }
  })

  test('a server that takes a write fails; that it refused for another reason proves nothing', () => {
    const { world, all } = made()
    Object.assign(all['db-1'] ?? {}, { write: 'OK' })
    expect(failing(world)).toEqual(['redis.readonly'])
    for (const write of [
      '',
      'no answer in 2 s',
      "NOPERM User default has no permissions to run the 'set' command",
      'Could not connect to Redis at db-1: Connection refused',
    ]) {
      Object.assign(all['db-1'] ?? {}, { write })
      expect(notPassed(redisChecks, world)).toEqual({
        ...{ inconclusive: ['redis.readonly'], skipped: ['redis.init-log'] },
      })
    }
  })

  test('a user who may not write says nothing of the master', () => {
    for (const set of ["NOPERM User default has no permissions to run the 'set' command", 'NOAUTH …']) {
      const { world, seen } = made()
      seen.write = { set, acknowledged: '0', removed: '' }
      expect(failing(world)).toEqual([])
      expect(run(redisChecks, 'redis.write-ack', world)[0]).toMatchObject({
        ...{ verdict: 'inconclusive', hint: `Could not be judged: the user may not write: ${set}.` },
      })
    }
    const { world, seen } = made()
    seen.write = { set: 'MISCONF Errors writing to disk', acknowledged: '0', removed: '' }
    expect(failing(world)).toEqual(['redis.write-ack'])
  })

  test.each(['db-1', 'db-2'])(
    'INFO of %s that was not answered in time is no fault of replication',
    (pod) => {
      const { world, all } = made()
      Object.assign(all[pod] ?? {}, { replication: {} })
      expect(failing(world)).toEqual([])
      expect(verdicts(redisChecks, 'redis.replication.replica', world)['db-1']).toBe('inconclusive')
    },
  )

  test('of a master that is known by its ordinal, too', () => {
    const { world, all } = made()
    byOrdinal(world)
    all['db-0'] = { ping: 'PONG', replication: {} }
    expect(run(redisChecks, 'redis.replication.master', world)[0]).toMatchObject({
      ...{
        verdict: 'inconclusive',
        hint: 'Could not be judged: db-0 answered PING, but not INFO replication.',
      },
    })
  })

  test('a value that was not told, in time or to this user, is not another value', () => {
    const { world, all } = made()
    Object.assign(all['db-1'] ?? {}, { read: '' })
    expect(failing(world)).toEqual(['redis.write-read'])
    for (const read of ['no answer in 2 s', 'NOPERM …']) {
      Object.assign(all['db-1'] ?? {}, { read })
      expect(failing(world)).toEqual([])
      expect(verdicts(redisChecks, 'redis.write-read', world)['db-1']).toBe('inconclusive')
    }
  })

  test('a password that nobody knows is no silence', () => {
    const { world, all } = made()
    for (const pod of Object.keys(all)) all[pod] = { ping: 'NOAUTH Authentication required.' }
    expect(failing(world)).toEqual([])
    expect(verdicts(redisChecks, 'redis.ping', world)).toMatchObject({ 'db-0': 'inconclusive' })
  })
})

test('where nothing may be written, what is written is not judged', () => {
  const { world, seen } = made()
  Object.assign(seen, { readOnly: true, write: { set: '', acknowledged: '', removed: '' } })
  expect(notPassed(redisChecks, world)).toEqual({
    skipped: [
      'redis.write-ack',
      'redis.write-read',
      'redis.replication.offset',
      'redis.readonly',
      'redis.init-log',
    ],
  })
})

test('what could not be observed is never green', () => {
  const { world } = made({ sentinel: true })
  Object.assign(world.observations.redis, { [`${SPACE}/db`]: lost('no answer within 8 s') })
  const { fail, inconclusive } = notPassed(redisChecks, world)
  expect(fail).toBeUndefined()
  expect(inconclusive).toEqual(redisChecks.map(({ id }) => id).filter((id) => id !== 'redis.init-log'))
})

describe('Sentinel', () => {
  test('that agrees passes', () => {
    const { world } = made({ sentinel: true })
    expect(notPassed(redisChecks, world)).toEqual({ skipped: ['redis.init-log'] })
    expect(verdicts(redisChecks, 'redis.sentinel.peers', world)).toEqual({
      'db-0': 'pass',
      'db-1': 'pass',
      'db-2': 'pass',
    })
  })

  test('is not judged where there is none', () => {
    expect(run(redisChecks, 'redis.sentinel.master', made().world)).toEqual([])
  })

  test('one that follows a former master', () => {
    const { world, all } = made({ sentinel: true })
    Object.assign(all['db-1']?.sentinel?.masters[0] ?? {}, { ip: host('db-0') })
    expect(failing(world)).toEqual(['redis.sentinel.master'])
  })

  test('one that lacks another, or counts one that is gone, or holds the master for dead', () => {
    for (const change of [
      { 'num-other-sentinels': '1' },
      { 'num-other-sentinels': '3' },
      { 'num-slaves': '1' },
      { flags: 'master,s_down' },
    ]) {
      const { world, all } = made({ sentinel: true })
      Object.assign(all['db-1']?.sentinel?.masters[0] ?? {}, change)
      expect(failing(world)).toEqual(['redis.sentinel.peers'])
    }
  })

  test('one that watches nothing, and one that asks for another password', () => {
    const { world, all } = made({ sentinel: true })
    Object.assign(all['db-1'] ?? {}, { sentinel: { masters: [] } })
    expect(failing(world)).toEqual(['redis.sentinel.master', 'redis.sentinel.peers'])
    Object.assign(all['db-1'] ?? {}, { sentinel: { masters: [], error: 'NOAUTH Authentication required.' } })
    expect(failing(world)).toEqual([])
    expect(verdicts(redisChecks, 'redis.sentinel.peers', world)['db-1']).toBe('inconclusive')
  })
})

describe('what a lost master takes with it', () => {
  const lose = (keeps: boolean): string => {
    const { world, all } = made()
    const set = byOrdinal(world)
    if (keeps) set.spec.volumeClaimTemplates = [{}]
    all['db-0'] = { ping: '' }
    const lost = run(redisChecks, 'redis.ping', world).find(({ verdict }) => verdict === 'fail')
    return lost?.hint ?? ''
  }

  test('without a volume everything, and the hint says so', () => {
    expect(lose(false)).toContain('everything that was written is lost')
  })

  test('with a volume nothing', () => {
    expect(lose(true)).toContain('Its data is on a volume')
  })
})
