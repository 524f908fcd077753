import { ApiObject, Chart } from 'cdk8s'
import type { Construct, IConstruct } from 'constructs'
import { DEFAULT_NAMESPACE, type Protocol } from '../dns.js'
import type { Labels } from '../labels.js'

/** The parts of a rendered object that tell which one it is, which pods it makes, and which of them a Service selects. */
export interface Rendered {
  /** Path of the construct that it is rendered of. */
  readonly path: string
  readonly apiVersion: string
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
  readonly restartPolicy?: string
  readonly ports?: readonly { readonly name?: string; readonly protocol?: Protocol }[]
}

/** A port that is asked for by its name. It is one of its protocol only. */
export interface NamedPort {
  readonly name: string
  readonly protocol: Protocol
}

/** What a chart renders to, for as long as the synthesis that asked: each of its Services asks, and it takes a while. */
const known = new WeakMap<
  Chart,
  { readonly constructs: number; readonly objects: readonly Rendered[] | undefined }
>()

/**
 * The objects of a chart, as they will be written; `undefined` when one cannot be rendered. Such an object breaks
 * a rule of its own, and that one is worth reading.
 */
export function renderedIn(chart: Chart): readonly Rendered[] | undefined {
  const all = chart.node.findAll()
  const found = known.get(chart)
  const objects = found?.constructs === all.length ? found.objects : render(all)
  known.set(chart, { constructs: all.length, objects })
  // Synthesis is synchronous. After it the chart may change.
  queueMicrotask(() => known.delete(chart))
  return objects
}

/** Those of a construct's chart that are in a namespace. */
export function renderedBeside(construct: Construct, namespace: string): Rendered[] | undefined {
  return renderedIn(Chart.of(construct))?.filter((object) => namespaceOf(object) === namespace)
}

/** The namespace that an object is in. */
export function namespaceOf({ metadata }: Rendered): string {
  return metadata.namespace ?? DEFAULT_NAMESPACE
}

function render(constructs: readonly IConstruct[]): Rendered[] | undefined {
  try {
    return constructs
      .filter((one) => ApiObject.isApiObject(one))
      .map((object) => ({ ...(object.toJson() as Omit<Rendered, 'path'>), path: object.node.path }))
  } catch {
    return undefined
  }
}

/** The labels of the pods that an object makes: a Pod carries them itself, a workload in its template. */
export function podLabels({ kind, metadata, spec }: Rendered): Labels | undefined {
  return kind === 'Pod' ? metadata.labels : spec?.template?.metadata?.labels
}

/**
 * The ports with a name that a Service finds in the pods that an object makes: those of the containers, and of
 * init containers that stay ("sidecars"). Others have ended when the pod gets a connection.
 */
export function namedPorts({ kind, spec }: Rendered): NamedPort[] {
  const pod = kind === 'Pod' ? spec : spec?.template?.spec
  const sidecars = (pod?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(pod?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol = 'TCP' }) => (name === undefined ? [] : { name, protocol })),
  )
}

/** Whether labels carry everything that a selector asks for. */
export function carries(labels: Labels | undefined, selector: Labels): boolean {
  return labels !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value)
}
