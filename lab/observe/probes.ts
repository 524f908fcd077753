import type { ExecTarget } from './exec.js'
import { nameOf, namespaceOf } from './model/declared.js'
import { isReady, podsSelected } from './model/pods.js'
import type { Pod } from './model/pods.js'
import type { ProbePods } from './model/target.js'

/** The probe pod of each node that has a ready one. */
export function probesByNode(pods: readonly Pod[], probe: ProbePods): Map<string, ExecTarget> {
  const ready = probePods(pods, probe).filter(isReady)
  return new Map(
    ready.flatMap((pod) => {
      const node = pod.spec?.nodeName
      return node === undefined ? [] : [[node, execTargetOf(pod)]]
    }),
  )
}

function probePods(pods: readonly Pod[], { namespace, labels, names }: ProbePods): readonly Pod[] {
  if (names === undefined) return podsSelected(pods, namespace, labels)
  return pods.filter((pod) => namespaceOf(pod) === namespace && names.includes(nameOf(pod)))
}

/**
 * The container of a pod that commands are run in. What a pod says of itself counts: where something puts its
 * sidecars into all pods, the first may be one.
 */
export function execTargetOf(pod: Pod): ExecTarget {
  const { metadata, spec } = pod
  const said = metadata?.annotations?.['kubectl.kubernetes.io/default-container']
  return { namespace: namespaceOf(pod), pod: nameOf(pod), container: said ?? spec?.containers[0]?.name ?? '' }
}
