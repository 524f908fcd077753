import type { Construct } from 'constructs'
import type { Labels } from '../labels.js'
import type { Rule } from '../validation.js'
import { carries, containerPortNames, podLabels, renderedBeside, type Rendered } from './rendered.js'

/** What of a Service the rules below ask about. */
export interface Selection {
  readonly service: Construct
  readonly namespace: string
  readonly selector: Labels
  /** Names of container ports that the Service leads to. */
  readonly targetPortNames: readonly string[]
}

/**
 * The rules that a Service's selector matches the pods of a workload in its chart and namespace, and that a
 * container of theirs has each port it leads to by name. The API server accepts a Service that selects nothing;
 * its name then resolves to nothing. One that leads to a port no container names has no endpoint for it.
 */
export function selectsPods({ service, namespace, selector, targetPortNames }: Selection): Rule {
  return () => {
    if (Object.keys(selector).length === 0)
      return 'selector is empty; a Service without one gets no endpoints'
    const selected = selectedWorkloads(service, namespace, selector)
    if (selected === undefined) return undefined
    if (selected.length === 0)
      return `selector ${text(selector)} matches the pods of no workload in the chart (namespace ${namespace})`
    return targetPortNames
      .filter((name) => !selected.some((workload) => containerPortNames(workload).includes(name)))
      .map(
        (name) =>
          `target port ${JSON.stringify(name)} is the name of no container port of ${names(selected)}`,
      )
  }
}

/**
 * The rule that each StatefulSet behind a headless Service has its names under a headless Service that selects
 * its pods: this one or another. Else its pods have no names at all, and nothing says so.
 */
export function governsItsSets({
  service,
  namespace,
  selector,
}: Pick<Selection, 'service' | 'namespace' | 'selector'>): Rule {
  return () => {
    const rendered = renderedBeside(service, namespace) ?? []
    return rendered
      .filter((object) => object.kind === 'StatefulSet' && carries(podLabels(object), selector))
      .filter((set) => !rendered.some((object) => governs(object, set)))
      .map(
        ({ metadata, spec }) =>
          `StatefulSet ${metadata.name} has serviceName ${JSON.stringify(spec?.serviceName ?? '')}, which is no headless Service that selects its pods`,
      )
  }
}

/** The rule that no other Service of the chart and namespace has its name: of two, one would replace the other. */
export function onlyOneOfItsName({
  service,
  namespace,
  name,
}: Pick<Selection, 'service' | 'namespace'> & { readonly name: string }): Rule {
  return () => {
    const same = (renderedBeside(service, namespace) ?? []).filter(
      ({ kind, metadata }) => kind === 'Service' && metadata.name === name,
    )
    return same.length > 1 ? `service name ${JSON.stringify(name)} is used ${same.length} times` : undefined
  }
}

function governs({ kind, metadata, spec }: Rendered, set: Rendered): boolean {
  return (
    kind === 'Service' &&
    spec?.clusterIP === 'None' &&
    metadata.name === set.spec?.serviceName &&
    carries(podLabels(set), (spec.selector ?? {}) as Labels)
  )
}

function selectedWorkloads(service: Construct, namespace: string, selector: Labels): Rendered[] | undefined {
  return renderedBeside(service, namespace)?.filter((object) => carries(podLabels(object), selector))
}

const text = (selector: Labels): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

const names = (workloads: readonly Rendered[]): string =>
  workloads.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')
