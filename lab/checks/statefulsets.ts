import { nameOf } from '../observe/model/declared.js'
import { defineCheck } from './check.js'
import { liveOf, podsOf } from './live.js'
import { compare } from './outcome.js'
import { eachStatefulSet } from './scopes.js'

const statefulSetsReplicas = defineCheck({
  id: 'statefulsets.replicas',
  title: 'the StatefulSet has the declared number of replicas, all ready',
  answers: '001 exercise 2',
  needs: ['api.statefulsets'],
  hint: 'It was scaled by hand (`deploy` sets it back), or a pod is not Ready and those after it wait: see `kubectl describe statefulset`.',
  of: eachStatefulSet,
  judge: (set, { observations, read }) => {
    const live = liveOf(set, read(observations.api.statefulSets))
    const replicas = set.spec?.replicas ?? 1
    const seen =
      live === undefined
        ? 'absent'
        : { replicas: live.spec?.replicas ?? 1, ready: live.status?.readyReplicas ?? 0 }
    return compare({ replicas, ready: replicas }, seen)
  },
})

const statefulSetsIdentity = defineCheck({
  id: 'statefulsets.identity',
  title: 'pod names are the ordinals without a gap, and each pod has its name as host name',
  answers: '001 exercise 4',
  needs: ['api.pods'],
  hint: 'A pod that is missing in the middle is being replaced or was deleted: see `kubectl get pods` and the events of the StatefulSet.',
  of: eachStatefulSet,
  judge: (set, context) => {
    const pods = podsOf(set, context)
    const first = set.spec?.ordinals?.start ?? 0
    const names = pods.map((_, i) => `${nameOf(set)}-${first + i}`)
    const hostnames = pods.map((pod) => [nameOf(pod), pod.spec?.hostname ?? null])
    return compare(Object.fromEntries(names.map((name) => [name, name])), Object.fromEntries(hostnames))
  },
})

export const statefulSetChecks = [statefulSetsReplicas, statefulSetsIdentity]
