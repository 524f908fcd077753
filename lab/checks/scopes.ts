import {
  governedBy,
  isHeadless,
  isSelecting,
  nameOf,
  namespaceOf,
  namespacesOf,
  ordinalPods,
  selectedBy,
  wantsVip,
} from '../observe/model/declared.js'
import type { Declared, Service, StatefulSet, Workload } from '../observe/model/declared.js'
import { isTooLarge, srvPorts } from '../observe/model/questions.js'
import { redisMaster, redisPods, redisSets } from '../observe/model/redis.js'
import type { RedisPod, RedisSet } from '../observe/model/redis.js'
import type { Subject } from '../report/model.js'
import type { Scope, World } from './check.js'

/** The lab as a whole, where it is one: of another cluster nobody said what it is made of. */
export const theLab: Scope<string> = {
  items: ({ lab }) => (lab.topology === undefined ? [] : [lab.name]),
  subject: (name) => ({ kind: 'Lab', name }),
}

/** The cluster as a whole, whoever made it. */
export const theCluster: Scope<string> = {
  items: ({ lab }) => [lab.name],
  subject: (name) => ({ kind: 'Cluster', name }),
}

export const eachNode: Scope<string> = {
  items: ({ lab }) => lab.nodes,
  subject: (name) => ({ kind: 'Node', name }),
}

/** The namespaces that something is declared in. */
export const eachNamespace: Scope<string> = {
  items: ({ declared }) => namespacesOf(declared),
  subject: (name) => ({ kind: 'Namespace', name }),
}

export const eachService = servicesThat(() => true)
export const eachHeadless = servicesThat(isHeadless)
export const eachWithVip = servicesThat(wantsVip)
/** Services whose names have addresses: all but those that stand for another name. */
export const eachNamedService = servicesThat((service) => isHeadless(service) || wantsVip(service))
export const eachExternalName = servicesThat(({ spec }) => spec?.type === 'ExternalName')
/** Headless services whose answer does not fit into a UDP message without EDNS. */
export const eachLargeService: Scope<Service> = {
  items: ({ declared, lab }) => declared.services.filter((service) => isTooLarge(service, declared, lab)),
  subject: subjectOf,
}
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
export const eachWithSeveralPorts = servicesThat(({ spec }) => (spec?.ports ?? []).length > 1)
/** Services that lead to ports of containers by their names. */
export const eachWithNamedTarget = servicesThat(
  (service) =>
    isSelecting(service) &&
    (service.spec?.ports ?? []).some(({ targetPort }) => typeof targetPort === 'string'),
)

export const eachWorkload: Scope<Workload> = {
  items: ({ declared }) => [...declared.statefulSets, ...declared.deployments, ...declared.daemonSets],
  subject: subjectOf,
}

export const eachDeploymentOrDaemonSet: Scope<Workload> = {
  items: ({ declared }) => [...declared.deployments, ...declared.daemonSets],
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

/** StatefulSets whose pods get volumes of their own. */
export const eachWithVolumes: Scope<StatefulSet> = {
  items: ({ declared }) =>
    declared.statefulSets.filter(({ spec }) => (spec?.volumeClaimTemplates ?? []).length > 0),
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

export const eachRedisServer: Scope<RedisServer> = redisServers(redisPods)
/** All but the master: where no ordinal is declared to be it, the one that says so. */
export const eachRedisReplica: Scope<RedisServer> = redisServers((redis, { observations }) => {
  const part = observations.redis[redis.key]
  const seen = part === undefined || 'error' in part ? {} : part.value.servers
  const master = redisMaster(redis, seen) ?? redis.master
  return redisPods(redis).filter(({ name }) => name !== master.name)
})

function redisServers(pods: (redis: RedisSet, world: World) => readonly RedisPod[]): Scope<RedisServer> {
  return {
    items: (world) =>
      eachRedis.items(world).flatMap((redis) => pods(redis, world).map((pod) => ({ redis, pod }))),
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
