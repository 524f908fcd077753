import type { KubernetesObject } from '@kubernetes/client-node'
import type { Kube } from '../cluster/kube.js'
import { nameOf } from '../cluster/object-api.js'
import { waitUntil, type WaitOptions } from '../host/wait.js'
import { whyUnanswered } from './until-answered.js'

/** Kinds that other objects need to be there first, in the order in which they are applied. */
const FIRST = ['Namespace', 'CustomResourceDefinition', 'IPPool', 'ServiceAccount', 'Secret', 'ConfigMap']

/** At most this many applies are under way at once. */
const BESIDE = 8

/**
 * Applies objects, those that others need first. A kind that was defined only just now takes the API server
 * a moment, and it may not answer for one: it is tried again until the signal ends that.
 */
export async function applyAll(
  kube: Pick<Kube, 'apply'>,
  objects: readonly KubernetesObject[],
  wait: WaitOptions,
): Promise<void> {
  for (const group of groups(objects)) {
    for (let i = 0; i < group.length; i += BESIDE) {
      await Promise.all(group.slice(i, i + BESIDE).map((object) => applyOne(kube, object, wait)))
    }
  }
}

function groups(objects: readonly KubernetesObject[]): KubernetesObject[][] {
  const rank = ({ kind }: KubernetesObject): number => {
    const place = FIRST.indexOf(kind ?? '')
    return place === -1 ? FIRST.length : place
  }
  return Array.from({ length: FIRST.length + 1 }, (_, place) =>
    objects.filter((object) => rank(object) === place),
  )
}

async function applyOne(
  kube: Pick<Kube, 'apply'>,
  object: KubernetesObject,
  wait: WaitOptions,
): Promise<void> {
  await waitUntil(async () => {
    try {
      const isServed = (await kube.apply(object)) !== undefined
      return isServed ? undefined : `${nameOf(object)}: its kind is not served yet`
    } catch (error) {
      return whyUnanswered(error)
    }
  }, wait)
}
