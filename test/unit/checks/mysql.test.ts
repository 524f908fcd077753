import { describe, expect, test } from 'vitest'
import { mysqlChecks } from '../../../lab/checks/mysql.js'
import type {
  MysqlHostSeen,
  MysqlSeen,
  MysqlServerSeen,
  MysqlTour,
} from '../../../lab/observe/model/mysql.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import {
  SPACE,
  databaseWorld,
  host,
  lost,
  notPassed,
  ok,
  run,
  serviceHost,
  verdicts,
} from './database-worlds.js'
import type { Mutable, World } from './recorded.js'

const READ_ONLY =
  'ERROR 1290 (HY000) at line 1: The MariaDB server is running with the --read-only option so it cannot execute this statement'
const version = '11.8.6-MariaDB'

const replica = (): Mutable<MysqlServerSeen> => ({
  version,
  readOnly: true,
  replication: { host: host('db-0'), receiving: 'Yes', applying: 'Yes', gtid: 'Slave_Pos', error: '' },
})

const followed = (pod: string): Mutable<MysqlHostSeen> => ({
  reached: [pod],
  caughtUp: true,
  position: '0-100-5',
  row: 'token',
  refused: READ_ONLY,
})

const tour = (): Mutable<MysqlTour> => ({
  hosts: {
    [serviceHost('db')]: { reached: ['db-2', 'db-0', 'db-2'] },
    [serviceHost('db-headless')]: { reached: ['db-1', 'db-1', 'db-1'] },
    [host('db-0')]: { ...followed('db-0'), position: '', refused: 'accepted' },
    [host('db-1')]: followed('db-1'),
    [host('db-2')]: followed('db-2'),
  },
  position: '0-100-5',
  write: { token: 'token', removed: true },
})

const primary = (): Mutable<MysqlServerSeen> => ({
  version,
  readOnly: false,
  replication: null,
  tour: tour(),
})

interface Seen {
  readonly world: World
  readonly servers: Record<string, Part<Mutable<MysqlServerSeen>>>
  readonly first: Mutable<MysqlServerSeen>
  readonly connections: Mutable<MysqlTour>
}

function made(mayWrite = true): Seen {
  const world = databaseWorld({ name: 'db', port: 3306, replicas: 3, services: { db: { app: 'db' } } })
  const main = primary()
  const first = replica()
  const servers = { 'db-0': ok(main), 'db-1': ok(first), 'db-2': ok(replica()) }
  Object.assign(world.observations.mysql, { [`${SPACE}/db`]: ok<MysqlSeen>({ servers, mayWrite }) })
  return { world, servers, first, connections: main.tour as Mutable<MysqlTour> }
}

const failing = (world: World): string[] => notPassed(mysqlChecks, world)['fail'] ?? []

function change(connections: Mutable<MysqlTour>, pod: string, seen: Partial<MysqlHostSeen>): void {
  Object.assign(connections.hosts[host(pod)] ?? {}, seen)
}

test('a healthy database passes everything', () => {
  expect(notPassed(mysqlChecks, made().world)).toEqual({})
})

test('where nothing may be written, rows are not judged, and everything else is', () => {
  const { world, connections } = made(false)
  delete connections.write
  expect(notPassed(mysqlChecks, world)).toEqual({
    skipped: ['mysql.write', 'mysql.write-read', 'mysql.replica.refuses-writes'],
  })
})

describe('faults', () => {
  test('a server that is away', () => {
    const { world, first } = made()
    for (const field of Object.keys(first)) Reflect.deleteProperty(first, field)
    first.error = "ERROR 2002 (HY000): Can't connect to local server through socket"
    expect(verdicts(mysqlChecks, 'mysql.answers', world)).toMatchObject({ 'db-1': 'fail' })
    expect(verdicts(mysqlChecks, 'mysql.primary.one', world)).toEqual({ db: 'inconclusive' })
    first.error = "ERROR 1045 (28000): Access denied for user 'root'@'localhost'"
    expect(verdicts(mysqlChecks, 'mysql.answers', world)).toMatchObject({ 'db-1': 'inconclusive' })
  })

  test('a replica that was made writable', () => {
    const { world, first, connections } = made()
    first.readOnly = false
    change(connections, 'db-1', { refused: 'accepted' })
    expect(failing(world)).toEqual(['mysql.replica.read-only', 'mysql.replica.refuses-writes'])
  })

  test('a user who may write all the same', () => {
    const { world, connections } = made()
    change(connections, 'db-1', { refused: 'accepted' })
    expect(failing(world)).toEqual(['mysql.replica.refuses-writes'])
  })

  test('an attempt that failed for another reason proves nothing', () => {
    const { world, connections } = made()
    change(connections, 'db-1', { refused: "ERROR 1146 (42S02) at line 1: Table doesn't exist" })
    expect(failing(world)).toEqual([])
    expect(verdicts(mysqlChecks, 'mysql.replica.refuses-writes', world)['db-1']).toBe('inconclusive')
  })

  test.each([
    ['receives nothing', { receiving: 'Connecting', error: 'error connecting to master' }],
    ['applies nothing', { applying: 'No', error: 'Duplicate entry' }],
  ])('a replica that %s', (_, seen) => {
    const { world, first } = made()
    Object.assign(first.replication ?? {}, seen)
    expect(failing(world)).toEqual(['mysql.replication.running'])
    const failed = run(mysqlChecks, 'mysql.replication.running', world).find(
      ({ verdict }) => verdict === 'fail',
    )
    expect(failed?.evidence.observed).toMatchObject({ error: seen.error })
  })

  test('a replica that was told to follow nobody, still read-only', () => {
    const { world, first } = made()
    first.replication = null
    expect(failing(world)).toEqual(['mysql.replication.running', 'mysql.replication.source'])
  })

  test('a replica of an address, or of another replica', () => {
    const { world, first } = made()
    Object.assign(first.replication ?? {}, { host: '10.0.0.0' })
    expect(failing(world)).toEqual(['mysql.replication.source'])
    Object.assign(first.replication ?? {}, { host: host('db-2') })
    expect(failing(world)).toEqual(['mysql.replication.source'])
    Object.assign(first.replication ?? {}, { host: 'db-0.db-headless' })
    expect(failing(world)).toEqual([])
  })

  test('a replica that lags', () => {
    const { world, connections } = made()
    Reflect.deleteProperty(connections.hosts[host('db-2')] ?? {}, 'row')
    change(connections, 'db-2', { caughtUp: false, position: '0-100-4', error: 'ERROR 1146 (42S02)' })
    expect(failing(world)).toEqual(['mysql.replication.gtid', 'mysql.write-read'])
  })

  test('two primaries', () => {
    const { world, first } = made()
    first.replication = null
    first.readOnly = false
    expect(failing(world)).toEqual(['mysql.primary.one'])
  })

  test('servers that know nothing of each other, as document 003 has them', () => {
    const { world, servers } = made()
    for (const pod of ['db-1', 'db-2']) servers[pod] = ok({ version, readOnly: false, replication: null })
    const [one] = run(mysqlChecks, 'mysql.primary.one', world)
    expect(one).toMatchObject({ verdict: 'fail', evidence: { observed: ['db-0', 'db-1', 'db-2'] } })
    expect(one?.hint).toContain('No server follows another')
  })

  test('a service that leads to a pod that is not Ready', () => {
    const { world } = made()
    const part = world.observations.api.pods
    const pod = 'error' in part ? undefined : part.value[2]
    Object.assign(pod?.status?.conditions?.[0] ?? {}, { status: 'False' })
    expect(failing(world)).toEqual(['mysql.service'])
  })

  test('a service that leads nowhere, and one of whose connections one is lost', () => {
    const { world, connections } = made()
    const refused = "ERROR 2002 (HY000): Can't connect to server on 'db' (111)"
    connections.hosts[serviceHost('db')] = { reached: [], error: refused }
    connections.hosts[serviceHost('db-headless')] = { reached: ['db-1'], error: refused }
    expect(verdicts(mysqlChecks, 'mysql.service', world)).toEqual({ db: 'fail', 'db-headless': 'fail' })
  })

  test('a name that leads to another pod', () => {
    const { world, connections } = made()
    change(connections, 'db-1', { reached: ['db-2'] })
    expect(failing(world)).toEqual(['mysql.pod-name'])
  })

  test('a primary that takes no row', () => {
    const { world, connections } = made()
    connections.write = { token: 'token', error: 'ERROR 1114 (HY000): The table is full', removed: true }
    expect(failing(world)).toEqual(['mysql.write'])
    const { inconclusive } = notPassed(mysqlChecks, world)
    expect(inconclusive).toEqual(['mysql.write-read', 'mysql.replica.refuses-writes'])
  })
})

describe('what could not be observed is never green', () => {
  test('the pod of the primary', () => {
    const { world, servers } = made()
    servers['db-0'] = lost('no answer within 10 s')
    const { fail, inconclusive } = notPassed(mysqlChecks, world)
    expect(fail).toBeUndefined()
    // Of the replicas themselves their own pods tell.
    expect(verdicts(mysqlChecks, 'mysql.replica.read-only', world)).toMatchObject({ 'db-1': 'pass' })
    expect(inconclusive).toEqual(mysqlChecks.map(({ id }) => id))
  })

  test('without a log-in for the ordinary user only the servers themselves are judged', () => {
    const { world, connections } = made()
    const denied = "ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.0'"
    for (const each of Object.keys(connections.hosts))
      connections.hosts[each] = { reached: [], error: denied }
    connections.write = { token: 'token', error: denied, removed: false }
    expect(notPassed(mysqlChecks, world)).toEqual({
      inconclusive: [
        'mysql.replication.gtid',
        'mysql.service',
        'mysql.pod-name',
        'mysql.write',
        'mysql.write-read',
        'mysql.replica.refuses-writes',
      ],
    })
  })

  test('who may not see the status of replication, or had no answer', () => {
    const { world, first } = made()
    delete first.replication
    expect(failing(world)).toEqual([])
    expect(run(mysqlChecks, 'mysql.primary.one', world)[0]).toMatchObject({
      verdict: 'inconclusive',
      hint: 'Could not be judged: SHOW REPLICA STATUS may not be seen, or gave no answer.',
    })
  })

  test('a position of the primary that nobody told', () => {
    const { world, connections } = made()
    delete connections.position
    expect(notPassed(mysqlChecks, world)).toEqual({ inconclusive: ['mysql.replication.gtid'] })
  })
})
