import { databaseServices, podAt, podCalled } from '../observe/model/databases.js'
import type { DatabaseSet } from '../observe/model/databases.js'
import { nameOf, selects } from '../observe/model/declared.js'
import { postgresSets } from '../observe/model/postgres.js'
import type {
  PostgresHostSeen,
  PostgresSeen,
  PostgresServerSeen,
  PostgresTour,
} from '../observe/model/postgres.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Check, Context, World } from './check.js'
import {
  NO_WRITING,
  behind,
  databaseScope,
  isLoginTrouble,
  landsOn,
  livePods,
  servedScope,
  serverScope,
} from './databases.js'
import type { DatabaseServer, Reached, ServedDatabase } from './databases.js'
import { liveService, podsOf } from './live.js'
import { compare } from './outcome.js'

const sets = ({ declared, lab }: World): DatabaseSet[] => postgresSets(declared, lab)
const eachPostgres = databaseScope(sets)
const eachServer = serverScope((world) =>
  sets(world).flatMap((database) => database.pods.map((pod) => ({ database, pod }))),
)
/** All but the primary, which is whichever says so. */
const eachReplica = serverScope((world) =>
  eachServer.items(world).filter(({ database, pod }) => {
    const primaries = knownPrimaries(database, world.observations.postgres[database.key])
    return database.pods.length > 1 && !(primaries.length === 1 && primaries[0] === pod.name)
  }),
)
const eachServed = servedScope(services)
const eachRoleService = servedScope((world) => services(world).filter(({ role }) => role !== 'any'))

const answers = defineCheck({
  id: 'postgres.answers',
  title: 'the server answers in its pod',
  answers: '002 StatefulSet with Headless Service',
  needs: ['postgres'],
  hint: 'The server is starting, or has ended: see `kubectl logs` of the pod, and workloads.ready.',
  of: eachServer,
  judge: (server, context) => {
    const { error } = serverPart(server, context)
    if (error !== undefined && isLoginTrouble(error)) throw new Unobserved(`no log-in: ${error}`)
    return compare('an answer', error ?? 'an answer')
  },
})

const onePrimary = defineCheck({
  id: 'postgres.primary.one',
  title: 'exactly one server is primary: the only one that is not in recovery',
  answers: '002 Combining Headless and Regular Services (corrected)',
  needs: ['postgres'],
  hint: 'None: nobody was promoted yet, see `patronictl list` in a pod. Several: two of them take writes.',
  of: eachPostgres,
  judge: (database, context) => {
    const { primaries, missing } = roles(database, context)
    if (primaries.length <= 1 && missing !== undefined) throw new Unobserved(missing)
    const independent = primaries.length > 1 && primaries.length === database.pods.length
    return {
      verdict: primaries.length === 1 ? 'pass' : 'fail',
      expected: 'one primary',
      observed: primaries,
      source: `SELECT pg_is_in_recovery(), in each pod of ${database.key}`,
      ...(independent
        ? {
            hint: 'No server follows another: each pod has a database of its own, and what is written to one is not in the others. Nothing in the manifest sets up replication.',
          }
        : hasPatroni(database, context)
          ? {}
          : { hint: 'None: nobody was promoted yet. Several: two of them take writes.' }),
    }
  },
})

const label = defineCheck({
  id: 'postgres.role.label',
  title: 'exactly the pods with that role carry the label that the service selects by',
  answers: '002 Combining Headless and Regular Services (corrected)',
  needs: ['postgres', 'api.pods', 'api.services'],
  hint: 'Patroni keeps the label up to date; see its log in the pod, and whether its Role may patch pods. No label at all: nothing sets it, and the service leads nowhere.',
  of: eachRoleService,
  judge: (served, context) => {
    const { database, role } = served
    const { primaries, replicas, missing } = roles(database, context)
    if (missing !== undefined) throw new Unobserved(missing)
    const { selector } = liveService(served.service, context).spec ?? {}
    const labelled = podsOf(database.set, context)
      .filter(({ metadata }) => selects(selector, metadata?.labels))
      .map(nameOf)
      .sort()
    return compare(
      role === 'primary' ? primaries : replicas,
      labelled,
      hasPatroni(database, context)
        ? {}
        : {
            hint: 'Nothing that was found here keeps such a label (there is no Patroni): whoever makes a server primary has to set it, or the service leads nowhere.',
          },
    )
  },
})

const route = defineCheck({
  id: 'postgres.service',
  title: 'connections through the service land on pods that it is for: ready ones, or those of its role',
  answers: '002 Combining Headless and Regular Services (corrected)',
  needs: ['postgres', 'api.pods', 'api.services'],
  hint: 'The service selects other pods (postgres.role.label), has none (endpointslices.addresses), or a NetworkPolicy cuts the way between the pods.',
  of: eachServed,
  judge: (served, context) => {
    const { database, role, fqdn } = served
    const { primaries, replicas, unknown, missing } = roles(database, context)
    const ready = behind(served, context)
    const allowed = role === 'any' ? ready : role === 'primary' ? primaries : replicas
    const source = `SELECT inet_server_addr(), through ${fqdn}, from the pod of the primary`
    const reached = reachedBy(fqdn, database, context)
    const elsewhere = reached.pods.filter((pod) => !allowed.includes(pod))
    // One of another role is wrong, whatever the others are.
    const open = elsewhere.length > 0 && elsewhere.every((pod) => unknown.includes(pod))
    if (role !== 'any' && missing !== undefined && open) throw new Unobserved(missing)
    return landsOn(allowed, reached, source)
  },
})

const name = defineCheck({
  id: 'postgres.pod-name',
  title: 'a connection to the name of the pod lands on that very pod',
  answers: '002 DNS Records Created',
  needs: ['postgres', 'api.pods'],
  hint: 'The name does not resolve (dns.pod.a), or the server is away (postgres.answers).',
  of: eachServer,
  judge: ({ database, pod }, context) =>
    landsOn(
      [pod.name],
      reachedBy(pod.fqdn, database, context),
      `SELECT inet_server_addr(), through ${pod.fqdn}, from the pod of the primary`,
    ),
})

const streaming = defineCheck({
  id: 'postgres.replication.streaming',
  title: 'every other server streams from the primary',
  answers: '002 Overview: replicas (corrected)',
  needs: ['postgres', 'api.pods'],
  hint: 'A replica that is missing does not reach the primary by name, or is copied anew: see the log of its pod.',
  of: eachPostgres,
  judge: (database, context) => {
    if (database.pods.length === 1) return skipped('there is one server')
    const primary = thePrimary(database, context)
    const others = database.pods.map((pod) => pod.name).filter((each) => each !== primary.name)
    const pods = livePods(context)
    const seen = primary.standbys.map(({ address, state }): [string, string] => [
      podAt(address, database.namespace, pods),
      state,
    ])
    return compare(
      Object.fromEntries(others.map((each) => [each, 'streaming'])),
      Object.fromEntries(seen.sort(([a], [b]) => (a < b ? -1 : 1))),
      { source: `pg_stat_replication, in pod ${primary.name}` },
    )
  },
})

const receiver = defineCheck({
  id: 'postgres.replication.source',
  title: 'the replica receives from the primary',
  answers: '002 Overview: replicas (corrected)',
  needs: ['postgres', 'api.pods'],
  hint: 'It follows a former primary, or has nobody to follow: see `patronictl list` in the pod.',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const primary = thePrimary(database, context)
    const { receiver: from } = answered({ database, pod }, context)
    if (from === undefined) throw new Unobserved('who asked may not see pg_stat_wal_receiver')
    const observed =
      from === null
        ? 'nobody'
        : { status: from.status, from: podCalled(from.host, database, livePods(context)) }
    return compare({ status: 'streaming', from: primary.name }, observed, {
      source: `pg_stat_wal_receiver, in pod ${pod.name}`,
      ...(hasPatroni(database, context)
        ? {}
        : {
            hint: 'It follows a former primary, or has nobody to follow: see its primary_conninfo, and the log of the pod.',
          }),
    })
  },
})

const synchronous = defineCheck({
  id: 'postgres.replication.sync',
  title: 'commits wait for as many replicas as Patroni, or else the server, was told',
  answers: 'PostgreSQL: Synchronous Replication',
  needs: ['postgres'],
  hint: 'While no replica has caught up Patroni makes none synchronous: then only the primary has what is committed.',
  of: eachPostgres,
  judge: (database, context) => {
    if (database.pods.length === 1) return skipped('there is one server')
    const { patroni, synchronousNames = '', standbys } = thePrimary(database, context)
    if (patroni === undefined) throw new Unobserved('who asked may not read what Patroni was told')
    const wanted =
      patroni === null
        ? Number(synchronousNames !== '')
        : patroni.synchronousMode === 'false'
          ? 0
          : Math.min(patroni.synchronousNodes, database.pods.length - 1)
    const waitedFor = standbys.filter(({ sync }) => sync === 'sync' || sync === 'quorum')
    // Of a quorum more may be asked than have to answer.
    const enough =
      patroni?.synchronousMode === 'quorum' || (patroni === null && wanted > 0)
        ? waitedFor.length >= wanted
        : waitedFor.length === wanted
    return {
      verdict: enough ? 'pass' : 'fail',
      expected: { synchronous: wanted },
      observed: Object.fromEntries(standbys.map((standby) => [standby.name, standby.sync])),
    }
  },
})

const write = defineCheck({
  id: 'postgres.write',
  title: 'a row is written to the primary, by the name of its service where there is one',
  answers: '002 Combining Headless and Regular Services (corrected)',
  needs: ['postgres'],
  hint: 'A read-only transaction: the service leads to a replica. No acknowledgement: the commit waits for a replica that is away (postgres.replication.sync).',
  of: eachPostgres,
  judge: (database, context) => {
    const { mayWrite } = seenOf(database, context)
    if (!mayWrite) return skipped(NO_WRITING)
    const { write: seen } = theTour(database, context)
    if (seen === undefined) throw new Unobserved('nothing was written')
    if (isLoginTrouble(seen.error)) throw new Unobserved(`no log-in: ${seen.error ?? ''}`)
    return compare(
      { row: 'written', table: 'removed again' },
      { row: seen.error ?? 'written', table: left(seen) ? 'not removed' : 'removed again' },
      { source: 'CREATE TABLE …, INSERT …, DROP TABLE …, from the pod of the primary' },
    )
  },
})

const read = defineCheck({
  id: 'postgres.write-read',
  title: 'the row written to the primary is read at the replica, by the name of its pod',
  answers: '002 Combining Headless and Regular Services (corrected)',
  needs: ['postgres'],
  hint: 'The replica lags more than 3 seconds, or does not follow (postgres.replication.source).',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const { mayWrite } = seenOf(database, context)
    if (!mayWrite) return skipped(NO_WRITING)
    const { write: written } = theTour(database, context)
    if (written?.lsn === undefined) throw new Unobserved('no row was written (postgres.write)')
    const { row, error } = hostSeen(pod.fqdn, database, context)
    if (row === undefined && isLoginTrouble(error)) throw new Unobserved(`no log-in: ${error ?? ''}`)
    const expected = 'the row written on the primary'
    // The value is new in every run: named, not shown, the evidence stays comparable.
    return compare(expected, row === written.token ? expected : (row ?? error ?? 'nothing'), {
      source: `SELECT …, through ${pod.fqdn}, after its replay`,
    })
  },
})

export const postgresChecks: readonly Check[] = [
  answers,
  onePrimary,
  label,
  route,
  name,
  streaming,
  receiver,
  synchronous,
  write,
  read,
]

/** Whether a table may be left: one that could not be made is not. */
function left({ error, removed }: NonNullable<PostgresTour['write']>): boolean {
  return !removed && error?.startsWith('psql: error') !== true
}

function services({ declared, lab }: World): ServedDatabase[] {
  return postgresSets(declared, lab).flatMap((database) =>
    databaseServices(database, declared, lab).map((service) => ({ ...service, database })),
  )
}

function seenOf(database: DatabaseSet, { observations, read }: Context): PostgresSeen {
  return read(observations.postgres[database.key])
}

function serverPart({ database, pod }: DatabaseServer, context: Context): PostgresServerSeen {
  return context.read(seenOf(database, context).servers[pod.name])
}

/** What a server said. One that does not answer fails postgres.answers, and nothing more can be said of it. */
function answered(server: DatabaseServer, context: Context): PostgresServerSeen {
  const seen = serverPart(server, context)
  if (seen.error !== undefined)
    throw new Unobserved(`${server.pod.name} does not answer (postgres.answers): ${seen.error}`)
  return seen
}

interface Roles {
  readonly primaries: string[]
  readonly replicas: string[]
  /** Who did not answer. */
  readonly unknown: string[]
  readonly missing: string | undefined
}

/** Who is what, of those that answered; and why some are not known. */
function roles(database: DatabaseSet, context: Context): Roles {
  const { seen, unknown, missing } = allAnswered(database, context)
  const whoever = (are: (server: PostgresServerSeen) => boolean): string[] =>
    [...seen].flatMap(([pod, server]) => (are(server) ? [pod] : [])).sort()
  return {
    primaries: whoever(({ inRecovery }) => inRecovery !== true),
    replicas: whoever(({ inRecovery }) => inRecovery === true),
    unknown,
    missing: missing.length === 0 ? undefined : missing.join('; '),
  }
}

/** Whether there may be Patroni: there is none where none of those that answered has what it keeps. */
function hasPatroni(database: DatabaseSet, context: Context): boolean {
  const servers = [...allAnswered(database, context).seen.values()]
  return servers.length === 0 || servers.some(({ patroni }) => patroni !== null)
}

interface Answered {
  readonly seen: ReadonlyMap<string, PostgresServerSeen>
  readonly unknown: string[]
  readonly missing: readonly string[]
}

/** What the servers said, by pod; and why of some it is not known. */
function allAnswered(database: DatabaseSet, context: Context): Answered {
  const seen = new Map<string, PostgresServerSeen>()
  const unknown: string[] = []
  const missing: string[] = []
  for (const pod of database.pods) {
    try {
      seen.set(pod.name, answered({ database, pod }, context))
    } catch (error) {
      if (!(error instanceof Unobserved)) throw error
      unknown.push(pod.name)
      missing.push(error.message)
    }
  }
  return { seen, unknown, missing }
}

function thePrimary(
  database: DatabaseSet,
  context: Context,
): PostgresServerSeen & {
  readonly name: string
  readonly standbys: NonNullable<PostgresServerSeen['standbys']>
} {
  const { primaries, missing } = roles(database, context)
  const pod = database.pods.find((each) => each.name === primaries[0])
  if (pod === undefined || primaries.length > 1)
    throw new Unobserved(
      `not exactly one server is known to be primary (postgres.primary.one)${missing === undefined ? '' : `: ${missing}`}`,
    )
  const seen = answered({ database, pod }, context)
  if (seen.standbys === undefined) throw new Unobserved('who asked may not see pg_stat_replication')
  return { ...seen, name: pod.name, standbys: seen.standbys }
}

/** The connections that a primary made; of several the first one's. */
function theTour(database: DatabaseSet, context: Context): PostgresTour {
  const { servers } = seenOf(database, context)
  const { primaries, missing } = roles(database, context)
  for (const each of primaries) {
    const { tour } = context.read(servers[each])
    if (tour !== undefined) return tour
  }
  throw new Unobserved(
    `no primary connected to other names (postgres.primary.one)${missing === undefined ? '' : `: ${missing}`}`,
  )
}

function hostSeen(host: string, database: DatabaseSet, context: Context): PostgresHostSeen {
  const seen = theTour(database, context).hosts[host]
  if (seen === undefined) throw new Unobserved(`${host} was not connected to`)
  return seen
}

function reachedBy(host: string, database: DatabaseSet, context: Context): Reached {
  const { reached, error } = hostSeen(host, database, context)
  const pods = livePods(context)
  const names = reached.map(({ address }) => podAt(address, database.namespace, pods))
  if (names.length === 0) return { pods: [], error: error ?? 'no answer in 4 s' }
  // What went wrong after the log-in, such as a table that is not there, is not the name's fault.
  return error !== undefined && /connection|could not translate/i.test(error)
    ? { pods: names, error }
    : { pods: names }
}

/** Who is known to be primary, without a verdict: for what a check is applied to. */
function knownPrimaries(
  database: DatabaseSet,
  part: World['observations']['postgres'][string] | undefined,
): string[] {
  if (part === undefined || 'error' in part) return []
  return database.pods
    .map((pod) => pod.name)
    .filter((each) => {
      const server = part.value.servers[each]
      return server !== undefined && !('error' in server) && server.value.inRecovery === false
    })
}
