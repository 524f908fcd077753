import type { Manifest, PodSpec, Template } from '../synth/objects.js'

interface Set {
  readonly replicas: number
  readonly serviceName: string
  readonly template: Template
  readonly volumeClaimTemplates?: readonly {
    readonly metadata: { readonly name: string }
    readonly spec: Record<string, unknown>
  }[]
}

/**
 * What the controllers would make of a workload: one of its pods, and the claims of that one. The API server
 * looks at much of it only then, at claims and at what labels and names become.
 */
export function madeByControllers(workload: Manifest): Manifest[] {
  if (workload.kind === 'StatefulSet') return ofSet(workload)
  if (workload.kind !== 'Deployment' && workload.kind !== 'DaemonSet') return []
  const { template } = workload.spec as unknown as Pick<Set, 'template'>
  return [pod(workload, template, { generateName: `${workload.metadata.name}-5d4f8c7b9c-` })]
}

/** Of a StatefulSet the last pod: its name is the longest. */
function ofSet(workload: Manifest): Manifest[] {
  const { replicas, serviceName, template, volumeClaimTemplates = [] } = workload.spec as unknown as Set
  const { namespace = 'default', name: set } = workload.metadata
  const ordinal = Math.max(0, replicas - 1)
  const name = `${set}-${ordinal}`
  const claims = volumeClaimTemplates.map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `${metadata.name}-${name}`, namespace, labels: template.metadata.labels },
    spec,
  }))
  const volumes = volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }))
  const labels = {
    ...template.metadata.labels,
    'apps.kubernetes.io/pod-index': String(ordinal),
    'controller-revision-hash': `${set}-5d4f8c7b9c`,
    'statefulset.kubernetes.io/pod-name': name,
  }
  const spec = {
    ...template.spec,
    hostname: name,
    subdomain: serviceName,
    volumes: [...((template.spec as Partial<PodSpec>).volumes ?? []), ...volumes],
  }
  return [pod(workload, { metadata: { ...template.metadata, labels }, spec }, { name }), ...claims]
}

/** The account is not looked for: it would be created beside the workload. */
function pod(workload: Manifest, { metadata, spec }: Template, named: object): Manifest {
  const { namespace } = workload.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, ...named, namespace },
    spec: { ...spec, serviceAccountName: 'default' },
  } as unknown as Manifest
}
