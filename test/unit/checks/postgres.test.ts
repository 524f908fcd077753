import { describe, expect, test } from 'vitest'
import { postgresChecks } from '../../../lab/checks/postgres.js'
import type {
  PostgresHostSeen,
  PostgresSeen,
  PostgresServerSeen,
  PostgresTour,
} from '../../../lab/observe/model/postgres.js'
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

const KEY = `${SPACE}/db`
const settings = { synchronousMode: 'true', synchronousNodes: 1 }
const at = (ordinal: number): string => `10.0.0.${ordinal}`

const reached = (ordinal: number, inRecovery: boolean, row?: string): Mutable<PostgresHostSeen> => ({
  reached: [{ address: at(ordinal), inRecovery }],
  ...(row === undefined ? {} : { row }),
})

const replica = (): Mutable<PostgresServerSeen> => ({
  inRecovery: true,
  synchronousNames: '',
  standbys: [],
  receiver: { status: 'streaming', host: host('db-1') },
  patroni: { ...settings },
})

const tour = (): Mutable<PostgresTour> => ({
  hosts: {
    [serviceHost('db')]: {
      reached: [0, 1, 2].map((each) => ({ address: at(each), inRecovery: each !== 1 })),
    },
    [serviceHost('db-headless')]: reached(2, true),
    [serviceHost('db-primary')]: reached(1, false),
    [host('db-0')]: reached(0, true, 'token'),
    [host('db-1')]: reached(1, false, 'token'),
    [host('db-2')]: reached(2, true, 'token'),
  },
  write: { token: 'token', lsn: '0/1', removed: true },
})

const primary = (): Mutable<PostgresServerSeen> => ({
  inRecovery: false,
  synchronousNames: '"db-0"',
  receiver: null,
  standbys: [
    { name: 'db-0', address: at(0), state: 'streaming', sync: 'sync' },
    { name: 'db-2', address: at(2), state: 'streaming', sync: 'async' },
  ],
  patroni: { ...settings },
  tour: tour(),
})

interface Seen {
  readonly world: World
  readonly servers: Record<string, Part<Mutable<PostgresServerSeen>>>
  readonly first: Mutable<PostgresServerSeen>
  readonly main: Mutable<PostgresServerSeen>
  readonly connections: Mutable<PostgresTour>
}

/** Three servers by Patroni, of which the second one is primary. */
function made(mayWrite = true, services: Record<string, Record<string, string>> = {}): Seen {
  const world = databaseWorld({
    name: 'db',
    port: 5432,
    replicas: 3,
    services: { db: { app: 'db' }, 'db-primary': { app: 'db', role: 'primary' }, ...services },
    labels: { 'db-0': { role: 'replica' }, 'db-1': { role: 'primary' }, 'db-2': { role: 'replica' } },
  })
  const first = replica()
  const main = primary()
  const servers = { 'db-0': ok(first), 'db-1': ok(main), 'db-2': ok(replica()) }
  Object.assign(world.observations.postgres, { [KEY]: ok<PostgresSeen>({ servers, mayWrite }) })
  return { world, servers, first, main, connections: main.tour as Mutable<PostgresTour> }
}

/** Sets labels on a pod as the cluster has it. */
function relabel(world: World, pod: string, labels: Record<string, string>): void {
  const part = world.observations.api.pods
  if ('error' in part) throw new Error('no pods')
  const found = part.value.find(({ metadata }) => metadata?.name === pod)
  Object.assign(found?.metadata ?? {}, { labels: { app: 'db', ...labels } })
}

const failing = (world: World): string[] => notPassed(postgresChecks, world)['fail'] ?? []

test('a healthy cluster passes everything', () => {
  const { world } = made()
  expect(notPassed(postgresChecks, world)).toEqual({})
  expect(verdicts(postgresChecks, 'postgres.replication.source', world)).toEqual({
    'db-0': 'pass',
    'db-2': 'pass',
  })
})

test('where nothing may be written, the row is not judged, and everything else is', () => {
  const { world, connections } = made(false)
  delete connections.write
  expect(notPassed(postgresChecks, world)).toEqual({ skipped: ['postgres.write', 'postgres.write-read'] })
})

describe('faults', () => {
  test('a server that is away', () => {
    const { world, first } = made()
    for (const field of Object.keys(first)) Reflect.deleteProperty(first, field)
    first.error = 'psql: error: connection to server on socket failed: No such file or directory'
    expect(verdicts(postgresChecks, 'postgres.answers', world)).toMatchObject({ 'db-0': 'fail' })
    expect(verdicts(postgresChecks, 'postgres.primary.one', world)).toEqual({ db: 'inconclusive' })
  })

  test('a log-in that is refused says nothing of the server', () => {
    const { world, first } = made()
    for (const field of Object.keys(first)) Reflect.deleteProperty(first, field)
    first.error = 'psql: error: FATAL: password authentication failed for user "postgres"'
    expect(verdicts(postgresChecks, 'postgres.answers', world)).toMatchObject({ 'db-0': 'inconclusive' })
  })

  test('two primaries', () => {
    const { world, servers } = made()
    servers['db-2'] = ok({ ...primary(), standbys: [] })
    expect(run(postgresChecks, 'postgres.primary.one', world)[0]).toMatchObject({
      verdict: 'fail',
      evidence: { observed: ['db-1', 'db-2'] },
    })
    expect(failing(world)).toEqual(['postgres.primary.one', 'postgres.role.label'])
  })

  test('no primary: nothing was connected to', () => {
    const { world, servers } = made()
    servers['db-1'] = ok(replica())
    expect(failing(world)).toEqual(['postgres.primary.one', 'postgres.role.label'])
    expect(verdicts(postgresChecks, 'postgres.service', world)['db-primary']).toBe('inconclusive')
  })

  test('servers that know nothing of each other, as document 002 has them', () => {
    const { world, servers, connections } = made()
    for (const [ordinal, pod] of ['db-0', 'db-1', 'db-2'].entries()) {
      servers[pod] = ok({ ...primary(), standbys: [], patroni: null, synchronousNames: '' })
      relabel(world, pod, {})
      connections.hosts[host(pod)] = reached(ordinal, false)
    }
    const refused = 'psql: error: connection to server at "db-primary", port 5432 failed: Connection refused'
    const [tours] = [servers['db-0']].map((part) => (part && 'value' in part ? part.value.tour : undefined))
    Object.assign(tours?.hosts ?? {}, { [serviceHost('db-primary')]: { reached: [], error: refused } })
    Object.assign(tours ?? {}, { write: { token: 'token', error: refused, removed: false } })
    expect(failing(world)).toEqual([
      'postgres.primary.one',
      'postgres.role.label',
      'postgres.service',
      'postgres.write',
    ])
    const [one] = run(postgresChecks, 'postgres.primary.one', world)
    expect(one?.hint).toContain('No server follows another')
    expect(run(postgresChecks, 'postgres.write', world)[0]?.evidence.observed).toEqual({
      row: refused,
      table: 'removed again',
    })
  })

  test('a label that was left on the former primary', () => {
    const { world } = made()
    relabel(world, 'db-1', { role: 'replica' })
    relabel(world, 'db-0', { role: 'primary' })
    expect(failing(world)).toEqual(['postgres.role.label'])
  })

  test('a service for the primary that leads to a replica now and then', () => {
    const { world, connections } = made()
    const both = [
      { address: at(1), inRecovery: false },
      { address: at(0), inRecovery: true },
    ]
    connections.hosts[serviceHost('db-primary')] = { reached: both }
    expect(failing(world)).toEqual(['postgres.service'])
  })

  test('a service that leads to a pod that is not Ready', () => {
    const { world } = made()
    const part = world.observations.api.pods
    const pod = 'error' in part ? undefined : part.value[2]
    Object.assign(pod?.status?.conditions?.[0] ?? {}, { status: 'False' })
    expect(failing(world)).toEqual(['postgres.service'])
  })

  test('one of several connections through a service is lost', () => {
    const { world, connections } = made()
    Object.assign(connections.hosts[serviceHost('db')] ?? {}, {
      error: 'connection to server at "db" failed: timeout expired',
    })
    expect(failing(world)).toEqual(['postgres.service'])
  })

  test('a name that leads to another pod', () => {
    const { world, connections } = made()
    connections.hosts[host('db-0')] = reached(2, true, 'token')
    expect(failing(world)).toEqual(['postgres.pod-name'])
  })

  test('a replica that does not stream', () => {
    const { world, main } = made()
    main.standbys = main.standbys?.filter(({ name }) => name !== 'db-2') ?? []
    expect(failing(world)).toEqual(['postgres.replication.streaming'])
  })

  test('a replica that catches up, not yet streaming', () => {
    const { world, main } = made()
    Object.assign(main.standbys?.[1] ?? {}, { state: 'catchup' })
    expect(failing(world)).toEqual(['postgres.replication.streaming'])
  })

  test('a replica that follows another replica, or nobody', () => {
    const { world, first } = made()
    first.receiver = { status: 'streaming', host: host('db-2') }
    expect(failing(world)).toEqual(['postgres.replication.source'])
    first.receiver = null
    expect(failing(world)).toEqual(['postgres.replication.source'])
  })

  test('the primary by its address is the primary all the same', () => {
    const { world, first } = made()
    first.receiver = { status: 'streaming', host: at(1) }
    expect(failing(world)).toEqual([])
  })

  test('no replica is synchronous though one has to be, and one though none has to', () => {
    const { world, main } = made()
    Object.assign(main.standbys?.[0] ?? {}, { sync: 'async' })
    expect(failing(world)).toEqual(['postgres.replication.sync'])
    main.patroni = { synchronousMode: 'false', synchronousNodes: 1 }
    expect(failing(world)).toEqual([])
    Object.assign(main.standbys?.[0] ?? {}, { sync: 'sync' })
    expect(failing(world)).toEqual(['postgres.replication.sync'])
  })

  test('without Patroni the names that commits wait for are what was told', () => {
    const { world, main } = made()
    main.patroni = null
    expect(failing(world)).toEqual([])
    Object.assign(main.standbys?.[0] ?? {}, { sync: 'potential' })
    expect(failing(world)).toEqual(['postgres.replication.sync'])
    delete main.patroni
    expect(verdicts(postgresChecks, 'postgres.replication.sync', world)).toEqual({ db: 'inconclusive' })
  })

  test('a commit that no replica acknowledged', () => {
    const { world, connections } = made()
    connections.write = { token: 'token', error: 'not acknowledged in 4 s', removed: true }
    expect(failing(world)).toEqual(['postgres.write'])
    expect(verdicts(postgresChecks, 'postgres.write-read', world)).toEqual({
      'db-0': 'inconclusive',
      'db-2': 'inconclusive',
    })
  })

  test('a table that stays behind', () => {
    const { world, connections } = made()
    Object.assign(connections.write ?? {}, { removed: false })
    expect(failing(world)).toEqual(['postgres.write'])
  })

  test('a replica that has not got the row, which is no fault of its name', () => {
    const { world, connections } = made()
    connections.hosts[host('db-2')] = { ...reached(2, true), error: 'ERROR: relation "…" does not exist' }
    expect(failing(world)).toEqual(['postgres.write-read'])
  })
})

describe('what could not be observed is never green', () => {
  test('the pod of the primary', () => {
    const { world, servers } = made()
    servers['db-1'] = lost('no answer within 10 s')
    const { fail, inconclusive } = notPassed(postgresChecks, world)
    expect(fail).toBeUndefined()
    expect(inconclusive).toEqual(postgresChecks.map(({ id }) => id))
  })

  test('a pod of unknown role that a connection to a role came to', () => {
    const { world, servers, connections } = made(true, { 'db-replica': { app: 'db', role: 'replica' } })
    connections.hosts[serviceHost('db-replica')] = {
      reached: [0, 2].map((each) => ({ address: at(each), inRecovery: true })),
    }
    expect(failing(world)).toEqual([])
    servers['db-2'] = lost('no answer within 15 s')
    expect(verdicts(postgresChecks, 'postgres.service', world)).toEqual({
      ...{ db: 'pass', 'db-headless': 'pass', 'db-primary': 'pass', 'db-replica': 'inconclusive' },
    })
    // One that is known to be of another role is wrong, whatever the rest are.
    connections.hosts[serviceHost('db-replica')]?.reached.push({ address: at(1), inRecovery: false })
    expect(failing(world)).toEqual(['postgres.service'])
  })

  test('the pods: the primary is known, but not whose address is whose', () => {
    const { world } = made()
    Object.assign(world.observations.api, { pods: lost('403') })
    const { fail, inconclusive } = notPassed(postgresChecks, world)
    expect(fail).toBeUndefined()
    expect(inconclusive).toContain('postgres.service')
    expect(inconclusive).toContain('postgres.role.label')
  })
})

describe('Patroni is spoken of where it may be', () => {
  type Patroni = NonNullable<Mutable<PostgresServerSeen>['patroni']> | null
  const hints = (patroni: Patroni): Record<string, string | undefined> => {
    const { world, servers } = made()
    for (const pod of ['db-0', 'db-1', 'db-2']) servers[pod] = ok({ ...replica(), patroni })
    const none = ['postgres.primary.one', 'postgres.role.label'].map((id) => [
      id,
      run(postgresChecks, id, world)[0]?.hint,
    ])
    servers['db-1'] = ok({ ...primary(), patroni })
    servers['db-0'] = ok({ ...replica(), patroni, receiver: null })
    const [receiver] = run(postgresChecks, 'postgres.replication.source', world)
    return Object.fromEntries([...none, ['receiver', receiver?.hint]]) as Record<string, string | undefined>
  }

  test('where it is', () => {
    expect(hints({ ...settings })).toMatchObject({
      'postgres.primary.one': expect.stringContaining('patronictl list') as string,
      'postgres.role.label': expect.stringContaining('Patroni keeps the label up to date') as string,
      receiver: expect.stringContaining('patronictl list') as string,
    })
  })

  test('not where no server has it', () => {
    const said = hints(null)
    expect(said['postgres.role.label']).toBe(
      'Nothing that was found here keeps such a label (there is no Patroni): whoever makes a server primary has to set it, or the service leads nowhere.',
    )
    expect(Object.values(said).join()).not.toContain('patronictl')
    expect(Object.values(said).every((hint) => hint !== undefined && hint !== '')).toBe(true)
  })

  test('where nobody may read what it was told', () => {
    const { world, servers } = made()
    for (const pod of ['db-0', 'db-1', 'db-2']) {
      const server = replica()
      delete server.patroni
      servers[pod] = ok(server)
    }
    expect(run(postgresChecks, 'postgres.primary.one', world)[0]?.hint).toContain('patronictl list')
  })
})

test('one server alone has no replication to judge', () => {
  const world = databaseWorld({
    name: 'db',
    port: 5432,
    replicas: 1,
    services: { db: { app: 'db' } },
  })
  const alone = { ...primary(), standbys: [], patroni: null, synchronousNames: '' }
  alone.tour = {
    hosts: {
      [serviceHost('db')]: reached(0, false),
      [serviceHost('db-headless')]: reached(0, false),
      [host('db-0')]: reached(0, false, 'token'),
    },
    write: { token: 'token', lsn: '0/1', removed: true },
  }
  Object.assign(world.observations.postgres, {
    [KEY]: ok<PostgresSeen>({ servers: { 'db-0': ok(alone) }, mayWrite: true }),
  })
  expect(notPassed(postgresChecks, world)).toEqual({
    skipped: ['postgres.replication.streaming', 'postgres.replication.sync'],
  })
})
