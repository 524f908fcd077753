import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import type { StatefulSet } from '../../observe/model/declared.js'
import type { Pod } from '../../observe/model/pods.js'
import { defineCheck } from '../check.js'
import { liveOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachWithVolumes } from '../scopes.js'
import { existing } from './pods.js'

export const volumesCheck = defineCheck({
  id: 'statefulsets.volumes',
  title: 'each pod has a bound volume claim of its own from each template, by its name',
  answers: '002 StatefulSet; Kubernetes: StatefulSets, stable storage',
  needs: ['api.pods', 'api.persistentvolumeclaims'],
  hint: 'A claim that stays Pending waits for its storage class or for the node: see `kubectl describe pvc`. Claims outlive their pods: data of a pod is found again by the name.',
  of: eachWithVolumes,
  judge: (set, context) => {
    const claims = context.read(context.observations.api.persistentVolumeClaims)
    const pods = existing(set, context)
    const phaseOf = (name: string): string =>
      liveOf<(typeof claims)[number]>({ metadata: { name, namespace: namespaceOf(set) } }, claims)?.status
        ?.phase ?? 'absent'
    return compare(
      byPod(pods, set, (template, pod) => `${template}-${nameOf(pod)} Bound`),
      byPod(pods, set, (template, pod) => {
        const claim = pod.spec?.volumes?.find(({ name }) => name === template)?.persistentVolumeClaim
          ?.claimName
        return claim === undefined ? 'no claim' : `${claim} ${phaseOf(claim)}`
      }),
    )
  },
})

function byPod(
  pods: readonly Pod[],
  set: StatefulSet,
  say: (template: string, pod: Pod) => string,
): Record<string, string[]> {
  const templates = (set.spec?.volumeClaimTemplates ?? []).map(nameOf)
  return Object.fromEntries(pods.map((pod) => [nameOf(pod), templates.map((name) => say(name, pod))]))
}
