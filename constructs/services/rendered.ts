import { ApiObject, Chart } from 'cdk8s'
import type { Construct, IConstruct } from 'constructs'
import { DEFAULT_NAMESPACE } from '../dns.js'
import type { Labels } from '../labels.js'

/** The parts of a rendered object that tell which pods it makes, and which of them a Service selects. */
export interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels }
  readonly spec?: RenderedPodSpec & {
    readonly serviceName?: string
    readonly clusterIP?: string
    readonly selector?: unknown
    readonly template?: { readonly metadata?: { readonly labels?: Labels }; readonly spec?: RenderedPodSpec }
  }
}

interface RenderedPodSpec {
  readonly containers?: readonly RenderedContainer[]
  readonly initContainers?: readonly RenderedContainer[]
}

interface RenderedContainer {
  readonly ports?: readonly { readonly name?: string }[]
}

/** What a chart renders to, for as long as the synthesis that asked: each of its Services asks, and it takes a while. */
const known = new WeakMap<
  Chart,
  { readonly constructs: number; readonly objects: readonly Rendered[] | undefined }
>()

/**
 * The objects of a construct's chart that are in a namespace, as they will be written; `undefined` when one
 * cannot be rendered. Such an object breaks a rule of its own, and that one is worth reading.
 */
export function renderedBeside(construct: Construct, namespace: string): Rendered[] | undefined {
  const chart = Chart.of(construct)
  const all = chart.node.findAll()
  const found = known.get(chart)
  const objects = found?.constructs === all.length ? found.objects : render(all)
  known.set(chart, { constructs: all.length, objects })
  // Synthesis is synchronous. After it the chart may change.
  queueMicrotask(() => known.delete(chart))
  return objects?.filter(({ metadata }) => (metadata.namespace ?? DEFAULT_NAMESPACE) === namespace)
}

function render(constructs: readonly IConstruct[]): Rendered[] | undefined {
  try {
    return constructs.filter((one) => ApiObject.isApiObject(one)).map((object) => object.toJson() as Rendered)
  } catch {
    return undefined
  }
}

/** The labels of the pods that an object makes: a Pod carries them itself, a workload in its template. */
export function podLabels({ kind, metadata, spec }: Rendered): Labels | undefined {
  return kind === 'Pod' ? metadata.labels : spec?.template?.metadata?.labels
}

/** The names of the ports of the containers that an object makes. */
export function containerPortNames({ kind, spec }: Rendered): string[] {
  const pod = kind === 'Pod' ? spec : spec?.template?.spec
  return [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name }) => name ?? []),
  )
}

/** Whether labels carry everything that a selector asks for. */
export function carries(labels: Labels | undefined, selector: Labels): boolean {
  return labels !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value)
}
