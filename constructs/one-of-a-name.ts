import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { namespaceOf, renderedIn, type Rendered } from './services/rendered.js'
import { addRules } from './validation.js'

/** The charts that have the rule: one construct of them adds it for all. */
const ruled = new WeakSet<Chart>()

/**
 * Adds to a construct's chart, once, the rule that no two of its objects are of one kind, namespace and name: on
 * apply the second would replace the first. All objects of the chart are compared, whoever makes them, so it is
 * enough that what every workload has (Services and policies) adds it. Other charts are not looked at: they may be
 * of another cluster.
 */
export function oneOfAName(construct: Construct): void {
  const chart = Chart.of(construct)
  if (ruled.has(chart)) return
  ruled.add(chart)
  addRules(chart, () => repeated(renderedIn(chart) ?? []))
}

function repeated(objects: readonly Rendered[]): string[] {
  const groups = new Map<string, Rendered[]>()
  for (const object of objects) {
    const id = identity(object)
    groups.set(id, [...(groups.get(id) ?? []), object])
  }
  return [...groups.values()].filter(({ length }) => length > 1).map(problem)
}

/** The group without its version: `v1` and `v2` of one are the same object. */
function identity(object: Rendered): string {
  const { apiVersion, kind, metadata } = object
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
  return JSON.stringify([group, kind, namespaceOf(object), metadata.name])
}

function problem(same: readonly Rendered[]): string {
  const [{ kind, metadata }] = same as readonly [Rendered, ...Rendered[]]
  const paths = same.map(({ path }) => path).join(' and ')
  return `${kind} name ${JSON.stringify(metadata.name)} is used ${same.length} times, by ${paths}; the last one would replace the others. Give one of them another name`
}
