import type { Check } from '../../../lab/checks/check.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type {
  DaemonSet,
  Deployment,
  EndpointSlice,
  Service,
  StatefulSet,
} from '../../../lab/observe/model/declared.js'
import type { ApiObservations } from '../../../lab/observe/model/observations.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { served } from './control-plane.js'
import { NAMESPACE } from './made.js'
import { one } from './recorded.js'
import type { Mutable } from './recorded.js'

/** A cluster with nothing else on it. What is declared is on it as well. */
export interface Small {
  readonly services?: readonly Service[]
  readonly statefulSets?: readonly StatefulSet[]
  readonly deployments?: readonly Deployment[]
  readonly daemonSets?: readonly DaemonSet[]
  /** Written by hand, so declared. */
  readonly slices?: readonly EndpointSlice[]
  /** Written by the control plane. */
  readonly controlled?: readonly EndpointSlice[]
  readonly pods?: readonly Pod[]
  readonly claims?: readonly object[]
  readonly nodes?: readonly object[]
  /** Not a lab: what is declared is whatever the cluster holds. */
  readonly foreign?: boolean
}

export interface SmallWorld {
  readonly lab: object
  readonly declared: Mutable<object>[]
  readonly api: { -readonly [Key in keyof ApiObservations]: Mutable<ApiObservations[Key]> }
}

type Objects = readonly { readonly metadata?: object }[]

export function small(of: Small): SmallWorld {
  const declared: Mutable<object>[] = []
  const declare = (objects: Objects, kind: string, apiVersion: string): void => {
    for (const object of objects) declared.push({ ...structuredClone(object), kind, apiVersion })
  }
  const { services = [], statefulSets = [], deployments = [], daemonSets = [], slices = [] } = of
  declare(of.foreign === true ? services.map(served) : services, 'Service', 'v1')
  declare(statefulSets, 'StatefulSet', 'apps/v1')
  declare(deployments, 'Deployment', 'apps/v1')
  declare(daemonSets, 'DaemonSet', 'apps/v1')
  declare(slices, 'EndpointSlice', 'discovery.k8s.io/v1')
  const part = (name: string, value: readonly object[]): object => ({
    value: structuredClone(value),
    source: `GET ${name}`,
    durationMs: 1,
  })
  const api = {
    services: part('services', services.map(served)),
    endpointSlices: part('endpointslices', [...slices, ...(of.controlled ?? [])]),
    pods: part('pods', of.pods ?? []),
    statefulSets: part('statefulsets', statefulSets),
    deployments: part('deployments', deployments),
    daemonSets: part('daemonsets', daemonSets),
    persistentVolumeClaims: part('persistentvolumeclaims', of.claims ?? []),
    nodes: part('nodes', of.nodes ?? []),
  } as unknown as SmallWorld['api']
  const lab = {
    name: 'small',
    nodes: ['n1', 'n2'],
    kubeProxyMode: 'iptables',
    clusterDomain: 'cluster.local',
    ipFamilies: [4],
    ...(of.foreign === true ? {} : { topology: { pools: [] } }),
  }
  return { lab, declared, api }
}

/** What a check finds about one subject. */
export function find(checks: readonly Check[], world: SmallWorld, id: string, name: string): CheckResult {
  const check = one(checks, (each) => each.id === id)
  const { lab, declared, api } = world
  const results = check.run({
    lab,
    declared: readDeclared(declared),
    observations: { api },
  } as unknown as Parameters<Check['run']>[0])
  return one(results, ({ subject }) => subject.name === name)
}

/** The ids of the checks that do not pass, with their verdicts, of every subject. */
export function notPassing(checks: readonly Check[], { lab, declared, api }: SmallWorld): string[] {
  const world = { lab, declared: readDeclared(declared), observations: { api } }
  return checks
    .flatMap((check) => check.run(world as unknown as Parameters<Check['run']>[0]))
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, subject, verdict }) => `${id} ${subject.name} ${verdict}`)
    .sort()
}

/** The parts that could not be observed. */
export function without(world: SmallWorld, part: keyof SmallWorld['api']): SmallWorld {
  Object.assign(world.api, { [part]: { error: 'gone', source: 'GET', durationMs: 1 } })
  return world
}

const spec = (labels: Record<string, string>, template: object, more: object): object => ({
  replicas: 1,
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [], ...template } },
  ...more,
})

export function deployment(
  name: string,
  labels: Record<string, string>,
  more: object = {},
  template: object = {},
): Deployment {
  const metadata = { name, namespace: NAMESPACE, generation: 1 }
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1 }
  return { metadata, spec: spec(labels, template, more), status } as unknown as Deployment
}

export function statefulSet(name: string, labels: Record<string, string>, more: object = {}): StatefulSet {
  const metadata = { name, namespace: NAMESPACE, generation: 1 }
  const status = {
    ...{ observedGeneration: 1, replicas: 1, readyReplicas: 1 },
    ...{ updateRevision: `${name}-new`, currentRevision: `${name}-new` },
  }
  return { metadata, spec: spec(labels, {}, more), status } as unknown as StatefulSet
}

export function daemonSet(name: string, labels: Record<string, string>, template: object = {}): DaemonSet {
  const metadata = { name, namespace: NAMESPACE, generation: 1 }
  const status = { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2 }
  return { metadata, spec: spec(labels, template, {}), status } as unknown as DaemonSet
}
