import type { V1Endpoint, V1EndpointSlice } from '@kubernetes/client-node'
import type { ServiceDns } from '../../constructs/dns.js'
import { keyOf, nameOf, namespaceOf } from '../observe/model/declared.js'
import type { Service, Workload } from '../observe/model/declared.js'
import type { Plain } from '../observe/model/plain.js'
import { ipv4Of, isLive, isReady, podsSelected } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { dnsOf } from '../observe/model/questions.js'
import type { LabFacts } from '../observe/model/lab.js'
import { Unobserved } from './check.js'
import type { Context } from './check.js'

/** The declared object as the cluster has it; undefined when it has none. */
export function liveOf<T extends { readonly metadata?: Plain<{ name?: string; namespace?: string }> }>(
  declared: T,
  seen: readonly T[],
): T | undefined {
  return seen.find((object) => keyOf(object) === keyOf(declared))
}

/** The service as the cluster has it. Without it nothing can be said of it: its absence is `services.exists`' to tell. */
export function liveService(service: Service, context: Context): Service {
  const live = liveOf(service, context.read(context.observations.api.services))
  if (live === undefined)
    throw new Unobserved(`service ${keyOf(service)} is not on the cluster (see services.exists)`)
  return live
}

/** The pods of a workload that have not ended. */
export function podsOf(workload: Workload, context: Context): Pod[] {
  const pods = context.read(context.observations.api.pods)
  return podsSelected(pods, namespaceOf(workload), workload.spec?.selector.matchLabels).filter(isLive)
}

/**
 * The pods a service has to lead to, from the pods themselves: those its declared selector selects and that
 * are ready, or all that have an address where it publishes these too.
 */
export function backends(service: Service, context: Context): Pod[] {
  const pods = podsSelected(
    context.read(context.observations.api.pods),
    namespaceOf(service),
    service.spec?.selector,
  )
  const wanted = service.spec?.publishNotReadyAddresses === true ? isLive : isReady
  return pods.filter((pod) => wanted(pod) && ipv4Of(pod) !== undefined)
}

/** The name a pod has under a headless service: its host name's, or else its address's. */
export function nameUnder(service: Service, pod: Pod, lab: LabFacts): string {
  const dns: ServiceDns = dnsOf(service, lab)
  const { hostname, subdomain } = pod.spec ?? {}
  const named = hostname !== undefined && subdomain === nameOf(service)
  return (named ? dns.pod(hostname) : dns.podByAddress(ipv4Of(pod) ?? '')).fqdn
}

/** The IPv4 endpoints of a service, over all its slices. */
export function endpointsOf(service: Service, context: Context): Plain<V1Endpoint>[] {
  const slices: readonly Plain<V1EndpointSlice>[] = context.read(context.observations.api.endpointSlices)
  return (
    slices
      .filter(
        (slice) =>
          namespaceOf(slice) === namespaceOf(service) &&
          slice.metadata?.labels?.['kubernetes.io/service-name'] === nameOf(service) &&
          slice.addressType === 'IPv4',
      )
      // A slice without endpoints has null there, whatever the client's type says.
      .flatMap(({ endpoints }) => (endpoints as readonly Plain<V1Endpoint>[] | null) ?? [])
  )
}
