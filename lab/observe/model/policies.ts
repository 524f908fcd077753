import { contains, familyBits, parseAddress, parseCidr } from '../../../topology/cidr.js'
import { namespaceOf } from './declared.js'
import type { Labels } from './declared.js'
import type { Pod } from './pods.js'

/** A NetworkPolicy as the API has it. */
export interface NetworkPolicy {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
  readonly spec?: PolicySpec
}

export interface PolicySpec {
  readonly podSelector?: LabelSelector
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly {
    readonly from?: readonly PolicyPeer[]
    readonly ports?: readonly PolicyPort[]
  }[]
  readonly egress?: readonly { readonly to?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[]
}

export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

export interface PolicyPeer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

export interface PolicyPort {
  readonly port?: number | string
  readonly endPort?: number
  readonly protocol?: string
}

/** What is known of a cluster when it is said who may reach whom. */
export interface PolicyWorld {
  readonly policies: readonly NetworkPolicy[]
  /** Labels of each namespace. */
  readonly namespaces: ReadonlyMap<string, Labels>
}

/** A connection from one pod to another. */
export interface Connection {
  readonly from: Pod
  readonly to: Pod
  /** Of the pod, not of a Service. */
  readonly port: number
  readonly protocol?: string
}

type Direction = 'Ingress' | 'Egress'

interface Rule {
  /** Without peers it is for everybody. */
  readonly peers: readonly PolicyPeer[]
  /** Without ports it is for all of them. */
  readonly ports: readonly PolicyPort[]
}

/**
 * Whether the policies let a connection be made. They add up: a pod that no policy of a direction selects is
 * open in that direction, one that some do select takes what any of them allows.
 */
export function mayConnect(connection: Connection, world: PolicyWorld): boolean {
  return allowedBy('Ingress', connection, world) && allowedBy('Egress', connection, world)
}

function allowedBy(direction: Direction, connection: Connection, world: PolicyWorld): boolean {
  const own = direction === 'Ingress' ? connection.to : connection.from
  const isolating = policiesFor(own, direction, world.policies)
  return (
    isolating.length === 0 || isolating.some((policy) => policyAllows(policy, direction, connection, world))
  )
}

/** Whether one policy's own rules for incoming connections name this one; it says nothing of other policies. */
export function letsIn(policy: NetworkPolicy, connection: Connection, world: PolicyWorld): boolean {
  return policyAllows(policy, 'Ingress', connection, world)
}

function policyAllows(
  policy: NetworkPolicy,
  direction: Direction,
  connection: Connection,
  { namespaces }: PolicyWorld,
): boolean {
  const { from, to, port, protocol = 'TCP' } = connection
  const other = direction === 'Ingress' ? from : to
  return rulesOf(policy, direction).some(
    ({ peers, ports }) =>
      (peers.length === 0 || peers.some((peer) => isPeer(peer, other, namespaceOf(policy), namespaces))) &&
      // A name stands for a port of the pod that is connected to, in both directions.
      (ports.length === 0 || ports.some((each) => isPort(each, to, port, protocol))),
  )
}

/** The policies that isolate a pod in a direction. */
export function policiesFor(
  pod: Pod,
  direction: Direction,
  policies: readonly NetworkPolicy[],
): NetworkPolicy[] {
  return policies.filter((policy) => directionsOf(policy).includes(direction) && selectsPod(policy, pod))
}

export function selectsPod(policy: NetworkPolicy, pod: Pod): boolean {
  return namespaceOf(policy) === namespaceOf(pod) && matches(policy.spec?.podSelector, pod.metadata?.labels)
}

/** Left out, the types are Ingress always, and Egress where there are rules for it. */
export function directionsOf({ spec }: NetworkPolicy): readonly string[] {
  if (spec?.policyTypes !== undefined && spec.policyTypes.length > 0) return spec.policyTypes
  return (spec?.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

function rulesOf({ spec }: NetworkPolicy, direction: Direction): Rule[] {
  return direction === 'Ingress'
    ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from ?? [], ports: ports ?? [] }))
    : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to ?? [], ports: ports ?? [] }))
}

/** What the policy's rules for incoming connections speak of; a rule without ports speaks of all. */
export function ingressPorts(policy: NetworkPolicy): {
  readonly ports: readonly PolicyPort[]
  readonly all: boolean
} {
  const rules = rulesOf(policy, 'Ingress')
  return { ports: rules.flatMap(({ ports }) => ports), all: rules.some(({ ports }) => ports.length === 0) }
}

/** The numbers of a rule's port in a pod: of a range its first and its last, of a name the container ports that have it. */
export function portNumbers({ port, endPort, protocol = 'TCP' }: PolicyPort, pod: Pod): number[] {
  if (typeof port === 'number') return endPort === undefined ? [port] : [...new Set([port, endPort])]
  return containerPorts(pod)
    .filter((each) => (port === undefined || each.name === port) && each.protocol === protocol)
    .map(({ number }) => number)
}

export interface ContainerPort {
  readonly number: number
  readonly name: string | undefined
  readonly protocol: string
}

/** The ports that the containers of a pod say they listen on. */
export function containerPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports }) =>
    (ports ?? []).map(({ containerPort, name, protocol = 'TCP' }) => ({
      ...{ number: containerPort, name, protocol },
    })),
  )
}

/** Whether labels are what a selector asks for. An empty one selects everything, other than a Service's. */
export function matches(selector: LabelSelector | undefined, labels: Labels | undefined = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      const listed = value !== undefined && values.includes(value)
      return operator === 'NotIn' ? !listed : listed
    })
  )
}

/** The API server gives each namespace its name as this label. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

function isPeer(
  { ipBlock, namespaceSelector, podSelector }: PolicyPeer,
  pod: Pod,
  home: string,
  namespaces: ReadonlyMap<string, Labels>,
): boolean {
  if (ipBlock !== undefined) {
    return addressesOf(pod).some(
      (ip) => isIn(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((range) => isIn(ip, range)),
    )
  }
  const namespace = namespaceOf(pod)
  const labels = namespaces.get(namespace) ?? { [NAME_LABEL]: namespace }
  const near = namespaceSelector === undefined ? namespace === home : matches(namespaceSelector, labels)
  return near && matches(podSelector, pod.metadata?.labels)
}

function isPort(
  { port, endPort, protocol = 'TCP' }: PolicyPort,
  pod: Pod,
  number: number,
  of: string,
): boolean {
  if (protocol !== of) return false
  if (port === undefined) return true
  if (typeof port === 'number') return port <= number && number <= (endPort ?? port)
  return containerPorts(pod).some(
    (each) => each.name === port && each.number === number && each.protocol === of,
  )
}

export function addressesOf({ status }: Pod): string[] {
  return status?.podIPs?.map(({ ip }) => ip) ?? []
}

/** Whether an address lies in a range; false where either is none. */
export function isIn(ip: string, range: string): boolean {
  const address = parseAddress(ip)
  const outer = parseCidr(range)
  if (address === undefined || outer === undefined) return false
  return contains(outer, { ...address, prefix: familyBits(address.family) })
}

/** Whether what the policies ask of namespaces can be told without the labels of these, by their names alone. */
export function namesSuffice(policies: readonly NetworkPolicy[]): boolean {
  const peers = policies.flatMap((policy) =>
    [...rulesOf(policy, 'Ingress'), ...rulesOf(policy, 'Egress')].flatMap((rule) => rule.peers),
  )
  return peers.every(({ namespaceSelector: { matchLabels = {}, matchExpressions = [] } = {} }) =>
    [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)].every(
      (key) => key === NAME_LABEL,
    ),
  )
}

/** What came of the connections that were tried for one policy. */
export interface PolicySeen {
  readonly attempts: readonly PolicyAttempt[]
}

/** A connection that was tried. */
export interface PolicyAttempt {
  /** `<namespace>/<pod>`. */
  readonly from: string
  /** `<namespace>/<pod>`. */
  readonly to: string
  /** Address that was connected to. */
  readonly ip: string
  readonly port: number
  /** What came of it: `open`, or how it was not; absent where it could not be tried. */
  readonly outcome?: string
  /** Why it could not be tried. */
  readonly error?: string
}
