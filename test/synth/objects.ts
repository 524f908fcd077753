import { App, Chart, Testing } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'

/** What the tests read of a Kubernetes object, as it is sent to the API server. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Record<string, string>
  }
  readonly data?: Record<string, string>
  readonly spec: Record<string, unknown>
}

/** A workload: its pods' labels and spec. */
export interface Template {
  readonly metadata: {
    readonly labels: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly securityContext: Record<string, unknown>
  readonly tolerations?: unknown[]
  readonly topologySpreadConstraints?: Record<string, unknown>[]
  readonly initContainers?: Container[]
  readonly containers: Container[]
  readonly volumes: {
    readonly name: string
    readonly emptyDir?: object
    readonly configMap?: { name: string }
  }[]
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly imagePullPolicy: string
  readonly command: string[]
  readonly args?: string[]
  readonly env?: { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly ports?: { readonly name: string; readonly containerPort: number }[]
  readonly readinessProbe?: Record<string, unknown>
  readonly livenessProbe?: Record<string, unknown>
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> }
  readonly securityContext: Record<string, unknown>
  readonly volumeMounts?: { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

/** An empty chart named `test`, as someone who imports the library has one. */
export function chart(namespace?: string): Chart {
  return new Chart(new App(), 'test', namespace === undefined ? {} : { namespace })
}

/** All objects of a chart; throws what synthesis throws. */
export function synth(of: Chart): Manifest[] {
  return Testing.synth(of) as Manifest[]
}

/** The one object of that kind and name. */
export function object(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.filter((candidate) => candidate.kind === kind && candidate.metadata.name === name)
  const [only] = found
  if (only === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind}/${name}`)
  return only
}

/** The pod template of a workload. */
export function template(workload: Manifest): Template {
  return workload.spec['template'] as Template
}

/** The value of an environment variable that is written as it is. */
export function env(container: Container, name: string): string | undefined {
  return container.env?.find((variable) => variable.name === name)?.value
}

/** The first of a list that a test knows to have one. */
export function first<T>(list: readonly T[] | undefined): T {
  const [value] = list ?? []
  if (value === undefined) throw new Error('the list is empty')
  return value
}

/** A StatefulSet of plain Kubernetes, named `plain`, as others make them beside the library's constructs. */
export function plainStatefulSet(scope: Chart, serviceName: string, labels: Record<string, string>): void {
  new k8s.KubeStatefulSet(scope, 'plain', {
    metadata: { name: 'plain' },
    spec: {
      serviceName,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c' }] } },
    },
  })
}
