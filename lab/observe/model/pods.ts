import type { V1LabelSelector, V1Pod, V1PodSpec } from '@kubernetes/client-node'
import { fits, nameOf, namespaceOf, selects } from './declared.js'
import type { IpFamilyName, Labels, Workload } from './declared.js'
import type { Plain } from './plain.js'

export type Pod = Plain<V1Pod>

/** Whether the pod counts as ready for a service: Ready, and not on its way out. */
export function isReady(pod: Pod): boolean {
  return saysReady(pod) && pod.metadata?.deletionTimestamp === undefined
}

/** Whether the pod is Ready, also one on its way out. */
export function saysReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
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

/** The pod's addresses of a family. */
export function ipsOf(pod: Pod, family: IpFamilyName): string[] {
  return (pod.status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => familyOf(ip) === family)
}

export function familyOf(ip: string): IpFamilyName {
  return ip.includes(':') ? 'IPv6' : 'IPv4'
}

/** The pods that are a workload's: those its selector fits, without those that another one made. */
export function podsOfWorkload(pods: readonly Pod[], workload: Workload): Pod[] {
  const selector: Plain<V1LabelSelector> | undefined = workload.spec?.selector
  return pods.filter(
    (pod) =>
      namespaceOf(pod) === namespaceOf(workload) &&
      fits(selector, pod.metadata?.labels) &&
      mayBeOf(pod, workload),
  )
}

/** Two workloads with the same labels still have pods of their own. A pod that nothing made may be anyone's. */
function mayBeOf(pod: Pod, workload: Workload): boolean {
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined || workload.kind === undefined) return true
  if (workload.kind !== 'Deployment') return owner.kind === workload.kind && owner.name === nameOf(workload)
  // Between a Deployment and its pods stands a ReplicaSet, with the name of the one and the hash of the others.
  const hash = pod.metadata?.labels?.['pod-template-hash']
  return owner.kind === 'ReplicaSet' && (hash === undefined || owner.name === `${nameOf(workload)}-${hash}`)
}

/** Whether the pod is there to be never Ready, as those of the lab's fixtures. */
export function isHealthIgnored({ metadata }: Pod): boolean {
  return metadata?.labels?.['headless-lab.dev/health'] === 'ignored'
}

/**
 * The number of a container port by its name, as the control plane looks it up for a target port. Of the init
 * containers only those that keep running count.
 */
export function portNumber(
  spec: Plain<V1PodSpec> | undefined,
  name: string,
  protocol: string,
): number | undefined {
  return namedPorts(spec).find((port) => port.name === name && port.protocol === protocol)?.number
}

/** The ports of containers that have names. */
export function namedPorts(
  spec: Plain<V1PodSpec> | undefined,
): { name: string; number: number; protocol: string }[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ name, containerPort, protocol = 'TCP' }) =>
      name === undefined ? [] : [{ name, number: containerPort, protocol }],
    )
}
