import type { KubernetesObject } from '@kubernetes/client-node'
import { labSelector, PASSING_KINDS, undeclared } from '../../plan/undeclared.js'
import type { ClusterApi } from '../deploy-context.js'
import type { Before } from '../journalled.js'
import type { StepIo } from '../step.js'
import { untilAnswered } from '../until-answered.js'
import { namesOfFew } from './apply.js'

/**
 * Deletes what was applied for a lab and is not declared any more; what holds data stays.
 *
 * @returns which objects those were, for people; `undefined` where there was none
 */
export async function removeUndeclared(
  before: Before,
  kube: Pick<ClusterApi, 'selected' | 'remove'>,
  { lab, declared }: { readonly lab: string; readonly declared: readonly KubernetesObject[] },
  { signal, progress }: StepIo,
): Promise<string | undefined> {
  const wait = { signal, onWaiting: progress }
  const live = await untilAnswered(() => kube.selected(PASSING_KINDS, labSelector(lab)), wait)
  const gone = undeclared(live, declared, lab)
  if (gone.length === 0) return undefined
  await Promise.all(
    gone.map(async (object) => {
      await before()
      await untilAnswered(() => kube.remove(object), wait)
    }),
  )
  const data = gone.some(({ kind }) => kind === 'StatefulSet')
    ? ' (their namespaces, Secrets and PersistentVolumeClaims stay)'
    : ''
  return `${gone.length} not declared any more deleted${namesOfFew(gone)}${data}`
}
