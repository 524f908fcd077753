import { isSelecting, keyOf, nameOf, namespaceOf } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { containerPorts, directionsOf, policiesFor } from '../../observe/model/policies.js'
import { familyOf, portNumber } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import type { ReachSeen } from '../../observe/model/reach.js'
import { readyBehind, vipSockets } from '../../observe/model/vips.js'
import { backendPods } from '../backends.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context, Scope, World } from '../check.js'
import { servedOtherwise } from '../kube-proxy/leads-to.js'
import { recorded } from '../kube-proxy/node-rules.js'
import { liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachWithVip } from '../scopes.js'

/** Where there is no lab: in one kube-proxy.every-backend sees the same, and more. */
const eachToAnswer: Scope<Service> = {
  ...eachWithVip,
  items: (world) =>
    world.lab.topology === undefined
      ? eachWithVip.items(world).filter((service) => isSelecting(service) && mayAnswer(service, world))
      : [],
}

export const answersCheck = defineCheck({
  id: 'services.answers',
  title: 'a connection to each TCP port of the virtual IP is accepted',
  answers: '000 Regular Service (corrected)',
  needs: ['reach', 'api.services', 'api.pods', 'api.networkpolicies'],
  hint: 'refused: no container of the pods listens on the target port. timeout: something between the probe and the pods drops the packets.',
  of: eachToAnswer,
  judge: (service, context) => {
    const live = liveService(service, context)
    const other = servedOtherwise(live)
    if (other !== undefined) return other
    const sockets = vipSockets(service, context.observations.api)
    if (sockets.length === 0) return skipped('the service has no virtual IP with a TCP port')
    const tried = sockets.map(({ host, port }) => ({
      said: `${host} port ${port}`,
      outcome: triedOf(host, port, context).outcome,
    }))
    const outcome = compare(
      Object.fromEntries(tried.map(({ said }) => [said, 'open'])),
      Object.fromEntries(tried.map(({ said, outcome }) => [said, outcome])),
    )
    if (outcome.verdict === 'pass') return outcome
    const pods = backendPods(
      service,
      context,
      sockets.map(({ host }) => familyOf(host)),
    )
    mustNotBeShut(pods, context)
    return { ...outcome, ...likeliest(live, pods) }
  },
})

function mayAnswer(service: Service, { declared, observations }: World): boolean {
  const { pods } = observations.api
  return 'error' in pods || readyBehind(service, { pods: pods.value, slices: declared.endpointSlices }) > 0
}

/** What came of the connection, from whichever node it was tried. */
function triedOf(host: string, port: number, { lab, observations, read }: Context): ReachSeen {
  const { reach = {} } = recorded(observations)
  const parts = lab.nodes.flatMap((node) => reach[node] ?? [])
  for (const part of parts) {
    if ('error' in part) continue
    const seen = part.value.find((each) => each.host === host && each.port === port)
    if (seen === undefined) continue
    read(part)
    return seen
  }
  read(parts.find((part) => 'error' in part))
  throw new Unobserved(`no connection to ${host} port ${port} was tried`)
}

/** A policy that stands between is obeyed: what it keeps out says nothing of the service. */
function mustNotBeShut(pods: readonly Pod[], { observations, read }: Context): void {
  const { api, probeNamespace } = observations
  const policies = read(api.networkPolicies)
  const shutting =
    policies.find(
      (policy) => namespaceOf(policy) === probeNamespace && directionsOf(policy).includes('Egress'),
    ) ?? pods.flatMap((pod) => policiesFor(pod, 'Ingress', policies))[0]
  if (shutting !== undefined)
    throw new Unobserved(`NetworkPolicy ${keyOf(shutting)} may keep the connection of the probe out`)
}

/** Container ports need not be declared; where they are, a target that is none of them is the likeliest cause. */
function likeliest({ spec }: Service, pods: readonly Pod[]): { hint?: string } {
  for (const { port, targetPort = port, protocol = 'TCP' } of spec?.ports ?? []) {
    for (const pod of pods) {
      const target = typeof targetPort === 'number' ? targetPort : portNumber(pod.spec, targetPort, protocol)
      const listens = containerPorts(pod)
        .filter((each) => each.protocol === protocol)
        .map(({ number }) => number)
      if (target === undefined || listens.length === 0 || listens.includes(target)) continue
      return {
        hint: `The service leads to port ${target} of ${nameOf(pod)}, whose containers say that they listen on ${listens.join(', ')}: see the targetPort of the service.`,
      }
    }
  }
  return {}
}
