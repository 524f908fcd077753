import type { KubernetesObject } from '@kubernetes/client-node'
import { FIELD_MANAGER, keyOf, type Kind } from '../cluster/object-api.js'
import { LAB_LABEL } from '../cluster/lab-label.js'

/**
 * Kinds whose objects go when they are not declared any more: all that the constructs make (see `constructs/`), but for
 * what holds data. Namespaces, Secrets and PersistentVolumeClaims stay.
 */
export const PASSING_KINDS: readonly Kind[] = [
  ...ofGroup('v1', 'Service', 'ConfigMap', 'ServiceAccount', 'Pod'),
  ...ofGroup('apps/v1', 'Deployment', 'StatefulSet', 'DaemonSet'),
  ...ofGroup('networking.k8s.io/v1', 'NetworkPolicy'),
  ...ofGroup('policy/v1', 'PodDisruptionBudget'),
  ...ofGroup('rbac.authorization.k8s.io/v1', 'Role', 'RoleBinding'),
  ...ofGroup('discovery.k8s.io/v1', 'EndpointSlice'),
]

function ofGroup(apiVersion: string, ...kinds: readonly string[]): Kind[] {
  return kinds.map((kind) => ({ apiVersion, kind }))
}

/** Where Kubernetes and Calico have theirs, and the lab nothing. */
const SYSTEM = 'kube-system'

/** Selects what was applied for a lab, and what controllers gave the same labels. */
export const labSelector = (lab: string): string => `${LAB_LABEL}=${lab}`

/**
 * Those of a cluster's objects that were applied for a lab and are not declared any more. Never one that belongs to
 * another object, as pods and slices do that controllers make. Pure.
 */
export function undeclared(
  live: readonly KubernetesObject[],
  declared: readonly KubernetesObject[],
  lab: string,
): KubernetesObject[] {
  const wanted = new Set(declared.map(keyOf))
  return live.filter((object) => {
    const { metadata } = object
    // Labels are copied, by kubectl expose for one; who applied an object is not.
    const isApplied = (metadata?.managedFields ?? []).some(
      ({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply',
    )
    const isOurs = isApplied && metadata?.labels?.[LAB_LABEL] === lab && metadata.namespace !== SYSTEM
    const stands = (metadata?.ownerReferences ?? []).length === 0 && metadata?.deletionTimestamp === undefined
    return isOurs && stands && !wanted.has(keyOf(object))
  })
}
