import type { ExecTarget } from './exec.js'
import { nameOf, namespaceOf } from './model/declared.js'
import { isReady, podsSelected } from './model/pods.js'
import type { Pod } from './model/pods.js'
import type { ProbePods } from './model/target.js'

/** The probe pod of each node that has a ready one. */
export function probesByNode(
  pods: readonly Pod[],
  { namespace, labels }: ProbePods,
): Map<string, ExecTarget> {
  const ready = podsSelected(pods, namespace, labels).filter(isReady)
  return new Map(
    ready.flatMap((pod) => {
      const node = pod.spec?.nodeName
      const container = pod.spec?.containers[0]?.name
      if (node === undefined || container === undefined) return []
      return [[node, { namespace: namespaceOf(pod), pod: nameOf(pod), container }]]
    }),
  )
}
