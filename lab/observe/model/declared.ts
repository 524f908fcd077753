import type {
  KubernetesObject,
  V1DaemonSet,
  V1Deployment,
  V1Endpoint,
  V1EndpointSlice,
  V1LabelSelector,
  V1PodTemplateSpec,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node'
import { DEFAULT_NAMESPACE } from '../../../constructs/dns.js'
import type { Family } from '../../../topology/cidr.js'
import type { Plain } from './plain.js'
import type { NetworkPolicy } from './policies.js'

export type Service = Plain<V1Service>
export type StatefulSet = Plain<V1StatefulSet>
export type Deployment = Plain<V1Deployment>
export type DaemonSet = Plain<V1DaemonSet>
export type EndpointSlice = Plain<V1EndpointSlice>
export type Workload = StatefulSet | Deployment | DaemonSet
export type Labels = Readonly<Record<string, string>>

/** The declared objects that claims are derived from, by kind. */
export interface Declared {
  /** With and without a selector. */
  readonly services: readonly Service[]
  /** Workloads whose pods have names of their own. */
  readonly statefulSets: readonly StatefulSet[]
  /** Workloads whose pods are alike. */
  readonly deployments: readonly Deployment[]
  /** Workloads of one pod a node. */
  readonly daemonSets: readonly DaemonSet[]
  /** Written by hand, for services without a selector. */
  readonly endpointSlices: readonly EndpointSlice[]
  /** Who may reach whom. */
  readonly networkPolicies: readonly NetworkPolicy[]
}

/** The objects by their kinds; what is of no kind that claims are derived from is left out. */
export function readDeclared(objects: readonly KubernetesObject[]): Declared {
  const ofKind = <T>(apiVersion: string, kind: string): T[] =>
    objects.filter((object) => object.apiVersion === apiVersion && object.kind === kind) as T[]
  return {
    services: ofKind<Service>('v1', 'Service'),
    statefulSets: ofKind<StatefulSet>('apps/v1', 'StatefulSet'),
    deployments: ofKind<Deployment>('apps/v1', 'Deployment'),
    daemonSets: ofKind<DaemonSet>('apps/v1', 'DaemonSet'),
    endpointSlices: ofKind<EndpointSlice>('discovery.k8s.io/v1', 'EndpointSlice'),
    networkPolicies: ofKind<NetworkPolicy>('networking.k8s.io/v1', 'NetworkPolicy'),
  }
}

interface Named {
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

export function nameOf(object: Named): string {
  return object.metadata?.name ?? ''
}

export function namespaceOf(object: Named): string {
  return object.metadata?.namespace ?? DEFAULT_NAMESPACE
}

/** `<namespace>/<name>`. */
export function keyOf(object: Named): string {
  return `${namespaceOf(object)}/${nameOf(object)}`
}

/** The namespaces that something is declared in. */
export function namespacesOf(declared: Declared): string[] {
  return [
    ...new Set(Object.values(declared).flatMap((list: readonly Named[]) => list.map(namespaceOf))),
  ].sort()
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None'
}

/** Whether the service is to get a virtual IP. */
export function wantsVip(service: Service): boolean {
  return !isHeadless(service) && service.spec?.type !== 'ExternalName'
}

/**
 * Whether the service has a selector, so that the control plane writes its slices. An empty one is none: the API
 * server does not keep it.
 */
export function isSelecting(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0
}

/** The label that says whose a slice is. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** The IPv4 slices of a service. */
export function slicesOf(service: Service, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return allSlicesOf(service, slices).filter(({ addressType }) => addressType === 'IPv4')
}

/** The slices of a service, of every address family. */
export function allSlicesOf(service: Service, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slices.filter(
    (slice) =>
      namespaceOf(slice) === namespaceOf(service) &&
      slice.metadata?.labels?.[SERVICE_NAME_LABEL] === nameOf(service),
  )
}

/** An address family, as the API spells it. */
export type IpFamilyName = 'IPv4' | 'IPv6'

export function familyName(family: Family): IpFamilyName {
  return `IPv${family}`
}

/**
 * The address families that the API server gives to a service that is declared so, the preferred one first. A
 * headless service without a selector gets both, on clusters of a single family too.
 */
export function familiesOf(service: Service, cluster: readonly Family[]): IpFamilyName[] {
  const { ipFamilies = [], ipFamilyPolicy } = service.spec ?? {}
  const has = cluster.map(familyName)
  const free = isHeadless(service) && !isSelecting(service)
  const policy = ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack')
  const first = (ipFamilies[0] as IpFamilyName | undefined) ?? has[0] ?? 'IPv4'
  const second = first === 'IPv4' ? 'IPv6' : 'IPv4'
  const both = policy !== 'SingleStack' && (free || has.includes(second))
  return both ? [first, second] : [first]
}

/** The endpoints in slices that count as ready: those of which nothing else is said. */
export function readyEndpoints(slices: readonly EndpointSlice[]): Plain<V1Endpoint>[] {
  return endpointsIn(slices).filter(({ conditions }) => conditions?.ready !== false)
}

/** The endpoints in slices. */
export function endpointsIn(slices: readonly EndpointSlice[]): Plain<V1Endpoint>[] {
  // A slice without endpoints has null there, whatever the client's type says.
  return slices.flatMap(({ endpoints }) => (endpoints as readonly Plain<V1Endpoint>[] | null) ?? [])
}

/** Whether labels carry everything a selector asks for; an empty selector selects nothing, as for a Service. */
export function selects(selector: Labels | undefined, labels: Labels | undefined): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value)
}

/** Whether labels fit the selector of a workload. */
export function fits(selector: Plain<V1LabelSelector> | undefined, labels: Labels | undefined): boolean {
  const { matchLabels, matchExpressions = [] } = selector ?? {}
  const wanted = Object.entries(matchLabels ?? {})
  if (wanted.length + matchExpressions.length === 0) return false
  return (
    wanted.every(([key, value]) => labels?.[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const has = labels?.[key]
      if (operator === 'Exists') return has !== undefined
      if (operator === 'DoesNotExist') return has === undefined
      const listed = has !== undefined && values.includes(has)
      return operator === 'In' ? listed : !listed
    })
  )
}

export function templateOf(workload: Workload): Plain<V1PodTemplateSpec> | undefined {
  return workload.spec?.template
}

/** The workloads whose pods a service is declared to select. */
export function selectedBy<W extends Workload>(service: Service, workloads: readonly W[]): W[] {
  return workloads.filter(
    (workload) =>
      namespaceOf(workload) === namespaceOf(service) &&
      selects(service.spec?.selector, templateOf(workload)?.metadata?.labels),
  )
}

/** The StatefulSets whose pods have their names under this service: headless, selected, and named as theirs. */
export function governedBy(service: Service, declared: Declared): StatefulSet[] {
  if (!isHeadless(service)) return []
  return selectedBy(service, declared.statefulSets).filter((set) => set.spec?.serviceName === nameOf(service))
}

/** Names of the pods a StatefulSet is declared to have. */
export function ordinalPods(set: StatefulSet): string[] {
  const first = set.spec?.ordinals?.start ?? 0
  return Array.from({ length: set.spec?.replicas ?? 1 }, (_, i) => `${nameOf(set)}-${first + i}`)
}

/** Name of the first pod that a StatefulSet is declared not to have. */
export function nextOrdinalPod(set: StatefulSet): string {
  return `${nameOf(set)}-${(set.spec?.ordinals?.start ?? 0) + (set.spec?.replicas ?? 1)}`
}
