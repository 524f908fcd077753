import type { V1EndpointSlice } from '@kubernetes/client-node'
import { isIn } from '../../../../lab/observe/model/policies.js'
import type { IpamBlock, Route } from '../../../../lab/observe/model/calico.js'
import type { DnsAnswer, Part } from '../../../../lab/observe/model/observations.js'
import type { Plain } from '../../../../lab/observe/model/plain.js'
import type { Pod } from '../../../../lab/observe/model/pods.js'
import type { TrafficSeen } from '../../../../lab/observe/model/traffic.js'
import { one, remove, seen } from '../recorded.js'
import type { Mutable, World } from '../recorded.js'

export const CONTROL_PLANE = 'headless-services-control-plane'
export const WORKER = 'headless-services-worker'
export const WORKER2 = 'headless-services-worker2'

interface Named {
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

export const keyed =
  (key: string) =>
  ({ metadata }: Named): boolean =>
    `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}` === key

export function specOf(world: World, service: string): object {
  return one(seen(world.observations.api.services), keyed(service)).spec ?? {}
}

export function podOf(world: World, key: string): Mutable<Pod> {
  return one(seen(world.observations.api.pods), keyed(key))
}

/** The pod whose name begins so. */
export function podLike(world: World, start: string, node?: string): Mutable<Pod> {
  return one(
    seen(world.observations.api.pods),
    ({ metadata, spec }) =>
      `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`.startsWith(start) &&
      (node === undefined || spec?.nodeName === node),
  )
}

export function ipOf(pod: Mutable<Pod>): string {
  return pod.status?.podIP ?? ''
}

export function say(pod: Mutable<Pod>, ready: boolean): void {
  one(pod.status?.conditions ?? [], ({ type }) => type === 'Ready').status = ready ? 'True' : 'False'
}

/** The slices of a service. */
export function slicesOf(world: World, key: string): Mutable<Plain<V1EndpointSlice>>[] {
  const [namespace, name] = key.split('/')
  return seen(world.observations.api.endpointSlices).filter(
    ({ metadata }) =>
      metadata?.namespace === namespace && metadata?.labels?.['kubernetes.io/service-name'] === name,
  )
}

export function sliceOf(world: World, key: string): Mutable<Plain<V1EndpointSlice>> {
  return one(slicesOf(world, key), () => true)
}

export function trafficOf(world: World, key: string): Mutable<TrafficSeen> {
  return seen(world.observations.traffic[key] as Part<TrafficSeen>)
}

/** Connections to a virtual IP that came to nothing at one pod. */
export function stall(world: World, key: string, outcome: 'timeout' | 'refused', at: string[]): void {
  Object.assign(trafficOf(world, key), { outcome, unanswered: at })
}

export function routesOf(world: World, node: string): Mutable<Route>[] {
  return seen<readonly Route[]>(world.observations.calico[node]?.routes)
}

/** What Calico keeps of a pod's address, and the node's route to it, go. */
export function release(world: World, ip: string): void {
  for (const node of world.lab.nodes) remove(routesOf(world, node), ({ dst }) => dst === ip)
  for (const { spec } of blocks(world)) {
    if (isIn(ip, spec.cidr)) spec.allocations[indexIn(spec.cidr, ip)] = null
  }
}

/** Another address for a pod, maybe on another node, from Calico's IPAM. */
export function readdress(
  world: World,
  pod: Mutable<Pod>,
  ip: string,
  node = pod.spec?.nodeName ?? '',
): void {
  release(world, ipOf(pod))
  Object.assign(pod.status ?? {}, { podIP: ip, podIPs: [{ ip }] })
  if (pod.spec) pod.spec.nodeName = node
  routesOf(world, node).push({ dst: ip, dev: 'cali0123456789a' })
  const { spec } = one(blocks(world), (block) => isIn(ip, block.spec.cidr))
  const { namespace = '', name = '' } = pod.metadata ?? {}
  spec.attributes.push({ handle_id: 'new', secondary: { namespace, node, pod: name } })
  spec.allocations[indexIn(spec.cidr, ip)] = spec.attributes.length - 1
}

export function removePod(world: World, key: string): void {
  release(world, ipOf(podOf(world, key)))
  remove(seen(world.observations.api.pods), keyed(key))
}

function blocks(world: World): Mutable<IpamBlock>[] {
  return seen(world.observations.api.ipamBlocks) as Mutable<IpamBlock>[]
}

function indexIn(cidr: string, ip: string): number {
  const last = (text: string): number => Number(text.split('/')[0]?.split('.')[3])
  return last(ip) - last(cidr)
}

/** Everything that a node was asked goes without an answer. */
export function timeouts(world: World, nodes: readonly string[] = world.lab.nodes): void {
  for (const node of nodes) {
    for (const answer of seen(world.observations.dns[node] as Part<readonly DnsAnswer[]>)) {
      Object.assign(answer, { status: 'TIMEOUT', records: [] })
      delete (answer as { truncated?: true }).truncated
    }
  }
}

/** The answers on a node, or on all, that fit. */
export function answers(
  world: World,
  fits: (question: DnsAnswer['question']) => boolean,
  change: (answer: Mutable<DnsAnswer>) => void,
  nodes: readonly string[] = world.lab.nodes,
): void {
  for (const node of nodes) {
    for (const answer of seen(world.observations.dns[node] as Part<readonly DnsAnswer[]>)) {
      if (fits(answer.question)) change(answer)
    }
  }
}
