import type { Looking } from './looking.js'
import type { PackObservations } from './model/observations.js'
import { collectCalico } from './packs/calico.js'
import { collectDns } from './packs/dns.js'
import { collectExternal } from './packs/external.js'
import { collectGrpc } from './packs/grpc.js'
import { collectKafka } from './packs/kafka.js'
import { collectMysql } from './packs/mysql.js'
import { collectPolicies } from './packs/policies.js'
import { collectPostgres } from './packs/postgres.js'
import { collectReach } from './packs/reach.js'
import { collectInitLogs, collectRedis } from './packs/redis.js'
import { collectIpvs, collectNftables, collectRules } from './packs/rules.js'
import { collectTraffic } from './packs/traffic.js'

/** The collector of each pack: what it gives is in the observations under its own name. */
export const collectors: {
  readonly [Pack in keyof PackObservations]: (looking: Looking) => Promise<PackObservations[Pack]>
} = {
  dns: collectDns,
  iptables: collectRules,
  nftables: collectNftables,
  ipvs: collectIpvs,
  traffic: collectTraffic,
  reach: collectReach,
  policies: collectPolicies,
  calico: collectCalico,
  redis: collectRedis,
  initLogs: collectInitLogs,
  postgres: collectPostgres,
  kafka: collectKafka,
  mysql: collectMysql,
  grpc: collectGrpc,
  external: collectExternal,
}
