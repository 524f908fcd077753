import type { RedisSeen, RedisServerSeen } from '../observe/model/observations.js'
import { redisMaster, redisPodCalled, redisPods } from '../observe/model/redis.js'
import type { RedisPod, RedisSet } from '../observe/model/redis.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Outcome } from './check.js'
import { NO_WRITING } from './databases.js'
import { compare } from './outcome.js'
import { eachRedis, eachRedisReplica, eachRedisServer } from './scopes.js'
import type { RedisServer } from './scopes.js'

/** A replica reports once a second; a master gives it up after `repl-timeout`, 10 seconds or more. */
const LAG_SECONDS = 10

const SILENT =
  'The pod is not there or not Ready (workloads.ready), its name does not resolve (dns.pod.a), or a policy cuts the way.'
const LINK_DOWN =
  "The link is down while the master's name does not resolve or its server is away; see `kubectl logs` of the pod."

const ping = defineCheck({
  id: 'redis.ping',
  title: 'the server answers PING by the name of its pod',
  answers: '001 exercise 4.2',
  needs: ['redis'],
  hint: SILENT,
  of: eachRedisServer,
  judge: ({ redis, pod }, context) => {
    const answer = serverSeen({ redis, pod }, context).ping
    if (isRefusal(answer)) throw new Unobserved(`no password that the server takes was found: ${answer}`)
    const outcome = compare('PONG', answer === '' ? 'no answer in 6 s' : answer, command(pod.fqdn, 'PING'))
    return redis.byOrdinal && pod === redis.master
      ? { ...outcome, hint: `${SILENT} ${whatIsLost(redis)}` }
      : outcome
  },
})

const replicationMaster = defineCheck({
  id: 'redis.replication.master',
  title:
    'one server is master, the first pod where that is declared, and every other pod is online as its replica under its own name',
  answers: '001 exercise 5.1 (corrected)',
  needs: ['redis'],
  hint: 'A replica that is missing cannot reach the master by name or still syncs: see `kubectl logs` of its pod.',
  of: eachRedis,
  judge: (redis, context) => {
    const elsewhere = replicatesElsewhere(redis, context)
    if (elsewhere !== undefined) return skipped(elsewhere)
    const masters = mastersSaid(redis, context)
    const independent = masters.length > 1 && masters.length === redisPods(redis).length
    const hint = independent
      ? {
          hint: 'No server follows another: each has data of its own, and what is written to one is not in the others. Nothing in the manifest sets up replication.',
        }
      : {}
    const several = masters.length > 1 && !redis.byOrdinal
    if (several) return compare('one master', masters, { ...hint, source: 'redis-cli INFO replication' })
    const { master, others } = theMaster(redis, context)
    const info = replication({ redis, pod: master }, context)
    const { role = '', connected_slaves: count = '' } = info
    const expected = {
      role: 'master',
      connected_slaves: String(others.length),
      // Where the pods announce their names, it is names that stand here, not addresses.
      slaves: Object.fromEntries(others.map(({ fqdn }) => [fqdn, 'online'])),
    }
    const slaves = slavesOf(info).map(({ ip = '', state = '' }) => [podMeant(ip, redis, context), state])
    return compare(
      expected,
      { role, connected_slaves: count, slaves: Object.fromEntries(slaves) as unknown },
      { ...hint, ...command(master.fqdn, 'INFO replication') },
    )
  },
})

const replicationReplica = defineCheck({
  id: 'redis.replication.replica',
  title: 'the pod is a read-only replica, linked to the master by its name',
  answers: '001 exercise 5.2',
  needs: ['redis'],
  hint: LINK_DOWN,
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const elsewhere = replicatesElsewhere(redis, context)
    if (elsewhere !== undefined) return skipped(elsewhere)
    const info = replication({ redis, pod }, context)
    const { master } = redis.byOrdinal ? redis : theMaster(redis, context)
    const expected = {
      role: 'slave',
      master_host: master.fqdn,
      master_link_status: 'up',
      slave_read_only: '1',
    }
    const observed = Object.fromEntries(
      Object.keys(expected).map((field) => [field, info[field] ?? 'absent']),
    )
    if (info['master_host'] !== undefined)
      observed['master_host'] = podMeant(info['master_host'], redis, context)
    const cut = info['role'] === 'slave' && info['master_link_status'] !== 'up'
    return compare(expected, observed, {
      ...command(pod.fqdn, 'INFO replication'),
      ...(cut ? { hint: `${LINK_DOWN} ${whatIsLost(redis)}` } : {}),
    })
  },
})

const lag = defineCheck({
  id: 'redis.replication.lag',
  title: `each replica is behind by no more than the master keeps for it, and was heard of in the last ${LAG_SECONDS} s`,
  answers: '001 exercise 5.1 (corrected)',
  needs: ['redis'],
  hint: 'A replica that is further behind needs a full copy when its link breaks: its node is slow, or the backlog small.',
  of: eachRedis,
  judge: (redis, context) => {
    const elsewhere = replicatesElsewhere(redis, context)
    if (elsewhere !== undefined) return skipped(elsewhere)
    const { master, others } = theMaster(redis, context)
    if (others.length === 0) return skipped('there is one server')
    const info = replication({ redis, pod: master }, context)
    const slaves = slavesOf(info)
    if (slaves.length === 0) throw new Unobserved('the master has no replica (redis.replication.master)')
    const behind = (offset: string | undefined): number =>
      Math.max(0, Number(info['master_repl_offset']) - Number(offset))
    const far = slaves.filter(
      (slave) =>
        !(behind(slave['offset']) <= Number(info['repl_backlog_size'])) ||
        !(Number(slave['lag']) <= LAG_SECONDS),
    )
    return {
      verdict: far.length === 0 ? 'pass' : 'fail',
      expected: { bytes: `at most ${info['repl_backlog_size'] ?? '?'}`, seconds: `at most ${LAG_SECONDS}` },
      observed: Object.fromEntries(
        (far.length === 0 ? slaves : far).map(({ ip = '', offset, lag: seconds = '' }) => [
          podMeant(ip, redis, context),
          { bytes: behind(offset), seconds: Number(seconds) },
        ]),
      ),
      ...command(master.fqdn, 'INFO replication'),
    }
  },
})

const writeAcknowledged = defineCheck({
  id: 'redis.write-ack',
  title: 'the master takes a write, and every replica acknowledges it',
  answers: '001 exercise 5.3',
  needs: ['redis'],
  hint: 'Fewer acknowledgements than replicas: one is not connected (redis.replication.master) or lags.',
  of: eachRedis,
  judge: (redis, context) => {
    const reason = notWritten(redis, context)
    if (reason !== undefined) return skipped(reason)
    const { write, master, others } = masterSeen(redis, context)
    if (isRefusal(write.set)) throw new Unobserved(`the user may not write: ${write.set}`)
    const expected = { SET: 'OK', WAIT: String(others.length) }
    return compare(
      expected,
      { SET: write.set, WAIT: write.acknowledged },
      command(master.fqdn, 'SET …, WAIT'),
    )
  },
})

const writeRead = defineCheck({
  id: 'redis.write-read',
  title: 'the replica gives the value that was just written on the master',
  answers: '001 exercise 5.3',
  needs: ['redis'],
  hint: 'The replica follows another master, or none (redis.replication.replica).',
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const reason = notWritten(redis, context)
    if (reason !== undefined) return skipped(reason)
    const seen = written(redis, context)
    const { read = '' } = alive({ redis, pod }, context)
    if (isRefusal(read) || isLate(read)) throw new Unobserved(`the value was not told: ${read}`)
    const expected = 'the value written on the master'
    // The value is new in every run: named, not shown, the evidence stays comparable.
    return compare(
      expected,
      read === seen.token ? expected : read === '' ? 'nothing' : read,
      command(pod.fqdn, 'GET'),
    )
  },
})

const offset = defineCheck({
  id: 'redis.replication.offset',
  title: "the replica reaches the master's position behind the write that was acknowledged",
  answers: '001 exercises 5.1 and 5.2',
  needs: ['redis'],
  hint: 'The replica follows another master (redis.replication.replica), whose positions mean something else, or it lags.',
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const reason = notWritten(redis, context)
    if (reason !== undefined) return skipped(reason)
    const { write } = written(redis, context)
    const seen = alive({ redis, pod }, context)
    if (write.offset === undefined) throw new Unobserved('the position of the master was not asked for')
    if (seen.offset === undefined) throw new Unobserved(`the position of ${pod.name} is not known`)
    const expected = 'the position behind the write'
    const reached = seen.offset !== '' && Number(seen.offset) >= Number(write.offset)
    const observed = seen.offset === '' ? 'it has no position as a replica' : 'behind it, after 2 s'
    return compare(expected, reached ? expected : observed, command(pod.fqdn, 'INFO replication'))
  },
})

const readOnly = defineCheck({
  id: 'redis.readonly',
  title: 'the replica refuses writes',
  answers: '001 exercise 5.4',
  needs: ['redis'],
  hint: '`replica-read-only` was switched off, or the pod is no replica (redis.replication.replica).',
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const reason = notWritten(redis, context)
    if (reason !== undefined) return skipped(reason)
    masterSeen(redis, context)
    const { write = '' } = alive({ redis, pod }, context)
    const refused = write.startsWith('READONLY')
    if (!refused && write !== 'OK')
      throw new Unobserved(`the attempt came to nothing: ${write === '' ? 'no answer' : write}`)
    return compare('READONLY', refused ? 'READONLY' : write, command(pod.fqdn, 'SET'))
  },
})

const initLog = defineCheck({
  id: 'redis.init-log',
  title: 'the init container waited for the master by its name and found it',
  answers: '001 exercise 5.5 (corrected)',
  needs: ['initLogs', 'redis'],
  hint: 'See `kubectl logs <pod> -c <init container>`; without -c kubectl shows the server.',
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const { namespace, initContainers, master } = redis
    if (initContainers.length === 0)
      return skipped('no init container is declared to say that it waits for the master')
    const logs = initContainers.map((name) =>
      context.read(context.observations.initLogs[`${namespace}/${pod.name}/${name}`]),
    )
    const lines = logs.join('\n').split('\n')
    const waited = lines.some((line) => line.includes('waiting for master') && line.includes(master.name))
    const found = lines.some((line) => line.includes(`${master.name} is ready`))
    return compare({ waited: true, found: true }, { waited, found })
  },
})

/** A Redis with a Sentinel beside each server. */
const eachWatched = {
  ...eachRedis,
  items: (world: Parameters<typeof eachRedis.items>[0]) =>
    eachRedis.items(world).filter(({ sentinelPort }) => sentinelPort !== undefined),
}
const eachWatcher = {
  ...eachRedisServer,
  items: (world: Parameters<typeof eachRedisServer.items>[0]) =>
    eachRedisServer.items(world).filter(({ redis }) => redis.sentinelPort !== undefined),
}

const sentinelMaster = defineCheck({
  id: 'redis.sentinel.master',
  title: 'all Sentinels say that the same server is master, and it says so too',
  answers: 'Redis: High availability with Redis Sentinel',
  needs: ['redis'],
  hint: 'A failover is under way, or a Sentinel was cut off and has not heard of the last one.',
  of: eachWatched,
  judge: (redis, context) => {
    const { master } = theMaster(redis, context)
    const said = redisPods(redis).map((pod) => {
      const { ip = 'nobody' } = watched({ redis, pod }, context)
      return [pod.name, podMeant(ip, redis, context)] as const
    })
    return compare(Object.fromEntries(said.map(([name]) => [name, master.fqdn])), Object.fromEntries(said), {
      source: 'redis-cli SENTINEL MASTERS, at the Sentinel of each pod',
    })
  },
})

const sentinelPeers = defineCheck({
  id: 'redis.sentinel.peers',
  title: 'the Sentinel knows all others and all replicas, and holds the master for alive',
  answers: 'Redis: High availability with Redis Sentinel',
  needs: ['redis'],
  hint: 'Too many: one that is gone is counted until `SENTINEL RESET`. Too few: it does not reach the others by name.',
  of: eachWatcher,
  judge: ({ redis, pod }, context) => {
    const others = String(redisPods(redis).length - 1)
    const seen = watched({ redis, pod }, context)
    const {
      flags = '',
      'num-slaves': replicas = 'absent',
      'num-other-sentinels': sentinels = 'absent',
    } = seen
    return compare({ sentinels: others, replicas: others, flags: 'master' }, { sentinels, replicas, flags })
  },
})

export const redisChecks = [
  ping,
  replicationMaster,
  replicationReplica,
  lag,
  writeAcknowledged,
  writeRead,
  offset,
  readOnly,
  initLog,
  sentinelMaster,
  sentinelPeers,
]

function redisSeen(redis: RedisSet, { observations, read }: Context): RedisSeen {
  return read(observations.redis[redis.key])
}

function serverSeen({ redis, pod }: RedisServer, context: Context): RedisServerSeen {
  const seen = redisSeen(redis, context).servers[pod.name]
  if (seen === undefined) throw new Unobserved(`${pod.name} was not asked`)
  return seen
}

/** What a server said beyond PING. One that is silent fails redis.ping, and nothing more can be said of it. */
function alive(server: RedisServer, context: Context): RedisServerSeen {
  const seen = serverSeen(server, context)
  if (seen.ping !== 'PONG') throw new Unobserved(`${server.pod.name} does not answer (redis.ping)`)
  return seen
}

/** Why nothing was written; undefined where it was tried. */
function notWritten(redis: RedisSet, context: Context): string | undefined {
  const { readOnly: may } = redisSeen(redis, context)
  return may === true ? NO_WRITING : replicatesElsewhere(redis, context)
}

/** What is known of the master and of the write, where the master is alive. */
function masterSeen(redis: RedisSet, context: Context): RedisSeen & Roles {
  const known = theMaster(redis, context)
  alive({ redis, pod: known.master }, context)
  return { ...redisSeen(redis, context), ...known }
}

function written(redis: RedisSet, context: Context): RedisSeen {
  const seen = masterSeen(redis, context)
  if (seen.write.set !== 'OK') throw new Unobserved('the master did not take the write (redis.write-ack)')
  return seen
}

interface Roles {
  readonly master: RedisPod
  readonly others: readonly RedisPod[]
}

function theMaster(redis: RedisSet, context: Context): Roles {
  const master = redisMaster(redis, redisSeen(redis, context).servers)
  if (master === undefined)
    throw new Unobserved('not exactly one server is known to be master (redis.replication.master)')
  return { master, others: redisPods(redis).filter(({ name }) => name !== master.name) }
}

function mastersSaid(redis: RedisSet, context: Context): string[] {
  const { servers } = redisSeen(redis, context)
  return redisPods(redis)
    .map(({ name }) => name)
    .filter((name) => servers[name]?.replication?.['role'] === 'master')
}

/** Why roles within the set mean nothing: its master, or its replicas, are of another workload. */
function replicatesElsewhere(redis: RedisSet, context: Context): string | undefined {
  if (redis.byOrdinal) return undefined
  const { servers } = redisSeen(redis, context)
  const infos = redisPods(redis).map(({ name }) => servers[name]?.replication ?? {})
  const hosts = new Set(infos.map(({ role, master_host: host = '' }) => (role === 'slave' ? host : '')))
  const [host = ''] = hosts
  const own = new Set(redisPods(redis).map(({ fqdn }) => fqdn))
  if (hosts.size === 1 && host !== '' && !own.has(podMeant(host, redis, context)))
    return `all its servers replicate from ${host}, which is no pod of it`
  const [only] = infos
  return infos.length === 1 && only?.['role'] === 'master' && Number(only['connected_slaves']) > 0
    ? 'its replicas are of another workload'
    : undefined
}

function replication(server: RedisServer, context: Context): Readonly<Record<string, string>> {
  const { replication: info = {} } = alive(server, context)
  if (info['role'] === undefined)
    throw new Unobserved(`${server.pod.name} answered PING, but not INFO replication`)
  return info
}

/** What the Sentinel of a pod knows of the master that is a pod of this set. */
function watched(server: RedisServer, context: Context): Readonly<Record<string, string>> {
  const { sentinel } = alive(server, context)
  if (sentinel === undefined) throw new Unobserved(`the Sentinel of ${server.pod.name} was not asked`)
  if (sentinel.error !== undefined && isRefusal(sentinel.error))
    throw new Unobserved(`no password that the Sentinel takes was found: ${sentinel.error}`)
  const own = redisPods(server.redis).map(({ fqdn }) => fqdn)
  const { masters, error } = sentinel
  const known = masters.find(({ ip = '' }) => own.includes(podMeant(ip, server.redis, context)))
  return known ?? masters[0] ?? { ip: error ?? 'nobody' }
}

/** A pod's whole name, for what INFO calls it. Pods are looked up by address only where no names are announced. */
function podMeant(host: string, redis: RedisSet, context: Context): string {
  const live = redis.announces ? [] : context.read(context.observations.api.pods)
  return redisPodCalled(host, redis, live)
}

/** The replicas as the master lists them: `slave0:ip=…,port=6379,state=online,offset=…,lag=…`. */
function slavesOf(info: Readonly<Record<string, string>>): Readonly<Record<string, string>>[] {
  return Object.entries(info)
    .filter(([field]) => /^slave\d+$/.test(field))
    .map(([, value]) =>
      Object.fromEntries(value.split(',').map((pair) => pair.split('=', 2) as [string, string])),
    )
}

/** What a master that does not come back as it was takes with it. */
function whatIsLost({ keeps, sentinelPort }: RedisSet): string {
  if (keeps) return 'Its data is on a volume: it has it again when it is back.'
  return sentinelPort === undefined
    ? 'It has no volume: when it restarts it is empty, its replicas copy that and are empty too, and everything that was written is lost.'
    : 'It has no volume: a replica takes over with what it has, and what had not reached it is lost; when all pods restart at once, everything is.'
}

function isRefusal(answer: string): boolean {
  return /NOAUTH|WRONGPASS|NOPERM|AUTH failed/.test(answer)
}

/** As the script says it, where nothing else was said. */
function isLate(answer: string): boolean {
  return answer.startsWith('no answer in ')
}

function command(host: string, what: string): Pick<Outcome, 'source'> {
  return { source: `redis-cli -h ${host} ${what}, in a pod` }
}
