import { isSelecting, keyOf, namespaceOf, readyEndpoints, allSlicesOf, wantsVip } from './declared.js'
import type { EndpointSlice, Service } from './declared.js'
import type { ApiObservations } from './observations.js'
import { hasEnded, isReady, podsSelected } from './pods.js'
import type { Pod } from './pods.js'
import type { ReachAttempt } from './reach.js'

/** The TCP ports of the virtual IP that a declared service has on the cluster; none where it has none. */
export function vipSockets(service: Service, api: Pick<ApiObservations, 'services'>): ReachAttempt[] {
  if (!wantsVip(service) || 'error' in api.services) return []
  const live = api.services.value.find((each) => keyOf(each) === keyOf(service))
  const host = live?.spec?.clusterIP ?? 'None'
  if (host === 'None' || host === '') return []
  return (live?.spec?.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ port }) => ({ host, port }))
}

/** How many pods, or declared endpoints, a service has to lead to; not-ready ones count where it publishes them. */
export function readyBehind(
  service: Service,
  { pods, slices }: { readonly pods: readonly Pod[]; readonly slices: readonly EndpointSlice[] },
): number {
  if (!isSelecting(service)) return readyEndpoints(allSlicesOf(service, slices)).length
  const published = service.spec?.publishNotReadyAddresses === true
  return podsSelected(pods, namespaceOf(service), service.spec?.selector).filter((pod) =>
    published ? !hasEnded(pod) : isReady(pod),
  ).length
}
