import { CoreV1Api } from '@kubernetes/client-node'
import { plain } from '../api.js'
import { nameOf } from '../model/declared.js'
import { isReady } from '../model/pods.js'
import type { Pod } from '../model/pods.js'
import type { Reader } from './reader.js'

/** Labels by which a pod is known as a toolbox: the one people give by hand, and the recommended one. */
const LABELS = ['app=multitool', 'app.kubernetes.io/name=multitool']

/** Pods with tools that a cluster has already, all in one namespace, so that short names mean the same to them. */
export interface ExistingProbes {
  readonly namespace: string
  /** Name of the pod by node. */
  readonly byNode: ReadonlyMap<string, string>
}

/** The toolboxes in the first of the namespaces that has any. Where pods may not be listed there are none. */
export async function existingProbes(
  reader: Reader,
  namespaces: readonly string[],
): Promise<ExistingProbes | undefined> {
  const found = await Promise.all(
    namespaces.map(async (namespace) => {
      const lists = await Promise.all(
        LABELS.map((labelSelector) =>
          reader.read(`GET pods of ${namespace} -l ${labelSelector}`, async (c) =>
            plain((await new CoreV1Api(c).listNamespacedPod({ namespace, labelSelector })).items),
          ),
        ),
      )
      return { namespace, byNode: byNode(lists.flatMap((part) => ('error' in part ? [] : part.value))) }
    }),
  )
  return found.find(({ byNode: { size } }) => size > 0)
}

/** Ready ones; those on the network of their host ask another DNS server than pods do. */
function byNode(pods: readonly Pod[]): Map<string, string> {
  return new Map(
    pods
      .filter((pod) => isReady(pod) && pod.spec?.hostNetwork !== true)
      .flatMap((pod) => (pod.spec?.nodeName === undefined ? [] : [[pod.spec.nodeName, nameOf(pod)]])),
  )
}
