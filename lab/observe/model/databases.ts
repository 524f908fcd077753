import type { V1Container, V1ContainerPort } from '@kubernetes/client-node'
import { ServiceDns } from '../../../constructs/dns.js'
import { isHeadless, keyOf, nameOf, namespaceOf, ordinalPods, selects, templateOf } from './declared.js'
import type { Declared, Labels, Service, StatefulSet } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Plain } from './plain.js'
import { isReady, podsSelected } from './pods.js'
import type { Pod } from './pods.js'

type Container = Plain<V1Container>

/** How a kind of database is known in a pod template. */
export interface DatabaseKind {
  readonly port: number
  /** Names that its port has. */
  readonly portNames: readonly string[]
  /** Keys of Secrets that hold a password, in the order in which they are tried. */
  readonly passwordKeys: readonly string[]
}

/** A declared StatefulSet with a database in each pod. */
export interface DatabaseSet {
  readonly set: StatefulSet
  /** `<namespace>/<StatefulSet>`. */
  readonly key: string
  readonly namespace: string
  /** The container with the server. */
  readonly container: string
  /** Where the server listens. */
  readonly port: number
  /** The name of that port, where it has one. */
  readonly portName?: string
  readonly pods: readonly DatabasePod[]
}

export interface DatabasePod {
  readonly name: string
  readonly fqdn: string
}

/** Who is meant by a service in front of a database: its label says so, as `role=primary` does. */
export type ServiceRole = 'any' | 'primary' | 'replica'

/** A service in front of a database. */
export interface DatabaseService {
  readonly service: Service
  readonly fqdn: string
  /** Where the server is reached by this name: of a headless service that is its own port. */
  readonly port: number
  readonly role: ServiceRole
  /** The labels it asks for beyond those of all pods of the set. */
  readonly roleLabels: Labels
}

export function databaseSets(declared: Declared, lab: LabFacts, kind: DatabaseKind): DatabaseSet[] {
  return declared.statefulSets.flatMap((set) => {
    const container = serverContainer(set, kind)
    const listening = container && portOf(container, kind)
    const service = set.spec?.serviceName
    if (container === undefined || listening === undefined || !service) return []
    const namespace = namespaceOf(set)
    const dns = new ServiceDns({ service, namespace, clusterDomain: lab.clusterDomain })
    const pods = ordinalPods(set).map((name) => ({ name, fqdn: dns.pod(name).fqdn }))
    if (pods.length === 0) return []
    const { containerPort: port, name } = listening
    const portName = name === undefined ? {} : { portName: name }
    return [{ set, key: keyOf(set), namespace, container: container.name, port, ...portName, pods }]
  })
}

/** The container that listens as this kind does: by the number of its port, or by its name. */
export function serverContainer(set: StatefulSet, kind: DatabaseKind): Container | undefined {
  return templateOf(set)?.spec?.containers.find((container) => portOf(container, kind) !== undefined)
}

function portOf({ ports }: Container, { port, portNames }: DatabaseKind): Plain<V1ContainerPort> | undefined {
  return ports?.find(({ containerPort, name }) => containerPort === port || portNames.includes(name ?? ''))
}

/**
 * Where in the container a password may be: files of the Secrets that are mounted there. What is in them never
 * leaves the pod.
 */
export function passwordFiles(set: StatefulSet, container: string, keys: readonly string[]): string[] {
  const pod = templateOf(set)?.spec
  const secrets = new Set(
    pod?.volumes
      ?.filter(({ secret, projected }) => secret !== undefined || projected !== undefined)
      .map(({ name }) => name),
  )
  const mounts = pod?.containers.find(({ name }) => name === container)?.volumeMounts ?? []
  return mounts
    .filter(({ name }) => secrets.has(name))
    .flatMap(({ mountPath, subPath }) =>
      subPath === undefined ? keys.map((key) => `${mountPath}/${key}`) : [mountPath],
    )
}

/** The services of the namespace that lead to pods of the set, or will when some carry the label of a role. */
export function databaseServices(
  { set, port: serverPort, portName }: DatabaseSet,
  declared: Declared,
  lab: LabFacts,
): DatabaseService[] {
  const own: Labels = set.spec?.selector.matchLabels ?? {}
  const template: Labels = templateOf(set)?.metadata?.labels ?? {}
  return declared.services.flatMap((service) => {
    const selector: Labels = service.spec?.selector ?? {}
    const entries = Object.entries(selector)
    const further = entries.filter(([key, value]) => own[key] !== value)
    const roles = further.filter(([, value]) => roleOf(value) !== undefined)
    const others = Object.fromEntries(entries.filter((entry) => !roles.includes(entry)))
    if (namespaceOf(service) !== namespaceOf(set) || !selects(others, template)) return []
    const offered = service.spec?.ports?.find(({ port, targetPort = port }) =>
      [serverPort, portName].includes(targetPort),
    )
    if (offered === undefined) return []
    const [, value = ''] = roles[0] ?? []
    const dns = new ServiceDns({
      service: nameOf(service),
      namespace: namespaceOf(service),
      clusterDomain: lab.clusterDomain,
    })
    const port = isHeadless(service) ? serverPort : offered.port
    const role = roleOf(value) ?? 'any'
    return [{ service, fqdn: dns.fqdn, port, role, roleLabels: Object.fromEntries(roles) }]
  })
}

/** The role that the value of a label means. */
export function roleOf(label: string): ServiceRole | undefined {
  if (/^(primary|master|leader|writer)$/i.test(label)) return 'primary'
  if (/^(replica|secondary|standby|slave|reader)$/i.test(label)) return 'replica'
  return undefined
}

/** The pods that a service may lead to. A headless one may say that readiness does not matter. */
export function podsBehind(service: Service, pods: readonly Pod[]): string[] {
  const selected = podsSelected(pods, namespaceOf(service), service.spec?.selector)
  const all = isHeadless(service) && service.spec?.publishNotReadyAddresses === true
  return selected
    .filter((pod) => all || isReady(pod))
    .map(nameOf)
    .sort()
}

/** The name of the pod that has an address; the address itself where none has. */
export function podAt(address: string, namespace: string, pods: readonly Pod[]): string {
  const owner = pods.find(
    (pod) => namespaceOf(pod) === namespace && pod.status?.podIPs?.some(({ ip }) => ip === address),
  )
  return owner === undefined ? address : nameOf(owner)
}

/** The pod of the set that a host means, by one of its names or by its address; the host itself where none is. */
export function podCalled(host: string, { namespace, pods }: DatabaseNames, live: readonly Pod[]): string {
  const called = pods.find((pod) => isNameOf(host, pod))
  return called?.name ?? podAt(host, namespace, live)
}

/** What {@link podCalled} has to know of a set. */
export interface DatabaseNames {
  readonly namespace: string
  readonly pods: readonly DatabasePod[]
}

/** Whether a host is the name of a pod: whole, or cut off where the search path of its namespace completes it. */
export function isNameOf(host: string, { name: pod, fqdn }: DatabasePod): boolean {
  const said = host.replace(/\.$/, '').toLowerCase()
  if (said === pod) return true
  const labels = fqdn.split('.')
  return [2, 3, 4, labels.length].some((count) => labels.slice(0, count).join('.') === said)
}
