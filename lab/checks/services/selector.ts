import { namespaceOf, nameOf, selectedBy, templateOf } from '../../observe/model/declared.js'
import type { Declared, Labels, Service } from '../../observe/model/declared.js'
import { isLive, podsSelected } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { defineCheck } from '../check.js'
import { liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachSelecting } from '../scopes.js'
import { allWorkloads, nearest, said } from './nearest.js'
import type { Candidate } from './nearest.js'

export const selectorCheck = defineCheck({
  id: 'services.selector',
  title: 'the selector is the declared one and selects pods',
  answers: '001 exercise 2',
  needs: ['api.services', 'api.pods'],
  hint: 'Compare `kubectl get service -o yaml` with `kubectl get pods --show-labels`: every label of the selector must be on the pods.',
  of: eachSelecting,
  judge: (service, context) => {
    const declared = { ...service.spec?.selector }
    const selector = { ...liveService(service, context).spec?.selector }
    const namespace = namespaceOf(service)
    const live = context.read(context.observations.api.pods).filter(isLive)
    const pods = podsSelected(live, namespace, selector)
    const expected = {
      selector: declared,
      pods: isScaledToNone(service, context.declared) ? 'none' : 'at least one',
    }
    const observed = { selector, pods: pods.length > 0 ? 'at least one' : 'none' }
    const hint = hintFor(service, selector, live, pods, context.declared)
    // A workload that has no pods on purpose may have some that are not its own.
    const wanted = expected.pods === 'none' ? { ...expected, pods: observed.pods } : expected
    return compare(wanted, observed, hint === undefined ? {} : { hint })
  },
})

/** Whether all that the service selects is declared to have no pods. */
export function isScaledToNone(service: Service, declared: Declared): boolean {
  const workloads = selectedBy(service, allWorkloads(declared))
  return workloads.length > 0 && !workloads.some(wantsPods)
}

/** Whether a workload is declared to have pods. A DaemonSet always is. */
export function wantsPods(workload: object): boolean {
  return ((workload as { spec?: { replicas?: number } }).spec?.replicas ?? 1) > 0
}

function hintFor(
  service: Service,
  selector: Labels,
  live: readonly Pod[],
  selected: readonly Pod[],
  declared: Declared,
): string | undefined {
  const namespace = namespaceOf(service)
  const meant = selectedBy(service, allWorkloads(declared)).find(
    (workload) => differences(selector, templateOf(workload)?.metadata?.labels ?? {}).length > 0,
  )
  if (meant !== undefined) return doesNotFit(selector, said(meant))
  if (selected.length > 0 || Object.keys(selector).length === 0) return undefined
  const near = nearest(service, selector, declared, live)
  if (near === undefined) return carriedByNone(selector, namespace, live)
  // What alone does not fit may be a label that pods get while they run.
  const given = differences(selector, near.labels).length < Object.keys(selector).length
  if (!given) return doesNotFit(selector, near)
  const none = carriedByNone(selector, namespace, live)
  return `${doesNotFit(selector, near)}${none === undefined ? '' : ` ${none}`}`
}

function doesNotFit(selector: Labels, { name, labels }: Candidate): string {
  return `The selector does not fit the pods of ${name}: ${differences(selector, labels).join('; ')}.`
}

/** What a selector asks for and labels do not have, in words. */
export function differences(selector: Labels, labels: Labels): string[] {
  return Object.entries(selector).flatMap(([key, value]) => {
    const has = labels[key]
    if (has === value) return []
    const elsewhere = Object.entries(labels).find(([, other]) => other === value)?.[0]
    const instead = has === undefined && elsewhere !== undefined ? ` but ${elsewhere}=${value}` : ''
    return [
      `it asks for ${key}=${value}, they have ${has === undefined ? `no ${key}${instead}` : `${key}=${has}`}`,
    ]
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

/** The pods of a service in words, for hints of other checks. */
export function podsSaid(pods: readonly Pod[]): string {
  const names = pods.map(nameOf).sort()
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
