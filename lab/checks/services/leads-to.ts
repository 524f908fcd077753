import {
  allSlicesOf,
  isSelecting,
  namespaceOf,
  nameOf,
  readyEndpoints,
  selectedBy,
  templateOf,
} from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { isHealthIgnored, isLive, namedPorts, podsSelected, portNumber } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachService, eachWithNamedTarget } from '../scopes.js'
import { allWorkloads, said } from './nearest.js'
import { isScaledToNone, podsSaid } from './selector.js'

const targetPort = defineCheck({
  id: 'services.target-port',
  title: 'each target port that is a name is the name of a container port in every pod of the service',
  answers: '001 exercise 2; Kubernetes: Service, port definitions',
  needs: ['api.services', 'api.pods'],
  hint: 'A port whose target no container has is left out of the slices, and leads nowhere.',
  of: eachWithNamedTarget,
  judge: (service, context) => {
    const ports = (liveService(service, context).spec?.ports ?? []).flatMap(
      ({ name, port, protocol = 'TCP', targetPort: target }) =>
        typeof target === 'string' ? [{ said: `${name ?? port} to ${target}`, target, protocol }] : [],
    )
    const pods = podsOrTemplates(service, context)
    if (ports.length === 0) return skipped('its target ports are numbers (see services.ports)')
    if (pods.length === 0) throw new Unobserved('there are no pods of the service (see services.selector)')
    const without = ports.map((port) => ({
      ...port,
      lack: pods.filter(({ spec }) => portNumber(spec, port.target, port.protocol) === undefined),
    }))
    const first = without.find(({ lack }) => lack.length > 0)
    const lacking = first?.lack[0]
    return compare(
      Object.fromEntries(ports.map((port) => [port.said, 'in every pod'])),
      Object.fromEntries(
        without.map(({ said: key, lack }) => [
          key,
          lack.length === 0 ? 'in every pod' : `not in ${lack.map(({ name }) => name).join(', ')}`,
        ]),
      ),
      first === undefined || lacking === undefined
        ? {}
        : {
            hint: `No container of ${lacking.name} has a ${first.protocol} port named ${first.target}; ${portsSaid(lacking.spec)}. The port is left out of the slices, and leads nowhere.`,
          },
    )
  },
})

const endpoints = defineCheck({
  id: 'services.endpoints',
  title: 'the service leads to something that is ready',
  answers: '002 troubleshooting',
  needs: ['api.services', 'api.endpointslices', 'api.pods'],
  hint: 'A service without a selector leads only where somebody writes it an EndpointSlice, with the label kubernetes.io/service-name.',
  of: eachService,
  judge: (service, context) => {
    const { declared, lab, observations, read } = context
    const live = liveService(service, context)
    if (live.spec?.type === 'ExternalName') return skipped('the service is a name for another name')
    const slices = allSlicesOf(service, read(observations.api.endpointSlices))
    const ready = readyEndpoints(slices).some(({ addresses }) => addresses.length > 0)
    const outcome = (hint?: string): ReturnType<typeof compare> =>
      compare(
        { 'ready endpoints': 'at least one' },
        { 'ready endpoints': ready ? 'at least one' : 'none' },
        hint === undefined ? {} : { hint },
      )
    if (!isSelecting(service)) {
      const wanted = allSlicesOf(service, declared.endpointSlices).length > 0
      // A lab may have a service that leads nowhere, to show what becomes of it. Elsewhere somebody forgot it.
      if (!ready && !wanted && lab.topology !== undefined)
        return skipped('nothing is declared to stand behind it')
      return outcome()
    }
    const pods = podsSelected(read(observations.api.pods), namespaceOf(service), live.spec?.selector)
    const current = pods.filter(isLive)
    if (ready) return outcome()
    if (current.length > 0 && current.every(isHealthIgnored))
      return skipped('its pods are there to be never Ready (label headless-lab.dev/health)')
    if (current.length === 0 && isScaledToNone(service, declared))
      return skipped('the workload it selects is declared to have no pods')
    return outcome(whyNone(current))
  },
})

export const leadsToChecks = [targetPort, endpoints]

interface PodLike {
  readonly name: string
  readonly spec: Pod['spec']
}

/** The pods a service selects on the cluster; where there are none yet, what they are declared to be made of. */
function podsOrTemplates(service: Service, context: Context): PodLike[] {
  const live = liveService(service, context)
  const pods = podsSelected(
    context.read(context.observations.api.pods),
    namespaceOf(service),
    live.spec?.selector,
  ).filter(isLive)
  if (pods.length > 0)
    return pods
      .map((pod) => ({ name: nameOf(pod), spec: pod.spec }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  return selectedBy(live, allWorkloads(context.declared)).map((workload) => ({
    name: said(workload).name,
    spec: templateOf(workload)?.spec,
  }))
}

function portsSaid(spec: Pod['spec']): string {
  const ports = namedPorts(spec).map(({ name, number, protocol }) => `${name} (${number}/${protocol})`)
  return ports.length === 0 ? 'none of its ports has a name' : `it has ${ports.join(', ')}`
}

function whyNone(pods: readonly Pod[]): string {
  if (pods.length === 0) return 'It selects no pod: see services.selector.'
  const waits = pods.flatMap(({ status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
      ({ state }) => state?.waiting?.reason ?? [],
    ),
  )
  const why = waits[0] === undefined ? '' : ` (${waits[0]})`
  return `It selects ${podsSaid(pods)}, of which none is Ready${why}: see workloads.ready, and \`kubectl describe pod\` for the readiness probe.`
}
