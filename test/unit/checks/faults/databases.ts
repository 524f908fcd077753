import { follow } from '../consequences.js'
import { redis, remove, seen } from '../recorded.js'
import type { Fault } from './fault.js'
import { mysqlServer, mysqlTour, postgresServer, postgresTour } from './nameless.js'
import { podOf, stall } from './objects.js'

const POSTGRES = 'postgres-headless.database.svc.cluster.local'
const MYSQL = 'mysql-headless.default.svc.cluster.local'
const REDIS = 'redis-headless.default.svc.cluster.local'

/** Faults of Redis. */
export const redisFaults: readonly Fault[] = [
  {
    name: 'a replica takes writes',
    inject: (world) => {
      const server = redis(world).servers['redis-1']
      Object.assign(server?.replication ?? {}, { slave_read_only: '0' })
      Object.assign(server ?? {}, { write: 'OK' })
    },
    fails: ['redis.replication.replica', 'redis.readonly'],
  },
  {
    name: 'a replica follows another master',
    inject: (world) => {
      const { servers, write } = redis(world)
      Object.assign(servers['redis-2'] ?? {}, { read: '', offset: '26575' })
      Object.assign(servers['redis-2']?.replication ?? {}, {
        master_host: 'elsewhere',
        master_link_status: 'down',
      })
      const master = servers['redis-0']?.replication ?? {}
      Object.assign(master, { connected_slaves: '1' })
      Reflect.deleteProperty(master, 'slave1')
      write.acknowledged = '1'
    },
    fails: [
      ...['redis.replication.master', 'redis.replication.replica', 'redis.replication.offset'],
      ...['redis.write-ack', 'redis.write-read'],
    ],
  },
  {
    name: 'a replica lags',
    inject: (world) => {
      const { servers, write } = redis(world)
      Object.assign(servers['redis-0']?.replication ?? {}, {
        slave1: `ip=redis-2.${REDIS},port=6379,state=online,offset=26001,lag=45`,
      })
      Object.assign(servers['redis-2'] ?? {}, { read: '', offset: '26001' })
      write.acknowledged = '1'
    },
    fails: ['redis.replication.lag', 'redis.replication.offset', 'redis.write-ack', 'redis.write-read'],
  },
  {
    name: 'a replica announces its address instead of its name',
    inject: (world) => {
      const master = redis(world).servers['redis-0']?.replication ?? {}
      master['slave0'] = 'ip=192.168.60.203,port=6379,state=online,offset=26561,lag=0'
    },
    fails: ['redis.replication.master'],
  },
  {
    name: 'the master refuses writes',
    inject: (world) => {
      const { servers, write } = redis(world)
      Object.assign(write, { set: 'OOM command not allowed', acknowledged: '0' })
      for (const name of ['redis-1', 'redis-2']) Object.assign(servers[name] ?? {}, { read: '' })
    },
    fails: ['redis.write-ack'],
    inconclusive: ['redis.write-read', 'redis.replication.offset'],
  },
  {
    name: 'the master is silent',
    inject: (world) => {
      const { servers, write } = redis(world)
      servers['redis-0'] = { ping: '' }
      Object.assign(write, { set: '', acknowledged: '', removed: '' })
      for (const name of ['redis-1', 'redis-2']) {
        for (const field of ['read', 'write', 'offset']) Reflect.deleteProperty(servers[name] ?? {}, field)
      }
    },
    fails: ['redis.ping'],
    inconclusive: [
      ...['redis.replication.master', 'redis.replication.lag', 'redis.replication.offset'],
      ...['redis.write-ack', 'redis.write-read', 'redis.readonly'],
    ],
  },
  {
    name: 'a replica started without waiting for the master',
    inject: (world) => {
      const log = world.observations.initLogs['default/redis-1/wait-for-master']
      Object.assign(log ?? {}, { value: 'nothing to do\n' })
    },
    fails: ['redis.init-log'],
  },
]

/** Faults of Postgres. */
export const postgresFaults: readonly Fault[] = [
  {
    name: 'two pods carry the label of the primary',
    inject: (world) => {
      Object.assign(podOf(world, 'database/postgres-0').metadata?.labels ?? {}, { role: 'primary' })
      follow(world)
      // The row, by chance, was written through the right one.
      postgresTour(world).hosts['postgres-primary.database.svc.cluster.local']?.reached.push({
        ...{ address: '192.168.140.14', inRecovery: true },
      })
    },
    fails: ['postgres.role.label', 'postgres.service'],
  },
  {
    name: 'a replica does not replicate',
    inject: (world) => {
      postgresServer(world, 'postgres-1').receiver = null
      remove(postgresServer(world, 'postgres-2').standbys ?? [], ({ name }) => name === 'postgres-1')
      Reflect.deleteProperty(postgresTour(world).hosts[`postgres-1.${POSTGRES}`] ?? {}, 'row')
    },
    fails: ['postgres.replication.streaming', 'postgres.replication.source', 'postgres.write-read'],
  },
  {
    name: 'a replica was promoted beside the primary',
    inject: (world) => {
      Object.assign(postgresServer(world, 'postgres-1'), { inRecovery: false, receiver: null })
      remove(postgresServer(world, 'postgres-2').standbys ?? [], ({ name }) => name === 'postgres-1')
      const { hosts } = postgresTour(world)
      Reflect.deleteProperty(hosts[`postgres-1.${POSTGRES}`] ?? {}, 'row')
      for (const { reached } of Object.values(hosts))
        for (const each of reached) if (each.address === '192.168.60.204') each.inRecovery = false
    },
    fails: ['postgres.primary.one', 'postgres.role.label', 'postgres.write-read'],
    inconclusive: [
      ...['postgres.replication.streaming', 'postgres.replication.source', 'postgres.replication.sync'],
    ],
  },
  {
    name: 'commits wait for no replica',
    inject: (world) => {
      const server = postgresServer(world, 'postgres-2')
      server.synchronousNames = ''
      for (const standby of server.standbys ?? []) standby.sync = 'async'
    },
    fails: ['postgres.replication.sync'],
  },
  {
    name: 'the disk of the primary is full',
    inject: (world) => {
      const { hosts, write } = postgresTour(world)
      Object.assign(write ?? {}, { error: 'ERROR:  could not extend file: No space left on device' })
      Reflect.deleteProperty(write ?? {}, 'lsn')
      for (const host of Object.values(hosts)) Reflect.deleteProperty(host, 'row')
    },
    fails: ['postgres.write'],
    inconclusive: ['postgres.write-read'],
  },
  {
    // For the first seconds: its pod still counts as Ready.
    name: 'a Postgres server has ended in its pod',
    inject: (world) => {
      const refused = 'psql: error: connection to server failed: Connection refused'
      const servers = seen(world.observations.postgres['database/postgres']).servers
      const part = servers['postgres-1']
      if (part !== undefined && 'value' in part) Object.assign(part, { value: { error: refused } })
      remove(postgresServer(world, 'postgres-2').standbys ?? [], ({ name }) => name === 'postgres-1')
      const { hosts } = postgresTour(world)
      hosts[`postgres-1.${POSTGRES}`] = { reached: [], error: refused }
      Object.assign(hosts['postgres.database.svc.cluster.local'] ?? {}, {
        reached: [{ address: '192.168.112.200', inRecovery: false }],
        error: refused,
      })
      stall(world, 'database/postgres', 'refused', ['192.168.60.204:5432'])
    },
    fails: [
      ...['postgres.answers', 'postgres.service', 'postgres.pod-name', 'postgres.replication.streaming'],
      ...['postgres.write-read', 'kube-proxy.every-backend'],
    ],
    inconclusive: ['postgres.primary.one', 'postgres.role.label', 'postgres.replication.source'],
  },
]

/** Faults of MySQL. */
export const mysqlFaults: readonly Fault[] = [
  {
    name: 'a replica is behind, by its GTID',
    inject: (world) => {
      const host = mysqlTour(world).hosts[`mysql-1.${MYSQL}`] ?? {}
      Object.assign(host, { caughtUp: false, position: '0-100-40' })
      Reflect.deleteProperty(host, 'row')
    },
    fails: ['mysql.replication.gtid', 'mysql.write-read'],
  },
  {
    name: 'a MySQL replica is made writable',
    inject: (world) => {
      mysqlServer(world, 'mysql-1').readOnly = false
      Object.assign(mysqlTour(world).hosts[`mysql-1.${MYSQL}`] ?? {}, { refused: 'accepted' })
    },
    fails: ['mysql.replica.read-only', 'mysql.replica.refuses-writes'],
  },
  {
    name: 'a replica replicates from an address',
    inject: (world) => {
      Object.assign(mysqlServer(world, 'mysql-2').replication ?? {}, { host: '192.168.140.15' })
    },
    fails: ['mysql.replication.source'],
  },
  {
    name: 'a replica cannot apply an event',
    inject: (world) => {
      Object.assign(mysqlServer(world, 'mysql-1').replication ?? {}, {
        ...{ applying: 'No', error: "Duplicate entry '1' for key 'PRIMARY'" },
      })
      const host = mysqlTour(world).hosts[`mysql-1.${MYSQL}`] ?? {}
      Object.assign(host, { caughtUp: false, position: '0-100-40' })
      Reflect.deleteProperty(host, 'row')
    },
    fails: ['mysql.replication.running', 'mysql.replication.gtid', 'mysql.write-read'],
  },
  {
    name: 'a second MySQL server takes writes and follows nobody',
    inject: (world) => {
      Object.assign(mysqlServer(world, 'mysql-2'), { readOnly: false, replication: null })
      const host = mysqlTour(world).hosts[`mysql-2.${MYSQL}`] ?? {}
      Object.assign(host, { caughtUp: false, position: '0-100-40', refused: 'accepted' })
      Reflect.deleteProperty(host, 'row')
    },
    fails: ['mysql.primary.one', 'mysql.replication.gtid', 'mysql.write-read'],
    inconclusive: [
      ...['mysql.replica.read-only', 'mysql.replication.running', 'mysql.replication.source'],
      'mysql.replica.refuses-writes',
    ],
  },
  {
    name: 'the disk of the MySQL primary is full',
    inject: (world) => {
      const { hosts, write } = mysqlTour(world)
      Object.assign(write ?? {}, { error: 'ERROR 1021 (HY000): Disk full' })
      for (const host of Object.values(hosts)) Reflect.deleteProperty(host, 'row')
    },
    fails: ['mysql.write'],
    inconclusive: ['mysql.write-read', 'mysql.replica.refuses-writes'],
  },
  {
    name: 'a MySQL server has ended in its pod',
    inject: (world) => {
      const lost = "ERROR 2002 (HY000): Can't connect to server (111)"
      const servers = seen(world.observations.mysql['default/mysql']).servers
      const part = servers['mysql-2']
      if (part !== undefined && 'value' in part) Object.assign(part, { value: { error: lost } })
      const { hosts } = mysqlTour(world)
      hosts[`mysql-2.${MYSQL}`] = { reached: [], error: lost }
      Object.assign(hosts['mysql.default.svc.cluster.local'] ?? {}, { reached: ['mysql-0'], error: lost })
      stall(world, 'default/mysql', 'refused', ['192.168.112.204:3306'])
    },
    fails: [
      ...['mysql.answers', 'mysql.service', 'mysql.pod-name', 'mysql.replication.gtid', 'mysql.write-read'],
      'kube-proxy.every-backend',
    ],
    inconclusive: [
      ...['mysql.primary.one', 'mysql.replica.read-only', 'mysql.replication.running'],
      ...['mysql.replication.source', 'mysql.replica.refuses-writes'],
    ],
  },
]
