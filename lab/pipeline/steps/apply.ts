import type { KubernetesObject } from '@kubernetes/client-node'
import { applyAll } from '../apply-all.js'
import { changed, type ClusterApi, type DeployContext } from '../deploy-context.js'
import type { StepIo } from '../step.js'

/** Applies objects, counts each change as it is made, and says how many there were. */
export async function applyDeclared(
  context: DeployContext,
  kube: ClusterApi,
  objects: readonly KubernetesObject[],
  { signal, progress }: StepIo,
): Promise<string> {
  const counting: Pick<ClusterApi, 'apply'> = {
    apply: async (object) => {
      const result = await kube.apply(object)
      if (result === 'created' || result === 'changed') await changed(context)
      return result
    },
  }
  const changes = await applyAll(counting, objects, { signal, onWaiting: progress })
  return changes === 0
    ? `${objects.length} objects as declared`
    : `${changes} of ${objects.length} objects changed`
}
