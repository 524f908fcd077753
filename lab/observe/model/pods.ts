import type { V1Pod } from '@kubernetes/client-node'
import { namespaceOf, selects } from './declared.js'
import type { Labels } from './declared.js'
import type { Plain } from './plain.js'

export type Pod = Plain<V1Pod>

/** Whether the pod counts as ready for a service: Ready, and not on its way out. */
export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return ready === true && pod.metadata?.deletionTimestamp === undefined
}

/** Whether the pod is running or about to, so that it can have an address. */
export function isLive(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata?.deletionTimestamp === undefined
}

/** Whether all containers of the pod have ended for good. One that is being deleted has not, until it is gone. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

export function podsSelected(pods: readonly Pod[], namespace: string, selector: Labels | undefined): Pod[] {
  return pods.filter((pod) => namespaceOf(pod) === namespace && selects(selector, pod.metadata?.labels))
}

/** The pod's IPv4 address. */
export function ipv4Of(pod: Pod): string | undefined {
  return pod.status?.podIPs?.map(({ ip }) => ip).find((ip) => !ip.includes(':'))
}

export function ipv4sOf(pods: readonly Pod[]): string[] {
  return pods.flatMap((pod) => ipv4Of(pod) ?? []).sort()
}
