import {
  governedBy,
  isHeadless,
  isSelecting,
  nameOf,
  namespaceOf,
  ordinalPods,
  selectedBy,
  wantsVip,
} from '../observe/model/declared.js'
import type { Declared, Service, StatefulSet, Workload } from '../observe/model/declared.js'
import { srvPorts } from '../observe/model/questions.js'
import { redisSets } from '../observe/model/redis.js'
import type { RedisPod, RedisSet } from '../observe/model/redis.js'
import type { Subject } from '../report/model.js'
import type { Scope } from './check.js'

/** The lab as a whole, where it is one: of another cluster nobody said what it is made of. */
export const theLab: Scope<string> = {
  items: ({ lab }) => (lab.topology === undefined ? [] : [lab.name]),
  subject: (name) => ({ kind: 'Lab', name }),
}

export const eachNode: Scope<string> = {
  items: ({ lab }) => lab.nodes,
  subject: (name) => ({ kind: 'Node', name }),
}

export const eachService = servicesThat(() => true)
export const eachHeadless = servicesThat(isHeadless)
export const eachWithVip = servicesThat(wantsVip)
/** Headless services whose StatefulSet pods have names under them. */
export const eachGoverning = servicesThat((service, declared) => governedBy(service, declared).length > 0)
/** Headless services with pods of a Deployment behind them. */
export const eachHeadlessDeployment = servicesThat(
  (service, declared) => isHeadless(service) && selectedBy(service, declared.deployments).length > 0,
)
export const eachHeadlessWithNamedPort = servicesThat(
  (service) => isHeadless(service) && srvPorts(service).length > 0,
)
export const eachVipWithNamedPort = servicesThat(
  (service) => wantsVip(service) && srvPorts(service).length > 0,
)
export const eachSelecting = servicesThat(isSelecting)

export const eachWorkload: Scope<Workload> = {
  items: ({ declared }) => [...declared.statefulSets, ...declared.deployments, ...declared.daemonSets],
  subject: subjectOf,
}

/** Workloads that ask to be spread over the nodes. */
export const eachSpread: Scope<Workload> = {
  items: (world) => eachWorkload.items(world).filter((workload) => spreadOf(workload) !== undefined),
  subject: subjectOf,
}

/** The largest difference between nodes that a workload allows; undefined when it does not care. */
export function spreadOf(workload: Workload): number | undefined {
  return workload.spec?.template.spec?.topologySpreadConstraints?.find(
    ({ topologyKey, whenUnsatisfiable }) =>
      topologyKey === 'kubernetes.io/hostname' && whenUnsatisfiable === 'DoNotSchedule',
  )?.maxSkew
}

/** DaemonSets that are meant for every node. */
export const eachDaemonSet: Scope<Workload> = {
  items: ({ declared }) =>
    declared.daemonSets.filter(({ spec }) => {
      const pod = spec?.template.spec
      return pod?.nodeSelector === undefined && pod?.affinity === undefined
    }),
  subject: subjectOf,
}

export const eachStatefulSet: Scope<StatefulSet> = {
  items: ({ declared }) => declared.statefulSets,
  subject: subjectOf,
}

/** A pod that a StatefulSet is declared to have, under the service that gives it its name. */
export interface NamedPod {
  readonly name: string
  readonly service: Service
}

export const eachNamedPod: Scope<NamedPod> = {
  items: ({ declared }) =>
    declared.services.flatMap((service) =>
      governedBy(service, declared).flatMap((set) => ordinalPods(set).map((name) => ({ name, service }))),
    ),
  subject: ({ name, service }) => ({ kind: 'Pod', namespace: namespaceOf(service), name }),
}

/** A StatefulSet under the service that gives its pods their names. */
export interface Governed {
  readonly set: StatefulSet
  readonly service: Service
}

export const eachGoverned: Scope<Governed> = {
  items: ({ declared }) =>
    declared.services.flatMap((service) => governedBy(service, declared).map((set) => ({ set, service }))),
  subject: ({ set }) => subjectOf(set),
}

export const eachRedis: Scope<RedisSet> = {
  items: ({ declared, lab }) => redisSets(declared, lab),
  subject: ({ set }) => subjectOf(set),
}

/** One server of a Redis. */
export interface RedisServer {
  readonly redis: RedisSet
  readonly pod: RedisPod
}

export const eachRedisServer: Scope<RedisServer> = redisServers(({ master, replicas }) => [
  master,
  ...replicas,
])
export const eachRedisReplica: Scope<RedisServer> = redisServers(({ replicas }) => replicas)

function redisServers(pods: (redis: RedisSet) => readonly RedisPod[]): Scope<RedisServer> {
  return {
    items: (world) => eachRedis.items(world).flatMap((redis) => pods(redis).map((pod) => ({ redis, pod }))),
    subject: ({ redis, pod }) => ({ kind: 'Pod', namespace: redis.namespace, name: pod.name }),
  }
}

function servicesThat(wanted: (service: Service, declared: Declared) => boolean): Scope<Service> {
  return {
    items: ({ declared }) => declared.services.filter((service) => wanted(service, declared)),
    subject: subjectOf,
  }
}

function subjectOf(object: Service | Workload): Subject {
  return { kind: object.kind ?? '', namespace: namespaceOf(object), name: nameOf(object) }
}
