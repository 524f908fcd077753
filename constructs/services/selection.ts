import { ApiObject, Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { DEFAULT_NAMESPACE } from '../dns.js'
import type { Labels } from '../labels.js'
import type { Rule } from '../validation.js'

/** What of a rendered object tells which pods it makes: a Pod carries the labels itself, a workload in its template. */
interface Rendered {
  readonly kind: string
  readonly metadata: { readonly namespace?: string; readonly labels?: Labels }
  readonly spec?: { readonly template?: { readonly metadata?: { readonly labels?: Labels } } }
}

/**
 * The rule that a Service's selector matches the pods of a workload in its chart and namespace. The API server
 * accepts a Service that selects nothing; its name then resolves to nothing.
 */
export function selectsPods(service: Construct, namespace: string, selector: Labels): Rule {
  return () => {
    const wanted = Object.entries(selector)
    if (wanted.length === 0) return 'selector is empty; a Service without one gets no endpoints'
    let rendered: Rendered[]
    try {
      rendered = Chart.of(service)
        .node.findAll()
        .filter((construct) => ApiObject.isApiObject(construct))
        .map((object) => object.toJson() as Rendered)
    } catch {
      // An object that cannot be rendered breaks a rule of its own; that one is worth reading.
      return undefined
    }
    const found = rendered.some((object) => {
      const labels = object.kind === 'Pod' ? object.metadata.labels : object.spec?.template?.metadata?.labels
      return (
        labels !== undefined &&
        (object.metadata.namespace ?? DEFAULT_NAMESPACE) === namespace &&
        wanted.every(([key, value]) => labels[key] === value)
      )
    })
    if (found) return undefined
    const text = wanted.map(([key, value]) => `${key}=${value}`).join(',')
    return `selector ${text} matches the pods of no workload in the chart (namespace ${namespace})`
  }
}
