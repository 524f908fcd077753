import { ServiceDns } from '../../../constructs/dns.js'
import { keyOf, namespaceOf, ordinalPods, templateOf } from './declared.js'
import type { Declared, StatefulSet } from './declared.js'
import type { LabFacts } from './lab.js'

/** Redis' registered port: a StatefulSet with it is taken for a Redis with replication. */
const REDIS_PORT = 6379

/** A declared Redis: the pod of the first ordinal is the master, the others replicate it. */
export interface RedisSet {
  readonly set: StatefulSet
  /** `<namespace>/<StatefulSet>`. */
  readonly key: string
  readonly namespace: string
  readonly master: RedisPod
  readonly replicas: readonly RedisPod[]
  /** Names of the init containers. */
  readonly initContainers: readonly string[]
}

export interface RedisPod {
  readonly name: string
  readonly fqdn: string
}

export function redisSets(declared: Declared, lab: LabFacts): RedisSet[] {
  return declared.statefulSets.filter(listensAsRedis).flatMap((set) => {
    const namespace = namespaceOf(set)
    const service = set.spec?.serviceName
    if (service === undefined) return []
    const dns = new ServiceDns({ service, namespace, clusterDomain: lab.clusterDomain })
    const [master, ...replicas] = ordinalPods(set).map((name) => ({ name, fqdn: dns.pod(name).fqdn }))
    if (master === undefined) return []
    const initContainers = templateOf(set)?.spec?.initContainers?.map(nameOfContainer) ?? []
    return [{ set, key: keyOf(set), namespace, master, replicas, initContainers }]
  })
}

function listensAsRedis(set: StatefulSet): boolean {
  const containers = templateOf(set)?.spec?.containers ?? []
  return containers.some(({ ports }) => ports?.some(({ containerPort }) => containerPort === REDIS_PORT))
}

function nameOfContainer({ name }: { readonly name: string }): string {
  return name
}
