import { keyOf, nameOf, namespaceOf, namespacesOf } from './declared.js'
import type { Declared, Labels } from './declared.js'
import type { ApiObservations } from './observations.js'
import { isReady } from './pods.js'
import type { Pod } from './pods.js'
import {
  addressesOf,
  containerPorts,
  directionsOf,
  ingressPorts,
  letsIn,
  mayConnect,
  namesSuffice,
  portNumbers,
  selectsPod,
} from './policies.js'
import type { NetworkPolicy, PolicyWorld } from './policies.js'

/** A port that nothing is meant to listen on: who gets through to it is refused by the pod itself. */
export const QUIET_PORT = 1
/** How many ports of a policy are tried. */
const PORTS = 4

/** A connection to try for a policy. */
export interface PolicyProbe {
  readonly from: Pod
  readonly to: Pod
  readonly ip: string
  readonly port: number
}

/** The declared policies that limit what comes in. */
export function ingressPolicies({ networkPolicies }: Declared): NetworkPolicy[] {
  return networkPolicies.filter((policy) => directionsOf(policy).includes('Ingress'))
}

/**
 * The policies that decide, and the labels of the namespaces. Where anything is declared, the declared policies
 * are meant to be all there are; in other namespaces, where probes may be, those of the cluster are taken as given.
 */
export function policyWorld(
  declared: Declared,
  { networkPolicies, namespaces }: ApiObservations,
): PolicyWorld {
  const own = new Set(namespacesOf(declared))
  const given = valueOf(networkPolicies).filter((policy) => !own.has(namespaceOf(policy)))
  const labels = valueOf(namespaces).map((each) => [nameOf(each), each.metadata?.labels ?? {}] as const)
  return { policies: [...declared.networkPolicies, ...given], namespaces: new Map<string, Labels>(labels) }
}

/** Whether it can be told whom the policies mean, with what is known of the namespaces. */
export function canPredict({ policies, namespaces }: PolicyWorld): boolean {
  return namespaces.size > 0 || namesSuffice(policies)
}

/** Servers that are asked from elsewhere. */
export interface Servers {
  readonly namespace: string
  /** Names of their pods. */
  readonly names: readonly string[]
  readonly port: number
}

/** What is known of the policies, and of the pods that they are about. */
export interface PolicyFacts {
  readonly declared: Declared
  readonly api: ApiObservations
  readonly pods: readonly Pod[]
}

/**
 * The probes that the policies let connect to all of the servers: that others are kept out is no fault of these.
 * All of them where it cannot be told.
 */
export function probesLetIn<Probe extends { readonly namespace: string; readonly pod: string }>(
  probes: Iterable<Probe>,
  { namespace, names, port }: Servers,
  { declared, api, pods }: PolicyFacts,
): Probe[] {
  const world = policyWorld(declared, api)
  const servers = pods.filter((pod) => namespaceOf(pod) === namespace && names.includes(nameOf(pod)))
  return [...probes].filter((probe) => {
    const from = pods.find((pod) => namespaceOf(pod) === probe.namespace && nameOf(pod) === probe.pod)
    if (from === undefined || !canPredict(world)) return true
    return servers.every((to) => mayConnect({ from, to, port }, world))
  })
}

/**
 * The pods that connections can be tried from, the best ones first: the probe pods, then others of the same
 * image, which have the same tools, then, where all of them are ours to use, those of the workloads.
 */
export function sourcePods(pods: readonly Pod[], probes: readonly string[], allOurs: boolean): Pod[] {
  const running = pods.filter(canBeSource)
  const probing = probes.flatMap((key) => running.filter((pod) => keyOf(pod) === key))
  const images = new Set(probing.map(imageOf))
  const alike = running.filter((pod) => !probing.includes(pod) && images.has(imageOf(pod))).sort(readyFirst)
  const others = allOurs ? running.filter((pod) => !probing.includes(pod) && !alike.includes(pod)) : []
  return [...probing, ...alike, ...others]
}

/** The same pods, with another of the first few at their head: what is to be done is shared among these. */
export function inTurn(sources: readonly Pod[], few: number, turn: number): Pod[] {
  const head = sources.slice(0, few)
  const first = head.length === 0 ? 0 : turn % head.length
  return [...head.slice(first), ...head.slice(0, first), ...sources.slice(few)]
}

/** What to try for one policy: its ports and one that it does not list, by a pod it lets in and by one it does not. */
export function policyProbes(
  policy: NetworkPolicy,
  pods: readonly Pod[],
  sources: readonly Pod[],
  world: PolicyWorld,
): PolicyProbe[] {
  const candidates = pods.filter((pod) => selectsPod(policy, pod) && canBeTarget(pod)).sort(byKey)
  // The best source tries most, so that what it cannot reach is seen beside what it can.
  const to = candidates.find((pod) => pod !== sources[0]) ?? candidates[0]
  const [ip] = to === undefined ? [] : addressesOf(to)
  if (to === undefined || ip === undefined) return []
  const others = sources.filter((pod) => keyOf(pod) !== keyOf(to))
  const allowed = (port: number): Pod[] =>
    others.filter(
      (from) => letsIn(policy, { from, to, port }, world) && mayConnect({ from, to, port }, world),
    )
  const refused = (port: number): Pod[] => others.filter((from) => !mayConnect({ from, to, port }, world))
  const listed = portsFor(policy, to)
  const tried = listed.flatMap((port) => {
    const letIn = allowed(port).slice(0, 1)
    return [...letIn, ...near(refused(port), letIn)].map((from) => ({ from, to, ip, port }))
  })
  const [first] = listed.flatMap((port) => allowed(port).slice(0, 1))
  const unlisted = [...containerPorts(to).flatMap(tcp), QUIET_PORT].filter((port) => !listed.includes(port))
  const kept = (first === undefined ? near(others, []) : [first]).flatMap((from) =>
    unlisted
      .filter((port) => !mayConnect({ from, to, port }, world))
      .slice(0, 1)
      .map((port) => ({ from, to, ip, port })),
  )
  return [...tried, ...kept]
}

/** One who is refused: at best of the namespace of who is let in, so that it lacks nothing but the labels. */
function near(refused: readonly Pod[], letIn: readonly Pod[]): Pod[] {
  const homes = new Set(letIn.map(namespaceOf))
  const one = refused.find((pod) => homes.has(namespaceOf(pod))) ?? refused[0]
  return one === undefined ? [] : [one]
}

/** The TCP ports in a pod that a policy's rules name, or, where one names none, those that its containers name. */
export function portsFor(policy: NetworkPolicy, pod: Pod): number[] {
  const { ports, all } = ingressPorts(policy)
  const named = ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const numbers = named.flatMap((port) => portNumbers(port, pod))
  return [...new Set([...numbers, ...(all ? containerPorts(pod).flatMap(tcp) : [])])].slice(0, PORTS)
}

function tcp({ number, protocol }: { readonly number: number; readonly protocol: string }): number[] {
  return protocol === 'TCP' ? [number] : []
}

/** Policies say nothing of pods on the host's network: their traffic is the node's. */
export function canBeTarget(pod: Pod): boolean {
  return isReady(pod) && pod.spec?.hostNetwork !== true && addressesOf(pod).length > 0
}

/** Ready it need not be, for something to run in it. */
function canBeSource(pod: Pod): boolean {
  const { spec, status, metadata } = pod
  const runs = status?.phase === 'Running' && metadata?.deletionTimestamp === undefined
  return runs && spec?.hostNetwork !== true && addressesOf(pod).length > 0
}

function imageOf({ spec }: Pod): string | undefined {
  return spec?.containers[0]?.image
}

function readyFirst(a: Pod, b: Pod): number {
  return Number(isReady(b)) - Number(isReady(a))
}

function byKey(a: Pod, b: Pod): number {
  return keyOf(a) < keyOf(b) ? -1 : 1
}

function valueOf<T>(
  part: { readonly value: readonly T[] } | { readonly error: string } | undefined,
): readonly T[] {
  return part === undefined || 'error' in part ? [] : part.value
}
