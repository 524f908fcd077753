import { isSelecting, keyOf, nameOf, namespaceOf } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { podsSelected } from '../../observe/model/pods.js'
import { directionsOf, mayConnect } from '../../observe/model/policies.js'
import { CHANCE, chanceToMiss, chanceToStay } from '../../observe/model/traffic.js'
import type { TrafficSeen } from '../../observe/model/traffic.js'
import type { ReachSeen } from '../../observe/model/reach.js'
import { readyBehind } from '../../observe/model/vips.js'
import { Unobserved, defineCheck, inconclusive, skipped } from '../check.js'
import type { Context, Outcome, Scope, World } from '../check.js'
import { liveService } from '../live.js'
import { compare, compareOnNodes } from '../outcome.js'
import { eachWithVip } from '../scopes.js'
import { servedOtherwise, vipPorts } from './leads-to.js'
import type { VipPort } from './leads-to.js'
import { noProxy, recorded } from './node-rules.js'

const refused = defineCheck({
  id: 'kube-proxy.refused',
  title:
    'a connection to a virtual IP without ready pods is refused on every node, instead of left without an answer',
  answers: 'Kubernetes: Virtual IPs and Service Proxies',
  needs: ['reach', 'api.services', 'api.pods'],
  hint: 'timeout: the node has no rule that refuses (kube-proxy.clusterip-rule), or something drops the packets before it. open: something answers there, so the rule leads to pods that are not ready.',
  of: those((service, world) => behind(service, world) === 0),
  judge: (service, context) => {
    const other = noProxy(context) ?? servedOtherwise(liveService(service, context))
    if (other !== undefined) return other
    const ports = vipPorts(service, context).filter(
      ({ protocol, address }) => protocol === 'tcp' && first(service, context) === address,
    )
    if (ports.length === 0) return skipped('the service has no TCP port')
    const { reach = {} } = recorded(context.observations)
    const named = ({ address, port }: VipPort): string => `${address} port ${port}`
    const expected = Object.fromEntries(ports.map((port) => [named(port), 'refused']))
    const triedOn = (node: string): boolean => {
      const part = reach[node]
      const isOne = (each: ReachSeen): boolean => ports.some((port) => isTo(port, each))
      return part === undefined || 'error' in part || part.value.some(isOne)
    }
    const nodes = context.lab.nodes.filter(triedOn)
    if (nodes.length === 0 && Object.values(reach).some((part) => 'value' in part && part.value.length > 0))
      return skipped(
        'there are many such services, and a node refuses few connections at once: others were tried',
      )
    const tried = nodes.length === 0 ? context : { ...context, lab: { ...context.lab, nodes } }
    return compareOnNodes(tried, reach, expected, (seen) =>
      Object.fromEntries(
        ports.map((port) => {
          const tried = seen.find((each) => isTo(port, each))
          if (tried === undefined) throw new Unobserved(`no connection to ${named(port)} was tried`)
          if (tried.outcome === 'timeout') mustNotBeIsolated(context)
          return [named(port), tried.outcome]
        }),
      ),
    )
  },
})

function isTo({ address, port }: VipPort, seen: ReachSeen): boolean {
  return seen.host === address && seen.port === port
}

const everyBackend = defineCheck({
  id: 'kube-proxy.every-backend',
  title: 'connections to the virtual IP go to every ready pod, and to nothing else',
  answers: '001 exercise 6.1; Kubernetes: Virtual IPs and Service Proxies',
  needs: ['traffic', 'api.services', 'api.pods'],
  hint: 'A pod that gets nothing: the rules do not lead to it (kube-proxy.endpoints). A connection that is not open: the pod does not listen on the target port, or the way to its node is broken.',
  of: those((service, world) => behind(service, world) !== 0 && !isSticky(service)),
  judge: (service, context) =>
    judgeTraffic(service, context, (seen, backends) => {
      const reached = Object.keys(seen.reached).sort()
      const missed = backends.filter((backend) => !reached.includes(backend))
      const count = connectionsSeen(seen)
      if (missed.length > 0 && missed.length + reached.length === backends.length) {
        const chance = chanceToMiss(backends.length, count)
        if (chance >= CHANCE) {
          throw new Unobserved(
            `${count} connections did not reach ${missed.join(', ')}, which happens by chance in ${percent(chance)} of all cases`,
          )
        }
      }
      return compare(backends, reached)
    }),
})

const pinned = defineCheck({
  id: 'kube-proxy.affinity.pinned',
  title: 'all connections of one client to the virtual IP go to the same pod',
  answers: 'Kubernetes: Virtual IPs and Service Proxies, session affinity',
  needs: ['traffic', 'api.services', 'api.pods'],
  hint: 'The service has no session affinity on the cluster (kube-proxy.affinity.rule), or something between changes the address of the client.',
  of: those((service, world) => behind(service, world) !== 0 && isSticky(service)),
  judge: (service, context) =>
    judgeTraffic(service, context, (seen, backends) => {
      if (backends.length === 1)
        return skipped('only one pod of it is ready, to which all connections go anyway')
      const count = connectionsSeen(seen)
      const strangers = Object.keys(seen.reached).filter((backend) => !backends.includes(backend))
      const chance = chanceToStay(backends.length, count)
      const pods = Object.keys(seen.reached).length
      if (pods === 1 && chance >= CHANCE) {
        throw new Unobserved(
          `${count} connections to the same pod happen by chance in ${percent(chance)} of all cases`,
        )
      }
      return {
        ...compare({ pods: 1, strangers: [] }, { pods, strangers }),
        observed: seen.reached,
        expected: `one of ${backends.join(', ')}`,
      }
    }),
})

export const trafficChecks = [refused, everyBackend, pinned]

/** Judges where connections went, once it is sure that they went somewhere. */
function judgeTraffic(
  service: Service,
  context: Context,
  judge: (seen: TrafficSeen, backends: readonly string[]) => Outcome,
): Outcome {
  const live = liveService(service, context)
  const other = noProxy(context) ?? servedOtherwise(live)
  if (other !== undefined) return other
  if (context.lab.topology === undefined)
    return skipped('connections only to see where they go are made in a lab, not on clusters of others')
  const tcp = vipPorts(service, context).filter(({ protocol }) => protocol === 'tcp')
  if (tcp.length === 0) return skipped('the service has no TCP port')
  const { traffic = {} } = recorded(context.observations)
  const seen = context.read(traffic[keyOf(service)])
  const port = tcp.find((each) => each.address === seen.vip && each.port === seen.port)
  if (port === undefined)
    throw new Unobserved(
      `the connections went to ${seen.vip} port ${seen.port}, which is not of the service any more`,
    )
  const source = `${seen.made} connections from pod ${seen.from} to ${seen.vip} port ${seen.port}, then conntrack -L -p tcp -d ${seen.vip} on ${seen.node}`
  if (seen.outcome !== 'open') return { ...notOpen(service, context, seen, port), source }
  if (connectionsSeen(seen) === 0)
    throw new Unobserved(`the connection table of ${seen.node} shows none of ${seen.made} connections`)
  return { ...judge(seen, port.backends), source }
}

/** A connection that failed: where a policy keeps the probe out of some pod, nothing can be said. */
function notOpen(service: Service, context: Context, seen: TrafficSeen, port: VipPort): Outcome {
  const { api } = context.observations
  const pods = context.read(api.pods)
  const policies = context.read(api.networkPolicies)
  const namespaces = new Map(
    ('error' in api.namespaces ? [] : api.namespaces.value).map((each) => [
      nameOf(each),
      each.metadata?.labels ?? {},
    ]),
  )
  const from = pods.find((pod) => `${namespaceOf(pod)}/${nameOf(pod)}` === seen.from)
  const to = podsSelected(pods, namespaceOf(service), service.spec?.selector)
  const shut =
    from === undefined
      ? []
      : to.filter(
          (pod) =>
            !numbersOf(port).every((number) =>
              mayConnect({ from, to: pod, port: number }, { policies, namespaces }),
            ),
        )
  if (shut.length > 0)
    return inconclusive(`NetworkPolicies keep the probe ${seen.from} out of ${shut.map(nameOf).join(', ')}`)
  return compare(
    { connections: 'open' },
    {
      connections: seen.outcome,
      ...(seen.unanswered.length === 0 ? {} : { 'not answered by': seen.unanswered }),
      'open before': seen.made,
    },
  )
}

/** The ports of pods that a port leads to. */
function numbersOf({ backends }: VipPort): number[] {
  return [...new Set(backends.map((backend) => Number(backend.slice(backend.lastIndexOf(':') + 1))))]
}

/** A policy for what goes out of the probes' namespace may be what drops the packets. */
function mustNotBeIsolated(context: Context): void {
  const { api, probeNamespace } = context.observations
  const policies = context.read(api.networkPolicies)
  const isolating = policies.find(
    (policy) => namespaceOf(policy) === probeNamespace && directionsOf(policy).includes('Egress'),
  )
  if (isolating !== undefined)
    throw new Unobserved(`NetworkPolicy ${keyOf(isolating)} may keep the connections of the probe in`)
}

function connectionsSeen({ reached }: TrafficSeen): number {
  return Object.values(reached).reduce((sum, count) => sum + count, 0)
}

function isSticky({ spec }: Service): boolean {
  return spec?.sessionAffinity === 'ClientIP'
}

/** The address that is connected to: of the family that the service prefers. */
function first(service: Service, context: Context): string | undefined {
  return liveService(service, context).spec?.clusterIP
}

/** How many ready pods are behind a service; `undefined` where the pods are not known, so that all are judged. */
function behind(service: Service, { declared, observations }: World): number | undefined {
  const { pods } = observations.api
  // What stands behind a service without a selector is declared.
  if ('error' in pods && isSelecting(service)) return undefined
  const seen = 'error' in pods ? [] : pods.value
  return readyBehind(service, { pods: seen, slices: declared.endpointSlices })
}

function those(fits: (service: Service, world: World) => boolean): Scope<Service> {
  return {
    ...eachWithVip,
    items: (world) => eachWithVip.items(world).filter((service) => fits(service, world)),
  }
}

function percent(chance: number): string {
  return `${(chance * 100).toPrecision(1)} %`
}
