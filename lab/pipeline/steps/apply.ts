import type { KubernetesObject } from '@kubernetes/client-node'
import { nameOf } from '../../cluster/object-api.js'
import { applyAll } from '../apply-all.js'
import { changed, type ClusterApi, type DeployContext } from '../deploy-context.js'
import type { StepIo } from '../step.js'

/** So many changed objects are named: a repair changes few, and what is made from nothing is all. */
const NAMED = 8

/** Applies objects, counts each change as it is made, and says how many there were, and which where they are few. */
export async function applyDeclared(
  context: DeployContext,
  kube: ClusterApi,
  objects: readonly KubernetesObject[],
  { signal, progress }: StepIo,
): Promise<string> {
  const names: string[] = []
  const counting: Pick<ClusterApi, 'apply'> = {
    apply: async (object) => {
      const result = await kube.apply(object)
      if (result === 'created' || result === 'changed') {
        await changed(context)
        names.push(nameOf(object))
      }
      return result
    },
  }
  const changes = await applyAll(counting, objects, { signal, onWaiting: progress })
  if (changes === 0) return `${objects.length} objects as declared`
  const which = names.length <= NAMED ? `: ${names.sort().join(', ')}` : ''
  return `${changes} of ${objects.length} objects changed${which}`
}
