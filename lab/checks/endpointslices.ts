import {
  endpointsIn,
  governedBy,
  isSelecting,
  namespaceOf,
  readyEndpoints,
  selectedBy,
  slicesOf,
} from '../observe/model/declared.js'
import type { EndpointSlice, Service, Workload } from '../observe/model/declared.js'
import { addressesOf, backendPods, backends } from './backends.js'
import { Unobserved, defineCheck } from './check.js'
import type { Context } from './check.js'
import { podsOf } from './live.js'
import { compare } from './outcome.js'
import { eachGoverning, eachHeadlessDeployment, eachService } from './scopes.js'

const NO_SELECTOR =
  'The service has no selector: what stands behind it is not running, or has moved to another address. See docker ps --all, then run deploy, which writes where it is now.'

const sliceAddresses = defineCheck({
  id: 'endpointslices.addresses',
  title: 'the ready addresses of the slices are exactly those of the ready pods or declared endpoints',
  answers: '001 exercise 4',
  needs: ['api.endpointslices', 'api.pods'],
  hint: 'Nothing in them: the selector fits no pod, or no pod is Ready. Too many: a slice was written by hand or its controller stands still.',
  of: eachService,
  judge: (service, context) => {
    const ready = readyEndpoints(liveSlices(service, context))
    const observed = ready.flatMap(({ addresses }) => addresses).sort()
    return compare(addressesOf(backends(service, context)), observed, {
      source: source(service),
      ...(isSelecting(service) ? {} : { hint: NO_SELECTOR }),
    })
  },
})

const hostnamePresent = defineCheck({
  id: 'endpointslices.hostname.present',
  title: 'the endpoint of each StatefulSet pod carries its host name',
  answers: '001 exercise 4',
  needs: ['api.endpointslices', 'api.pods'],
  hint: "The StatefulSet's serviceName must be this service; host names come from there, and DNS makes the pods' names of them.",
  of: eachGoverning,
  judge: (service, context) => {
    const pods = podNames(governedBy(service, context.declared), service, context)
    if (pods.length === 0) throw new Unobserved('there is no ready pod whose endpoint could carry one')
    const expected = Object.fromEntries(pods.map((name) => [name, name]))
    return compare(expected, hostnames(service, pods, context), { source: source(service) })
  },
})

const hostnameAbsent = defineCheck({
  id: 'endpointslices.hostname.absent',
  title: 'the endpoints of Deployment pods carry no host name',
  answers: '001 exercise 4',
  needs: ['api.endpointslices', 'api.pods'],
  hint: 'The pod template sets hostname and subdomain: then its pods do have names in DNS.',
  of: eachHeadlessDeployment,
  judge: (service, context) => {
    const pods = podNames(selectedBy(service, context.declared.deployments), service, context)
    const seen = hostnames(service, pods, context)
    // An endpoint that is not there carries no host name either; that proves nothing.
    const absent = pods.filter((name) => seen[name] === 'no endpoint')
    if (pods.length === 0 || absent.length > 0) {
      throw new Unobserved(
        `not every pod has an endpoint to look at (${absent.join(', ') || 'no ready pod'})`,
      )
    }
    return compare(Object.fromEntries(pods.map((name) => [name, null])), seen, { source: source(service) })
  },
})

export const endpointSliceChecks = [sliceAddresses, hostnamePresent, hostnameAbsent]

/** Names of the pods of workloads that the service leads to. */
function podNames(workloads: readonly Workload[], service: Service, context: Context): string[] {
  const leadsTo = new Set(backendPods(service, context).map(({ metadata }) => metadata?.name ?? ''))
  return workloads
    .flatMap((workload) => podsOf(workload, context))
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => leadsTo.has(name))
    .sort()
}

/** The slices that the cluster has for a service. */
function liveSlices(service: Service, { observations, read }: Context): EndpointSlice[] {
  return slicesOf(service, read(observations.api.endpointSlices))
}

/** The host name in each pod's endpoint: null when the endpoint has none. */
function hostnames(
  service: Service,
  pods: readonly string[],
  context: Context,
): Record<string, string | null> {
  const endpoints = new Map(
    endpointsIn(liveSlices(service, context)).map((endpoint) => [endpoint.targetRef?.name, endpoint]),
  )
  return Object.fromEntries(
    pods.map((name) => {
      const endpoint = endpoints.get(name)
      return [name, endpoint === undefined ? 'no endpoint' : (endpoint.hostname ?? null)]
    }),
  )
}

function source(service: Service): string {
  const label = `kubernetes.io/service-name=${service.metadata?.name ?? ''}`
  return `kubectl get endpointslices -n ${namespaceOf(service)} -l ${label} -o yaml; kubectl get pods -o wide`
}
