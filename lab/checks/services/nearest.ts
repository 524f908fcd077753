import { nameOf, namespaceOf, templateOf } from '../../observe/model/declared.js'
import type { Declared, Labels, Service, StatefulSet, Workload } from '../../observe/model/declared.js'
import type { Pod } from '../../observe/model/pods.js'

/** Something whose pods a service may have been meant for. */
export interface Candidate {
  /** As kubectl takes it: `deployment/web`. */
  readonly name: string
  readonly labels: Labels
}

export function allWorkloads({ statefulSets, deployments, daemonSets }: Declared): Workload[] {
  return [...statefulSets, ...deployments, ...daemonSets]
}

export function said(workload: Workload): Candidate {
  return {
    name: `${(workload.kind ?? 'workload').toLowerCase()}/${nameOf(workload)}`,
    labels: templateOf(workload)?.metadata?.labels ?? {},
  }
}

/**
 * What a service that selects nothing was most likely meant for, of all that is in its namespace: a StatefulSet
 * that names it, labels that are the same or nearly, a name like its own. Undefined where nothing is alike.
 */
export function nearest(
  service: Service,
  selector: Labels,
  declared: Declared,
  pods: readonly Pod[],
): Candidate | undefined {
  const workloads = allWorkloads(declared).filter(here)
  const single = pods.filter((pod) => here(pod) && (pod.metadata?.ownerReferences ?? []).length === 0)
  const ranked = [
    ...workloads.map((workload) => {
      const candidate = said(workload)
      const named = (workload as StatefulSet).spec?.serviceName === nameOf(service) ? 8 : 0
      return { candidate, rank: named + likeness(candidate.labels, nameOf(workload)) }
    }),
    ...single.map((pod) => {
      const labels = pod.metadata?.labels ?? {}
      return { candidate: { name: `pod/${nameOf(pod)}`, labels }, rank: likeness(labels, nameOf(pod)) }
    }),
  ]
  const highest = Math.max(1, ...ranked.map(({ rank }) => rank))
  return ranked.find(({ rank }) => rank === highest)?.candidate

  function here(object: Workload | Pod): boolean {
    return namespaceOf(object) === namespaceOf(service)
  }

  function likeness(labels: Labels, name: string): number {
    const byLabel = Object.entries(selector).map(([key, value]) => {
      const has = labels[key]
      if (has === value) return 4
      const alikeHere = has !== undefined && alike(has, value)
      return (alikeHere ? 2 : 0) + (Object.values(labels).includes(value) ? 2 : 0)
    })
    return byLabel.reduce((a, b) => a + b, 0) + (alike(name, nameOf(service)) ? 2 : 0)
  }
}

/** Whether one word may have been meant for the other: a part of it is the same, or at most two letters differ. */
function alike(a: string, b: string): boolean {
  const parts = new Set(words(a))
  return words(b).some((word) => parts.has(word)) || (Math.min(a.length, b.length) > 3 && distance(a, b) <= 2)
}

function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1)
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
