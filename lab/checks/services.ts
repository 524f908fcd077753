import { isHeadless, namespaceOf, selectedBy, templateOf } from '../observe/model/declared.js'
import type { Declared, Labels, Service } from '../observe/model/declared.js'
import { isLive, podsSelected } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
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
    const declared = { ...service.spec?.selector }
    const selector = { ...liveService(service, context).spec?.selector }
    const live = context.read(context.observations.api.pods).filter(isLive)
    const pods = podsSelected(live, namespaceOf(service), selector)
    const observed = { selector, pods: pods.length > 0 ? 'at least one' : 'none' }
    const differs = differences(selector, podLabels(service, context.declared) ?? declared)
    const hint =
      differs.length > 0
        ? `The selector does not fit the pods: ${differs.join('; ')}.`
        : pods.length === 0
          ? carriedByNone(selector, namespaceOf(service), live)
          : undefined
    return compare({ selector: declared, pods: 'at least one' }, observed, hint === undefined ? {} : { hint })
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

/** The labels that no pod carries, where there are such: some are given to pods only while they run. */
function carriedByNone(selector: Labels, namespace: string, pods: readonly Pod[]): string | undefined {
  const labels = Object.entries(selector)
    .filter(([key, value]) => podsSelected(pods, namespace, { [key]: value }).length === 0)
    .map(([key, value]) => `${key}=${value}`)
  if (labels.length === 0) return undefined
  return `No pod has ${labels.join(', ')}. A label that is not in the template is given by what runs in the pods, or beside them: see its log.`
}
