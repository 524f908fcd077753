import { isHeadless, nameOf, namespaceOf, selects, templateOf } from '../../observe/model/declared.js'
import type { Service, StatefulSet } from '../../observe/model/declared.js'
import { defineCheck, skipped } from '../check.js'
import { liveOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachStatefulSet } from '../scopes.js'
import { differences } from '../services/selector.js'

export const serviceCheck = defineCheck({
  id: 'statefulsets.service',
  title: 'serviceName is a headless service that selects the pods of the StatefulSet',
  answers: '002 StatefulSet; 003 StatefulSet; Kubernetes: StatefulSets, stable network ID',
  needs: ['api.services'],
  hint: 'Without it nothing promises the pods names of their own in DNS.',
  of: eachStatefulSet,
  judge: (set, { observations, read }) => {
    const name = set.spec?.serviceName ?? ''
    const services = read(observations.api.services)
    if (name === '') return skipped('it names no service: its pods have no names of their own')
    const live = liveOf<Service>({ metadata: { name, namespace: namespaceOf(set) } }, services)
    const expected = { service: name, clusterIP: 'None', selects: 'its pods' }
    const observed =
      live === undefined
        ? 'no such service'
        : {
            service: name,
            clusterIP: isHeadless(live) ? 'None' : (live.spec?.clusterIP ?? 'absent'),
            selects: selectsPods(live, set) ? 'its pods' : 'not its pods',
          }
    return compare(expected, observed, { hint: why(name, live, set, services) })
  },
})

function selectsPods(service: Service, set: StatefulSet): boolean {
  return (
    namespaceOf(service) === namespaceOf(set) &&
    selects(service.spec?.selector, templateOf(set)?.metadata?.labels)
  )
}

function why(
  name: string,
  live: Service | undefined,
  set: StatefulSet,
  services: readonly Service[],
): string {
  const other = services.find((service) => isHeadless(service) && selectsPods(service, set))
  const make =
    live === undefined
      ? 'Make it, with clusterIP: None and a selector of the labels of its pods.'
      : 'Delete it and make it again with clusterIP: None, which cannot be changed in place.'
  const instead =
    other === undefined
      ? make
      : `${nameOf(other)} is headless and selects them, so name that one: serviceName cannot be changed in place, delete the StatefulSet with --cascade=orphan and apply it again.`
  if (live === undefined)
    return `There is no service ${name} in namespace ${namespaceOf(set)}: the pods have no names of their own in DNS. ${instead}`
  if (live.spec?.type === 'ExternalName')
    return `Service ${name} stands for another name, and leads to no pod. ${instead}`
  if (!isHeadless(live))
    return `Service ${name} is not headless: its name leads to a virtual IP instead of the pods. CoreDNS knows names of pods under it all the same, but the DNS specification promises them under headless services only. ${instead}`
  const selector = live.spec?.selector ?? {}
  if (Object.keys(selector).length === 0)
    return `Service ${name} has no selector: nobody puts the pods into its slices.`
  const differs = differences(selector, templateOf(set)?.metadata?.labels ?? {})
  return `The selector of ${name} does not fit the pods of statefulset/${nameOf(set)}: ${differs.join('; ')}.`
}
