import { one, redis, seen } from '../recorded.js'
import type { World } from '../recorded.js'
import type { Part } from '../../../../lab/observe/model/observations.js'
import type { ExternalAnswer } from '../../../../lab/observe/model/external.js'
import type { GrpcAnswers } from '../../../../lab/observe/model/grpc.js'
import type { KafkaClient } from '../../../../lab/observe/model/kafka.js'
import type { MysqlServerSeen, MysqlTour } from '../../../../lab/observe/model/mysql.js'
import type { PostgresServerSeen, PostgresTour } from '../../../../lab/observe/model/postgres.js'
import type { Mutable } from '../recorded.js'

/** The parts of one database, broker or client that faults change. */
export function postgresServer(world: World, name: string): Mutable<PostgresServerSeen> {
  const servers = seen(world.observations.postgres['database/postgres']).servers
  return seen(servers[name] as Part<PostgresServerSeen>)
}

export function mysqlServer(world: World, name: string): Mutable<MysqlServerSeen> {
  const servers = seen(world.observations.mysql['default/mysql']).servers
  return seen(servers[name] as Part<MysqlServerSeen>)
}

export function postgresTour(world: World): Mutable<PostgresTour> {
  return one([postgresServer(world, 'postgres-2').tour], Boolean) as Mutable<PostgresTour>
}

export function mysqlTour(world: World): Mutable<MysqlTour> {
  return one([mysqlServer(world, 'mysql-0').tour], Boolean) as Mutable<MysqlTour>
}

export function kafkaClient(world: World): Mutable<KafkaClient> {
  return seen(seen(world.observations.kafka['streaming/kafka']).client as Part<KafkaClient>)
}

export function grpcAnswers(world: World, service: string): Mutable<GrpcAnswers> {
  const all = seen(world.observations.grpc['default/grpc-client'])
  return seen(all[`${service}.default.svc.cluster.local:50051`] as Part<GrpcAnswers>)
}

export function externalAnswers(world: World, node: string): Mutable<ExternalAnswer>[] {
  const all = seen(world.observations.external['default/external-db'])
  return seen<readonly ExternalAnswer[]>(all[node])
}

/** What a Redis shows whose names are not resolved. */
export function noNamesForRedis(world: World): void {
  const { servers, write } = redis(world)
  for (const name of Object.keys(servers))
    servers[name] = { ping: 'Could not connect to Redis: Temporary failure in name resolution' }
  Object.assign(write, { set: '', acknowledged: '', removed: '' })
  delete (write as { offset?: string }).offset
}

/** What all that connects by name shows; replication that is connected goes on. */
export function noNamesForDatabases(world: World): void {
  const client = kafkaClient(world)
  for (const address of Object.keys(client.bootstraps)) {
    client.bootstraps[address] = { error: 'Failed to resolve: Temporary failure' }
  }
  delete (client as { topics?: unknown }).topics
  client.written = { refused: 'Local: Host resolution failure' }
  for (const service of ['grpc-backend', 'grpc-backend-clusterip'])
    Object.assign(grpcAnswers(world, service), { answers: {}, error: 'Name resolution failed' })
  for (const node of world.lab.nodes) externalAnswers(world, node).splice(0)
  const postgres = postgresTour(world)
  for (const host of Object.keys(postgres.hosts)) {
    postgres.hosts[host] = { reached: [], error: `psql: error: could not translate host name "${host}"` }
  }
  postgres.write = {
    ...{ token: 'none', removed: false },
    error: 'psql: error: could not translate host name',
  }
  const mysql = mysqlTour(world)
  for (const host of Object.keys(mysql.hosts)) {
    mysql.hosts[host] = { reached: [], error: `ERROR 2005 (HY000): Unknown server host '${host}' (-3)` }
  }
  mysql.write = {
    ...{ token: 'none', removed: false },
    error: 'ERROR 2005 (HY000): Unknown server host (-3)',
  }
}
