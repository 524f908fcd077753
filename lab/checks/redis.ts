import type { RedisSeen, RedisServerSeen } from '../observe/model/observations.js'
import type { RedisSet } from '../observe/model/redis.js'
import { Unobserved, defineCheck } from './check.js'
import type { Context, Outcome } from './check.js'
import { compare } from './outcome.js'
import { eachRedis, eachRedisReplica, eachRedisServer } from './scopes.js'
import type { RedisServer } from './scopes.js'

const ping = defineCheck({
  id: 'redis.ping',
  title: 'the server answers PING by the name of its pod',
  answers: '001 exercise 4.2',
  needs: ['redis'],
  hint: 'The pod is not there or not Ready (workloads.ready), its name does not resolve (dns.pod.a), or a policy cuts the way.',
  of: eachRedisServer,
  judge: ({ redis, pod }, context) => {
    const answer = serverSeen({ redis, pod }, context).ping
    return compare('PONG', answer === '' ? 'no answer in 2 s' : answer, command(pod.fqdn, 'PING'))
  },
})

const replicationMaster = defineCheck({
  id: 'redis.replication.master',
  title: 'the first pod is master, and every other pod is online as its replica under its own name',
  answers: '001 exercise 5.1 (corrected)',
  needs: ['redis'],
  hint: 'A replica that is missing cannot reach the master by name or still syncs: see `kubectl logs` of its pod.',
  of: eachRedis,
  judge: (redis, context) => {
    const { master, replicas } = redis
    const info = replication({ redis, pod: master }, context)
    const { role = '', connected_slaves: count = '' } = info
    const expected = {
      role: 'master',
      connected_slaves: String(replicas.length),
      // The pods announce their names, so it is names that stand here, not addresses.
      slaves: Object.fromEntries(replicas.map(({ fqdn }) => [fqdn, 'online'])),
    }
    return compare(
      expected,
      { role, connected_slaves: count, slaves: slavesOf(info) },
      command(master.fqdn, 'INFO replication'),
    )
  },
})

const replicationReplica = defineCheck({
  id: 'redis.replication.replica',
  title: 'the pod is a read-only replica, linked to the master by its name',
  answers: '001 exercise 5.2',
  needs: ['redis'],
  hint: "The link is down while the master's name does not resolve or its server is away; see `kubectl logs` of the pod.",
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const info = replication({ redis, pod }, context)
    const expected = {
      role: 'slave',
      master_host: redis.master.fqdn,
      master_link_status: 'up',
      slave_read_only: '1',
    }
    const observed = Object.fromEntries(
      Object.keys(expected).map((field) => [field, info[field] ?? 'absent']),
    )
    return compare(expected, observed, command(pod.fqdn, 'INFO replication'))
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
    const { write } = masterSeen(redis, context)
    const expected = { SET: 'OK', WAIT: String(redis.replicas.length) }
    return compare(
      expected,
      { SET: write.set, WAIT: write.acknowledged },
      command(redis.master.fqdn, 'SET …, WAIT'),
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
    const seen = masterSeen(redis, context)
    if (seen.write.set !== 'OK') throw new Unobserved('the master did not take the write (redis.write-ack)')
    const { read = '' } = alive({ redis, pod }, context)
    const expected = 'the value written on the master'
    // The value is new in every run: named, not shown, the evidence stays comparable.
    return compare(
      expected,
      read === seen.token ? expected : read === '' ? 'nothing' : read,
      command(pod.fqdn, 'GET'),
    )
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
    masterSeen(redis, context)
    const { write = '' } = alive({ redis, pod }, context)
    const refused = write.startsWith('READONLY')
    return compare('READONLY', refused ? 'READONLY' : write, command(pod.fqdn, 'SET'))
  },
})

const initLog = defineCheck({
  id: 'redis.init-log',
  title: 'the init container waited for the master by its name and found it',
  answers: '001 exercise 5.5 (corrected)',
  needs: ['initLogs'],
  hint: 'See `kubectl logs <pod> -c <init container>`; without -c kubectl shows the server.',
  of: eachRedisReplica,
  judge: ({ redis, pod }, context) => {
    const { namespace, initContainers, master } = redis
    if (initContainers.length === 0) throw new Unobserved('the pod is declared without an init container')
    const logs = initContainers.map((name) =>
      context.read(context.observations.initLogs[`${namespace}/${pod.name}/${name}`]),
    )
    const lines = logs.join('\n').split('\n')
    const waited = lines.some((line) => line.includes('waiting for master') && line.includes(master.name))
    const found = lines.some((line) => line.includes(`${master.name} is ready`))
    return compare({ waited: true, found: true }, { waited, found })
  },
})

export const redisChecks = [
  ping,
  replicationMaster,
  replicationReplica,
  writeAcknowledged,
  writeRead,
  readOnly,
  initLog,
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

function masterSeen(redis: RedisSet, context: Context): RedisSeen {
  alive({ redis, pod: redis.master }, context)
  return redisSeen(redis, context)
}

function replication(server: RedisServer, context: Context): Readonly<Record<string, string>> {
  return alive(server, context).replication ?? {}
}

/** State of each replica by the name it announces: `slave0:ip=…,port=6379,state=online,offset=…,lag=…`. */
function slavesOf(info: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(info)
      .filter(([field]) => /^slave\d+$/.test(field))
      .map(([, value]) => {
        const fields = Object.fromEntries(
          value.split(',').map((pair) => pair.split('=', 2) as [string, string]),
        )
        return [fields['ip'] ?? '', fields['state'] ?? '']
      }),
  )
}

function command(host: string, what: string): Pick<Outcome, 'source'> {
  return { source: `redis-cli -h ${host} ${what}, in a probe pod` }
}
