import { expect } from 'vitest'
import type { Container, Manifest, PodSpec } from '../objects.js'

/** A pod, or the pods that a workload makes. */
export interface Pods {
  readonly labels: Record<string, string>
  readonly spec: PodSpec
}

/** The pods that an object makes; `undefined` for what makes none. */
export function podsOf({ kind, metadata, spec }: Partial<Manifest>): Pods | undefined {
  if (kind === 'Pod') return { labels: metadata?.labels ?? {}, spec: spec as unknown as PodSpec }
  const template = spec?.['template'] as
    { readonly metadata: Omit<Pods, 'spec'>; readonly spec: PodSpec } | undefined
  return template === undefined ? undefined : { labels: template.metadata.labels, spec: template.spec }
}

/** What holds for the objects of every construct, whatever its properties are. */
export function expectSound(objects: readonly Manifest[]): void {
  const pods = objects.flatMap((object) => podsOf(object) ?? [])
  for (const object of objects) {
    const { kind, metadata, spec } = object
    // cdk8s makes names of its own from the path of the construct and a hash.
    expect(metadata.name).not.toMatch(/^in-.*-c[0-9a-f]{7}$/)
    expect(JSON.stringify(object)).not.toContain('[object Object]')
    const made = podsOf(object)
    if (made !== undefined) {
      expectRestricted(made.spec)
      if (kind !== 'Pod') expect(carries(made.labels, matchLabels(spec['selector']))).toBe(true)
    }
    if (kind === 'PodDisruptionBudget')
      expect(pods.some(({ labels }) => carries(labels, matchLabels(spec['selector'])))).toBe(true)
    if (kind === 'StatefulSet') {
      const governing = objects.filter(
        (one) => one.kind === 'Service' && one.metadata.name === spec['serviceName'],
      )
      expect(governing.map((one) => one.spec['clusterIP'])).toEqual(['None'])
      for (const claim of (spec['volumeClaimTemplates'] ?? []) as { readonly spec: Claim }[])
        expect(claim.spec.resources.requests.storage).toMatch(/^[\d.]+[KMGTPi]*k?$/)
    }
  }
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
  expect(new Set(ids).size).toBe(ids.length)
}

interface Claim {
  readonly resources: { readonly requests: { readonly storage: string } }
}

function expectRestricted({ securityContext, containers, initContainers = [] }: PodSpec): void {
  expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  for (const container of [...containers, ...initContainers]) {
    expect(container.imagePullPolicy).toBe('IfNotPresent')
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    })
    // Containers of somebody's own may say nothing of them. A quantity that cdk8s did not understand is `{}`.
    const { requests = {}, limits = {} } = (container as Partial<Container>).resources ?? NOTHING
    for (const quantity of [...Object.values(requests), ...Object.values(limits)])
      expect(quantity).toMatch(/^\d+(m|Mi)$/)
  }
}

const NOTHING: Partial<Container['resources']> = {}

const matchLabels = (selector: unknown): Record<string, string> =>
  (selector as { readonly matchLabels: Record<string, string> }).matchLabels

const carries = (labels: Record<string, string>, selector: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)
