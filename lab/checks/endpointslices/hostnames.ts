import { endpointsIn, governedBy, nameOf, selectedBy, templateOf } from '../../observe/model/declared.js'
import type { Deployment, Service, Workload } from '../../observe/model/declared.js'
import { backendPods } from '../backends.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { podsOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachGoverning, eachHeadlessDeployment } from '../scopes.js'
import { liveSlices, source } from './seen.js'

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
  hint: 'Its pods do have hostname and subdomain, or the slice was edited by hand: then they have names in DNS.',
  of: eachHeadlessDeployment,
  judge: (service, context) => {
    const deployments = selectedBy(service, context.declared.deployments)
    const unnamed = deployments.filter((deployment) => !givesName(deployment, service))
    if (unnamed.length === 0) return skipped('the pod template gives its pods a host name under the service')
    const pods = podNames(unnamed, service, context)
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

export const hostnameChecks = [hostnamePresent, hostnameAbsent]

/** Whether pods of a Deployment are asked to have a name under the service. */
function givesName(deployment: Deployment, service: Service): boolean {
  const { hostname, subdomain } = templateOf(deployment)?.spec ?? {}
  return hostname !== undefined && subdomain === nameOf(service)
}

/** Names of the pods of workloads that the service leads to. */
function podNames(workloads: readonly Workload[], service: Service, context: Context): string[] {
  const leadsTo = new Set(backendPods(service, context).map(nameOf))
  return workloads
    .flatMap((workload) => podsOf(workload, context))
    .map(nameOf)
    .filter((name) => leadsTo.has(name))
    .sort()
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
