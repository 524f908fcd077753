import type { Construct } from 'constructs'
import type { Labels } from '../labels.js'
import type { Rule } from '../validation.js'
import { carries, namedPorts, podLabels, renderedBeside, type NamedPort, type Rendered } from './rendered.js'

/** What of a Service the rules below ask about. */
export interface Selection {
  readonly service: Construct
  readonly namespace: string
  readonly selector: Labels
  /** Container ports that the Service leads to by name. */
  readonly targetPorts: readonly NamedPort[]
}

/**
 * The rules that a Service's selector matches the pods of a workload in its chart and namespace, and that a
 * container of theirs has each port it leads to by name, with its protocol. The API server accepts a Service that
 * selects nothing; its name then resolves to nothing. One that leads to a port no container names, or only with
 * another protocol, has no endpoint for it.
 */
export function selectsPods({ service, namespace, selector, targetPorts }: Selection): Rule {
  return () => {
    if (Object.keys(selector).length === 0)
      return 'selector is empty; a Service without one gets no endpoints'
    const selected = selectedWorkloads(service, namespace, selector)
    if (selected === undefined) return undefined
    if (selected.length === 0)
      return `selector ${text(selector)} matches the pods of no workload in the chart (namespace ${namespace})`
    return targetPorts.flatMap((port) => targetPortProblem(port, selected) ?? [])
  }
}

function targetPortProblem({ name, protocol }: NamedPort, selected: readonly Rendered[]): string | undefined {
  const ofName = selected.flatMap(namedPorts).filter((port) => port.name === name)
  if (ofName.some((port) => port.protocol === protocol)) return undefined
  const quoted = JSON.stringify(name)
  if (ofName.length === 0)
    return `target port ${quoted} is the name of no container port of ${names(selected)}`
  const others = [...new Set(ofName.map((port) => port.protocol))].join(' and ')
  return `target port ${quoted} (${protocol}) is the name of a container port of ${names(selected)}, but of one with ${others}; write the same protocol in both`
}

/**
 * The rule that each StatefulSet behind a Service has its names under a headless Service that selects its pods:
 * this one or another. Else its pods have no names at all, and nothing says so. A set that asks for none, by an
 * empty `serviceName`, is refused only behind a headless Service, which is there for names.
 */
export function governsItsSets({
  service,
  namespace,
  selector,
  headless,
}: Pick<Selection, 'service' | 'namespace' | 'selector'> & { readonly headless: boolean }): Rule {
  return () => {
    const rendered = renderedBeside(service, namespace) ?? []
    return rendered
      .filter((object) => object.kind === 'StatefulSet' && carries(podLabels(object), selector))
      .filter((set) => headless || (set.spec?.serviceName ?? '') !== '')
      .filter((set) => !rendered.some((object) => governs(object, set)))
      .map(
        ({ metadata, spec }) =>
          `StatefulSet ${metadata.name} has serviceName ${JSON.stringify(spec?.serviceName ?? '')}, which is no headless Service that selects its pods`,
      )
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
