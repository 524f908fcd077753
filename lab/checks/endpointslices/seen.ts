import { allSlicesOf, endpointsIn, namespaceOf, nameOf } from '../../observe/model/declared.js'
import type { EndpointSlice, Service } from '../../observe/model/declared.js'
import { familyOf, hasEnded, podsSelected } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { Unobserved, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { liveService } from '../live.js'
import { compare } from '../outcome.js'

/** One address in a slice. */
export interface Address {
  readonly ip: string
  readonly slice: EndpointSlice
  readonly endpoint: EndpointSlice['endpoints'][number]
}

/** An address that is a pod's. */
export interface PodAddress extends Address {
  readonly pod: Pod
}

/** The slices that the cluster has for a service, of every address family. */
export function liveSlices(service: Service, { observations, read }: Context): EndpointSlice[] {
  return allSlicesOf(service, read(observations.api.endpointSlices))
}

export function addressesIn(slices: readonly EndpointSlice[]): Address[] {
  return slices.flatMap((slice) =>
    endpointsIn([slice]).flatMap((endpoint) =>
      endpoint.addresses.map((ip: string) => ({ ip, slice, endpoint })),
    ),
  )
}

/**
 * The pods that the control plane has to put into the slices of a service, ready or not: those that its selector
 * on the cluster selects, that have an address, and whose containers have not ended for good.
 */
export function slicePods(service: Service, context: Context): Pod[] {
  const { selector } = liveService(service, context).spec ?? {}
  const pods = podsSelected(context.read(context.observations.api.pods), namespaceOf(service), selector)
  return pods.filter((pod) => !hasEnded(pod) && ipsOfPod(pod).length > 0)
}

export function ipsOfPod({ status }: Pod): string[] {
  return (status?.podIPs ?? []).map(({ ip }) => ip)
}

/** The addresses in the slices that are those of pods the service selects. Others are `endpointslices.orphans`' to tell. */
export function podAddresses(service: Service, context: Context): PodAddress[] {
  const pods = slicePods(service, context)
  return addressesIn(liveSlices(service, context)).flatMap((address) => {
    // Pods in the node's network share its address: then the endpoint says which one it means.
    const those = pods.filter((pod) => ipsOfPod(pod).includes(address.ip))
    const pod = those.find((one) => nameOf(one) === address.endpoint.targetRef?.name) ?? those[0]
    return pod === undefined ? [] : [{ ...address, pod }]
  })
}

/** Compares what the endpoints of a service say with what their pods are. */
export function compareEndpoints(
  service: Service,
  context: Context,
  expected: (address: PodAddress) => unknown,
  observed: (address: PodAddress) => unknown,
): Outcome {
  const addresses = podAddresses(service, context)
  if (addresses.length === 0) return nothingToLookAt(service, context)
  const wanted: Record<string, unknown> = {}
  const seen: Record<string, unknown> = {}
  for (const address of addresses) {
    const name = `${nameOf(address.pod)} ${address.ip}`
    // An address that stands in two slices is looked at in both.
    const key = name in seen ? `${name} in ${nameOf(address.slice)}` : name
    wanted[key] = expected(address)
    seen[key] = observed(address)
  }
  return compare(wanted, seen, { source: source(service) })
}

/** There is no endpoint of a pod: that is right where there is no pod. */
export function nothingToLookAt(service: Service, context: Context): Outcome {
  const pods = slicePods(service, context)
  if (pods.length === 0) return skipped('the service selects no pod that has an address')
  throw new Unobserved('there is no endpoint of its pods to look at (see endpointslices.addresses)')
}

/** How many addresses pods have, of some families. */
export function countOf(pods: readonly Pod[], families: readonly string[]): number {
  return pods.flatMap(ipsOfPod).filter((ip) => families.includes(familyOf(ip))).length
}

export function source(service: Service): string {
  const label = `kubernetes.io/service-name=${nameOf(service)}`
  return `kubectl get endpointslices -n ${namespaceOf(service)} -l ${label} -o yaml; kubectl get pods -o wide`
}
