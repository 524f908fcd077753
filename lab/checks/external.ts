import {
  endpointsIn,
  isHeadless,
  nameOf,
  namespaceOf,
  readyEndpoints,
  slicesOf,
} from '../observe/model/declared.js'
import { externalTargets, inside } from '../observe/model/external.js'
import type { ExternalTarget } from '../observe/model/external.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Scope } from './check.js'
import { liveService } from './live.js'
import { compare, compareOnNodes } from './outcome.js'

const eachExternal: Scope<ExternalTarget> = {
  items: ({ declared, lab }) => externalTargets(declared, lab),
  subject: ({ service }) => ({ kind: 'Service', namespace: namespaceOf(service), name: nameOf(service) }),
}

const reachable = defineCheck({
  id: 'external.reachable',
  title: 'on every node the name of the service leads to what the slices say, and it answers there',
  answers: '003 Selectorless headless service',
  needs: ['external', 'api.services'],
  hint: 'Nobody listens at that address, or the way out of the cluster is cut: try it from a node. Another address answered: the slices are not the declared ones (endpointslices.addresses).',
  of: eachExternal,
  judge: (target, context) => {
    const { service, ports, key, fqdn, reserved } = target
    if (reserved)
      return skipped(
        'its addresses are for documentation and benchmarks (RFC 5737, RFC 2544), where nobody answers',
      )
    if (ports.length === 0) return skipped('it has no TCP port')
    const addresses = isHeadless(service) ? target.addresses : [virtualIp(target, context)]
    const expected = addresses.flatMap((address) => ports.map(({ port }) => `${address}:${port} answers`))
    return compareOnNodes(
      context,
      context.read(context.observations.external[key]),
      [...new Set(expected)].sort(),
      (seen) =>
        seen
          .map(({ address, port, answered }) => `${address}:${port} ${answered ? 'answers' : 'is silent'}`)
          .sort(),
      { source: `pg_isready (Postgres) or nc -z, to each address of ${fqdn}, in a probe pod of each node` },
    )
  },
})

const outside = defineCheck({
  id: 'external.address.outside',
  title: 'the addresses of the service are outside of the ranges that pods get theirs from',
  answers: '003 Selectorless headless service (corrected: its address lies in the pods’ range of 001)',
  needs: ['api.endpointslices', 'api.nodes', 'api.pods'],
  hint: 'What is sent to such an address goes to a pod, or nowhere, and never leaves the cluster.',
  of: eachExternal,
  judge: (target, context) => {
    const ranges = podRanges(context)
    const ofPods = new Set(
      context
        .read(context.observations.api.pods)
        .filter(({ spec }) => spec?.hostNetwork !== true)
        .flatMap(({ status }) => status?.podIPs?.map(({ ip }) => ip) ?? []),
    )
    if (ranges.length === 0 && ofPods.size === 0) throw new Unobserved('the ranges of the pods are not known')
    const addresses = liveAddresses(target, context)
    if (addresses.length === 0) throw new Unobserved('its slices have no address (endpointslices.addresses)')
    const taken = addresses.flatMap((address) => {
      const range = inside(address, ranges)
      if (range !== undefined) return [[address, range]]
      return ofPods.has(address) ? [[address, 'a pod has it']] : []
    })
    return compare({}, Object.fromEntries(taken), { source: 'EndpointSlices, against the ranges of pods' })
  },
})

const noPod = defineCheck({
  id: 'external.endpoints.no-pod',
  title: 'no endpoint of the service is said to be a pod or to be on a node',
  answers: '003 Selectorless headless service',
  needs: ['api.endpointslices'],
  hint: 'A controller wrote a slice of its own for this service: it has a selector on the cluster (services.selector).',
  of: eachExternal,
  judge: (target, context) => {
    const endpoints = endpointsIn(liveSlices(target, context))
    if (endpoints.length === 0) throw new Unobserved('its slices have no endpoint (endpointslices.addresses)')
    const bound = endpoints.flatMap(({ addresses, targetRef, nodeName }) =>
      targetRef === undefined && nodeName === undefined
        ? []
        : [
            [
              addresses.join(),
              targetRef === undefined
                ? `on ${nodeName ?? ''}`
                : `${targetRef.kind ?? ''} ${targetRef.name ?? ''}`,
            ],
          ],
    )
    return compare({}, Object.fromEntries(bound))
  },
})

export const externalChecks = [reachable, outside, noPod]

function liveSlices(
  { service }: ExternalTarget,
  { observations, read }: Context,
): ReturnType<typeof slicesOf> {
  return slicesOf(service, read(observations.api.endpointSlices))
}

function liveAddresses(target: ExternalTarget, context: Context): string[] {
  return readyEndpoints(liveSlices(target, context)).flatMap(({ addresses }) => addresses)
}

function virtualIp({ service }: ExternalTarget, context: Context): string {
  const vip = liveService(service, context).spec?.clusterIP
  if (vip === undefined) throw new Unobserved('the service has no virtual IP (services.type)')
  return vip
}

/** What pods get their addresses from: the lab's pools, and the ranges that the nodes were given. */
function podRanges({ lab, observations, read }: Context): string[] {
  const pools = lab.topology?.pools.map(({ cidr }) => cidr) ?? []
  const nodes = read(observations.api.nodes).flatMap(({ spec }) => spec?.podCIDRs ?? [])
  return [...pools, ...nodes]
}
