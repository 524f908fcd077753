import { isHeadless, namespaceOf, selectedBy, templateOf } from '../observe/model/declared.js'
import type { Declared, Labels, Service } from '../observe/model/declared.js'
import { isLive, podsSelected } from '../observe/model/pods.js'
import { defineCheck } from './check.js'
import { liveOf, liveService } from './live.js'
import { compare } from './outcome.js'
import { eachSelecting, eachService } from './scopes.js'

const servicesExists = defineCheck({
  id: 'services.exists',
  title: 'the service is on the cluster',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'It was deleted, or never applied: `deploy` brings it back.',
  of: eachService,
  judge: (service, { observations, read }) => {
    const live = liveOf(service, read(observations.api.services))
    return compare('present', live === undefined ? 'absent' : 'present')
  },
})

const servicesType = defineCheck({
  id: 'services.type',
  title: 'the service is headless or has a virtual IP, as declared',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'clusterIP cannot be changed in place: delete the service and `deploy`.',
  of: eachService,
  judge: (service, context) => {
    const live = liveService(service, context)
    return compare(kindOf(service), kindOf(live))
  },
})

const servicesPorts = defineCheck({
  id: 'services.ports',
  title: 'the service has the declared ports, names and target ports',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'Ports were edited by hand. Without its name a port has no SRV records; `deploy` sets it back.',
  of: eachService,
  judge: (service, context) => compare(portsOf(service), portsOf(liveService(service, context))),
})

const servicesSelector = defineCheck({
  id: 'services.selector',
  title: 'the selector is the declared one and selects pods',
  answers: '001 exercise 2',
  needs: ['api.services', 'api.pods'],
  hint: 'Compare `kubectl get service -o yaml` with `kubectl get pods --show-labels`: every label of the selector must be on the pods.',
  of: eachSelecting,
  judge: (service, context) => {
    const live = liveService(service, context)
    const declared = { ...service.spec?.selector }
    const selector = { ...live.spec?.selector }
    const pods = podsSelected(
      context.read(context.observations.api.pods),
      namespaceOf(service),
      selector,
    ).filter(isLive)
    const differs = differences(selector, podLabels(service, context.declared) ?? declared)
    const observed = { selector, pods: pods.length > 0 ? 'at least one' : 'none' }
    return compare({ selector: declared, pods: 'at least one' }, observed, {
      ...(differs.length === 0 ? {} : { hint: `The selector does not fit the pods: ${differs.join('; ')}.` }),
    })
  },
})

export const serviceChecks = [servicesExists, servicesType, servicesPorts, servicesSelector]

function kindOf(service: Service): { type: string; clusterIP: string } {
  return { type: service.spec?.type ?? 'ClusterIP', clusterIP: isHeadless(service) ? 'None' : 'an address' }
}

function portsOf({ spec }: Service): object[] {
  return (spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP', targetPort = port }) => ({
    name,
    port,
    protocol,
    targetPort,
  }))
}

/** The labels of the pods that the service was declared for. */
function podLabels(service: Service, declared: Declared): Labels | undefined {
  const [workload] = selectedBy(service, [
    ...declared.statefulSets,
    ...declared.deployments,
    ...declared.daemonSets,
  ])
  return workload === undefined ? undefined : templateOf(workload)?.metadata?.labels
}

function differences(selector: Labels, labels: Labels): string[] {
  return Object.entries(selector).flatMap(([key, value]) => {
    const has = labels[key]
    if (has === value) return []
    return [`it asks for ${key}=${value}, the pods have ${has === undefined ? `no ${key}` : `${key}=${has}`}`]
  })
}
