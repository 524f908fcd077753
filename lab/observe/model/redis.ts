import { databaseSets, isNameOf, passwordFiles, podAt } from './databases.js'
import type { DatabaseKind, DatabasePod } from './databases.js'
import { namespaceOf, templateOf } from './declared.js'
import type { Declared, StatefulSet } from './declared.js'
import type { LabFacts } from './lab.js'
import type { RedisSeen } from './observations.js'
import type { Pod } from './pods.js'

/** Redis' registered port, or its name: a StatefulSet with it is taken for a Redis with replication. */
export const REDIS: DatabaseKind = {
  port: 6379,
  portNames: ['redis'],
  passwordKeys: ['password', 'redis-password', 'REDIS_PASSWORD'],
}

const SENTINEL_PORT = 26379

/**
 * A declared Redis. Where its manifest names the pod of the first ordinal, that one is the master and the others
 * replicate it; else, and where there is Sentinel, it is whichever says so.
 */
export interface RedisSet {
  readonly set: StatefulSet
  /** `<namespace>/<StatefulSet>`. */
  readonly key: string
  readonly namespace: string
  /** The container with the server. */
  readonly container: string
  /** Where the servers listen. */
  readonly port: number
  /** The pod of the first ordinal. */
  readonly master: RedisPod
  /** The pods of the other ordinals. */
  readonly replicas: readonly RedisPod[]
  /** Whether the first pod is declared to be the master. */
  readonly byOrdinal: boolean
  /** Where the Sentinel beside each server listens; absent without. */
  readonly sentinelPort?: number
  /** Whether pods are declared to announce their names. Else a master may know its replicas by their addresses. */
  readonly announces: boolean
  /** Whether the data outlives a pod. */
  readonly keeps: boolean
  /** Where in a pod a password may be. */
  readonly passwordFiles: readonly string[]
  /** Names of the init containers that say that they wait for the master. */
  readonly initContainers: readonly string[]
}

export type RedisPod = DatabasePod

export function redisSets(declared: Declared, lab: LabFacts): RedisSet[] {
  return databaseSets(declared, lab, REDIS).flatMap(({ set, key, container, port, pods }) => {
    const [master, ...replicas] = pods
    if (master === undefined) return []
    const pod = templateOf(set)?.spec
    const text = JSON.stringify(pod ?? {})
    const sentinelPort = pod?.containers
      .flatMap(({ ports }) => ports ?? [])
      .find(
        ({ containerPort, name }) => containerPort === SENTINEL_PORT || name === 'sentinel',
      )?.containerPort
    return [
      {
        ...{ set, key, namespace: namespaceOf(set), container, port, master, replicas },
        byOrdinal: sentinelPort === undefined && text.includes(master.name),
        ...(sentinelPort === undefined ? {} : { sentinelPort }),
        announces: /(replica|slave)-announce-ip/.test(text),
        keeps:
          (set.spec?.volumeClaimTemplates ?? []).length > 0 ||
          pod?.volumes?.some(({ persistentVolumeClaim, hostPath }) => persistentVolumeClaim ?? hostPath) ===
            true,
        passwordFiles: passwordFiles(set, container, REDIS.passwordKeys),
        initContainers: (pod?.initContainers ?? [])
          .filter((each) => JSON.stringify(each).includes('waiting for master'))
          .map(({ name }) => name),
      },
    ]
  })
}

export function redisPods({ master, replicas }: RedisSet): RedisPod[] {
  return [master, ...replicas]
}

/** The master: by its ordinal where that is declared, else the only one that says so; undefined where that is not known. */
export function redisMaster(redis: RedisSet, servers: RedisSeen['servers']): RedisPod | undefined {
  if (redis.byOrdinal) return redis.master
  const masters = redisPods(redis).filter(({ name }) => servers[name]?.replication?.['role'] === 'master')
  return masters.length === 1 ? masters[0] : undefined
}

/** The pod that a host of `INFO replication` or of Sentinel means: its whole name, or else what was said. */
export function redisPodCalled(host: string, redis: RedisSet, live: readonly Pod[]): string {
  const pods = redisPods(redis)
  const called = pods.find((pod) => isNameOf(host, pod))
  if (called !== undefined) return called.fqdn
  // An address is as good as a name where nothing else was asked for.
  const owner = redis.announces ? host : podAt(host, redis.namespace, live)
  return pods.find(({ name }) => name === owner)?.fqdn ?? host
}
