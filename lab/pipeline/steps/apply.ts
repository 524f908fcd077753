import type { KubernetesObject } from '@kubernetes/client-node'
import { nameOf } from '../../cluster/object-api.js'
import { applyAll } from '../apply-all.js'
import type { ClusterApi } from '../deploy-context.js'
import type { Before } from '../journalled.js'
import type { StepIo } from '../step.js'

/** So many objects are named: a repair changes few, and what is made from nothing is all. */
const NAMED = 8

/**
 * Applies those of the objects that are not as declared, and says how many there were, and which where they are few.
 * That is asked by a dry run first: an effect is told of before it is made.
 */
export async function applyDeclared(
  before: Before,
  kube: Pick<ClusterApi, 'apply' | 'drift'>,
  objects: readonly KubernetesObject[],
  { signal, progress }: StepIo,
): Promise<string> {
  const changed = new Set<KubernetesObject>()
  const apply = async (object: KubernetesObject): ReturnType<ClusterApi['apply']> => {
    // Without an answer it is asked again, and may have happened all the same.
    if (!changed.has(object)) {
      if ((await kube.drift(object))?.length === 0) return 'unchanged'
      await before()
      changed.add(object)
    }
    return kube.apply(object)
  }
  await applyAll({ apply }, objects, { signal, onWaiting: progress })
  if (changed.size === 0) return `${objects.length} objects as declared`
  return `${changed.size} of ${objects.length} objects changed${namesOfFew([...changed])}`
}

/** `: ` and their names, where they are few. */
export function namesOfFew(objects: readonly KubernetesObject[]): string {
  return objects.length > NAMED ? '' : `: ${objects.map(nameOf).sort().join(', ')}`
}
