import { databaseServices, isNameOf } from '../observe/model/databases.js'
import type { DatabaseSet } from '../observe/model/databases.js'
import { mysqlSets } from '../observe/model/mysql.js'
import type {
  MysqlHostSeen,
  MysqlReplication,
  MysqlSeen,
  MysqlServerSeen,
  MysqlTour,
} from '../observe/model/mysql.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Check, Context, World } from './check.js'
import {
  NO_WRITING,
  behind,
  databaseScope,
  isLoginTrouble,
  landsOn,
  servedScope,
  serverScope,
} from './databases.js'
import type { DatabaseServer, Reached } from './databases.js'
import { compare } from './outcome.js'

const sets = ({ declared, lab }: World): DatabaseSet[] => mysqlSets(declared, lab)
const eachMysql = databaseScope(sets)
const eachServer = serverScope((world) =>
  sets(world).flatMap((database) => database.pods.map((pod) => ({ database, pod }))),
)
/** All but the primary, which is whichever says so. */
const eachReplica = serverScope((world) =>
  eachServer.items(world).filter(({ database, pod }) => {
    const primaries = knownPrimaries(database, world)
    return database.pods.length > 1 && !(primaries.length === 1 && primaries[0] === pod.name)
  }),
)
const eachServed = servedScope((world) =>
  sets(world).flatMap((database) =>
    databaseServices(database, world.declared, world.lab).map((service) => ({ ...service, database })),
  ),
)

const answers = defineCheck({
  id: 'mysql.answers',
  title: 'the server answers in its pod',
  answers: '003 StatefulSet DNS Integration',
  needs: ['mysql'],
  hint: 'The server is starting, or has ended: see `kubectl logs` of the pod, and workloads.ready. MySQL does not start without a root password.',
  of: eachServer,
  judge: (server, context) => {
    const { error } = serverPart(server, context)
    if (isLoginTrouble(error)) throw new Unobserved(`no log-in: ${error ?? ''}`)
    return compare('an answer', error ?? 'an answer')
  },
})

const onePrimary = defineCheck({
  id: 'mysql.primary.one',
  title: 'exactly one server takes writes and replicates from nobody',
  answers: '003 When Headless Services Matter: Database Replication',
  needs: ['mysql'],
  hint: 'A replica that lost its source, or that was made writable, counts as a primary too.',
  of: eachMysql,
  judge: (database, context) => {
    const { primaries, missing } = primariesOf(database, context)
    if (primaries.length <= 1 && missing !== undefined) throw new Unobserved(missing)
    const independent = primaries.length > 1 && primaries.length === database.pods.length
    return {
      verdict: primaries.length === 1 ? 'pass' : 'fail',
      expected: 'one primary',
      observed: primaries,
      source: `SHOW REPLICA STATUS and @@read_only, in each pod of ${database.key}`,
      ...(independent
        ? {
            hint: 'No server follows another: each pod has a database of its own, and what is written to one is not in the others. Nothing in the manifest sets up replication.',
          }
        : {}),
    }
  },
})

const readOnly = defineCheck({
  id: 'mysql.replica.read-only',
  title: 'the replica is set to refuse writes',
  answers: 'MariaDB and MySQL: read_only',
  needs: ['mysql'],
  hint: '`read_only` was switched off: what is written here is nowhere else, and may stop replication.',
  of: eachReplica,
  judge: (server, context) =>
    compare(
      { read_only: true },
      { read_only: asReplica(server, context).readOnly },
      {
        source: `SELECT @@global.read_only, in pod ${server.pod.name}`,
      },
    ),
})

const running = defineCheck({
  id: 'mysql.replication.running',
  title: 'the replica receives events and applies them',
  answers: '003 When Headless Services Matter: Database Replication',
  needs: ['mysql'],
  hint: 'The primary is away, refuses the log-in of the replica, or sent what could not be applied: see `SHOW REPLICA STATUS`.',
  of: eachReplica,
  judge: (server, context) => {
    asReplica(server, context)
    const replication = replicationOf(server, context)
    if (replication === null)
      return compare({ receiving: 'Yes', applying: 'Yes' }, 'it replicates from nobody')
    const { receiving, applying, error } = replication
    return compare(
      { receiving: 'Yes', applying: 'Yes' },
      { receiving, applying, ...(error === '' ? {} : { error }) },
      {
        source: `SHOW REPLICA STATUS, in pod ${server.pod.name}`,
      },
    )
  },
})

const source = defineCheck({
  id: 'mysql.replication.source',
  title: 'the replica replicates from the primary, by the name of its pod',
  answers: '003 When Headless Services Matter: Database Replication',
  needs: ['mysql'],
  hint: 'An address instead of a name is lost when the primary comes back at another one.',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const primary = thePrimary(database, context)
    const { host = 'nobody' } = replicationOf({ database, pod }, context) ?? {}
    return compare(primary.fqdn, isNameOf(host, primary) ? primary.fqdn : host, {
      source: `SHOW REPLICA STATUS, in pod ${pod.name}`,
    })
  },
})

const gtid = defineCheck({
  id: 'mysql.replication.gtid',
  title: "the replica reaches the primary's position, by global transaction id",
  answers: '003 When Headless Services Matter: Database Replication',
  needs: ['mysql'],
  hint: 'It lags more than 3 seconds, or does not replicate (mysql.replication.running).',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const { position } = theTour(database, context)
    const seen = loggedIn(pod.fqdn, database, context)
    if (position === undefined) throw new Unobserved('the position of the primary is not known')
    const expected = 'the position of the primary'
    const observed = seen.caughtUp === undefined ? (seen.error ?? 'no answer in 5 s') : seen.position
    return compare(expected, seen.caughtUp === true ? expected : observed === '' ? 'none' : observed, {
      source: `MASTER_GTID_WAIT or WAIT_FOR_EXECUTED_GTID_SET, through ${pod.fqdn}`,
    })
  },
})

const route = defineCheck({
  id: 'mysql.service',
  title: 'connections through the service land on ready pods behind it',
  answers: '003 Combining Both Service Types',
  needs: ['mysql', 'api.pods', 'api.services'],
  hint: 'The service has no endpoint (endpointslices.addresses), or a NetworkPolicy cuts the way between the pods.',
  of: eachServed,
  judge: (served, context) => {
    const { database, role, fqdn } = served
    const from = `SELECT @@hostname, through ${fqdn}, from the pod of the primary`
    const reached = reachedBy(fqdn, database, context)
    if (role !== 'primary') return landsOn(behind(served, context), reached, from)
    return landsOn([thePrimary(database, context).name], reached, from)
  },
})

const name = defineCheck({
  id: 'mysql.pod-name',
  title: 'a connection to the name of the pod lands on that very pod',
  answers: '003 StatefulSet DNS Integration',
  needs: ['mysql'],
  hint: 'The name does not resolve (dns.pod.a), or the server is away (mysql.answers).',
  of: eachServer,
  judge: ({ database, pod }, context) =>
    landsOn(
      [pod.name],
      reachedBy(pod.fqdn, database, context),
      `SELECT @@hostname, through ${pod.fqdn}, from the pod of the primary`,
    ),
})

const write = defineCheck({
  id: 'mysql.write',
  title: 'the primary takes a row of an ordinary user, by the name of its pod',
  answers: '003 StatefulSet DNS Integration',
  needs: ['mysql'],
  hint: 'The primary was made read-only, is full, or the user may not create a table.',
  of: eachMysql,
  judge: (database, context) => {
    const written = rowOf(database, context)
    if (written === undefined) return skipped(NO_WRITING)
    if (isLoginTrouble(written.error)) throw new Unobserved(`no log-in: ${written.error ?? ''}`)
    return compare(
      { row: 'written', table: 'removed again' },
      { row: written.error ?? 'written', table: written.removed ? 'removed again' : 'not removed' },
      { source: 'CREATE TABLE …, INSERT …, DROP TABLE …, from the pod of the primary' },
    )
  },
})

const read = defineCheck({
  id: 'mysql.write-read',
  title: 'the row written to the primary is read at the replica, by the name of its pod',
  answers: '003 Combining Both Service Types',
  needs: ['mysql'],
  hint: 'The replica lags more than 3 seconds (mysql.replication.gtid), or follows another server (mysql.replication.source).',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const written = rowOf(database, context)
    if (written === undefined) return skipped(NO_WRITING)
    if (written.error !== undefined) throw new Unobserved('no row was written (mysql.write)')
    const { row, error } = loggedIn(pod.fqdn, database, context)
    const expected = 'the row written on the primary'
    // The value is new in every run: named, not shown, the evidence stays comparable.
    return compare(expected, row === written.token ? expected : (row ?? error ?? 'nothing'), {
      source: `SELECT …, through ${pod.fqdn}`,
    })
  },
})

const refuses = defineCheck({
  id: 'mysql.replica.refuses-writes',
  title: 'the replica refuses the row of an ordinary user, which the primary took',
  answers: '003 Combining Both Service Types',
  needs: ['mysql'],
  hint: '`read_only` is off (mysql.replica.read-only), or the user may write all the same (READ ONLY ADMIN, SUPER).',
  of: eachReplica,
  judge: ({ database, pod }, context) => {
    const written = rowOf(database, context)
    if (written === undefined) return skipped(NO_WRITING)
    if (written.error !== undefined) throw new Unobserved('the primary took no row either (mysql.write)')
    asReplica({ database, pod }, context)
    const { refused = 'it was not asked' } = loggedIn(pod.fqdn, database, context)
    const readOnlyRefusal = /^ERROR (1290|1836)\b/.test(refused)
    if (!readOnlyRefusal && refused !== 'accepted')
      throw new Unobserved(`the attempt came to nothing: ${refused}`)
    return compare('refused: read-only', readOnlyRefusal ? 'refused: read-only' : refused, {
      source: `INSERT … (to be rolled back), through ${pod.fqdn}`,
    })
  },
})

export const mysqlChecks: readonly Check[] = [
  answers,
  onePrimary,
  readOnly,
  running,
  source,
  gtid,
  route,
  name,
  write,
  read,
  refuses,
]

function seenOf(database: DatabaseSet, { observations, read }: Context): MysqlSeen {
  return read(observations.mysql[database.key])
}

function serverPart({ database, pod }: DatabaseServer, context: Context): MysqlServerSeen {
  return context.read(seenOf(database, context).servers[pod.name])
}

/** What a server said. One that does not answer fails mysql.answers, and nothing more can be said of it. */
function answered(server: DatabaseServer, context: Context): MysqlServerSeen {
  const seen = serverPart(server, context)
  if (seen.error !== undefined)
    throw new Unobserved(`${server.pod.name} does not answer (mysql.answers): ${seen.error}`)
  return seen
}

/** What a server said that is to be a replica. Of several that take writes nobody can say which ones are not to. */
function asReplica(server: DatabaseServer, context: Context): MysqlServerSeen {
  const { primaries } = primariesOf(server.database, context)
  if (primaries.includes(server.pod.name))
    throw new Unobserved('several servers take writes and follow nobody (mysql.primary.one)')
  return answered(server, context)
}

function replicationOf(server: DatabaseServer, context: Context): MysqlReplication | null {
  const { replication } = answered(server, context)
  if (replication === undefined)
    throw new Unobserved('SHOW REPLICA STATUS may not be seen, or gave no answer')
  return replication
}

/** Who takes writes and follows nobody, of those that answered; and why of some it is not known. */
function primariesOf(
  database: DatabaseSet,
  context: Context,
): { primaries: string[]; missing: string | undefined } {
  const missing: string[] = []
  const primaries: string[] = []
  for (const pod of database.pods) {
    try {
      const server = { database, pod }
      if (replicationOf(server, context) === null && answered(server, context).readOnly === false)
        primaries.push(pod.name)
    } catch (error) {
      if (!(error instanceof Unobserved)) throw error
      missing.push(error.message)
    }
  }
  return {
    primaries: primaries.sort(),
    missing: missing.length === 0 ? undefined : missing.join('; '),
  }
}

function thePrimary(database: DatabaseSet, context: Context): DatabaseSet['pods'][number] {
  const { primaries, missing } = primariesOf(database, context)
  const pod = database.pods.find((each) => each.name === primaries[0])
  if (pod === undefined || primaries.length > 1)
    throw new Unobserved(
      `not exactly one server is known to be primary (mysql.primary.one)${missing === undefined ? '' : `: ${missing}`}`,
    )
  return pod
}

/** The connections that a primary made; of several the first one's. */
function theTour(database: DatabaseSet, context: Context): MysqlTour {
  const { primaries, missing } = primariesOf(database, context)
  for (const each of primaries) {
    const { tour } = context.read(seenOf(database, context).servers[each])
    if (tour !== undefined) return tour
  }
  throw new Unobserved(
    `no primary connected to other names (mysql.primary.one)${missing === undefined ? '' : `: ${missing}`}`,
  )
}

/** What was written; undefined where nothing might be. */
function rowOf(database: DatabaseSet, context: Context): MysqlTour['write'] {
  if (!seenOf(database, context).mayWrite) return undefined
  const { write: written } = theTour(database, context)
  if (written === undefined)
    throw new Unobserved('nothing was written: the primary is not the first pod of the StatefulSet')
  return written
}

function hostSeen(host: string, database: DatabaseSet, context: Context): MysqlHostSeen {
  const seen = theTour(database, context).hosts[host]
  if (seen === undefined) throw new Unobserved(`${host} was not connected to`)
  return seen
}

/** What a host said to the ordinary user, once it let that user in. */
function loggedIn(host: string, database: DatabaseSet, context: Context): MysqlHostSeen {
  const seen = hostSeen(host, database, context)
  if (seen.reached.length === 0 && isLoginTrouble(seen.error))
    throw new Unobserved(`no log-in: ${seen.error ?? ''}`)
  return seen
}

function reachedBy(host: string, database: DatabaseSet, context: Context): Reached {
  const { reached, error } = hostSeen(host, database, context)
  if (reached.length === 0) return { pods: [], error: error ?? 'no answer in 5 s' }
  // What went wrong after the log-in is not the name's fault; the client's own errors are of the connection.
  return error?.startsWith('ERROR 2') === true ? { pods: reached, error } : { pods: reached }
}

/** Who is known to be primary, without a verdict: for what a check is applied to. */
function knownPrimaries(database: DatabaseSet, { observations }: World): string[] {
  const part = observations.mysql[database.key]
  if (part === undefined || 'error' in part) return []
  return database.pods
    .map((pod) => pod.name)
    .filter((each) => {
      const server = part.value.servers[each]
      if (server === undefined || 'error' in server) return false
      return server.value.replication === null && server.value.readOnly === false
    })
}
