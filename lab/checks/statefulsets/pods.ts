import { nameOf } from '../../observe/model/declared.js'
import type { StatefulSet } from '../../observe/model/declared.js'
import type { Pod } from '../../observe/model/pods.js'
import { Unobserved, defineCheck } from '../check.js'
import type { Context } from '../check.js'
import { liveOf, podsOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachStatefulSet } from '../scopes.js'

const INDEX = 'apps.kubernetes.io/pod-index'

const replicas = defineCheck({
  id: 'statefulsets.replicas',
  title: 'the StatefulSet has the declared number of replicas, all ready',
  answers: '001 exercise 2',
  needs: ['api.statefulsets'],
  hint: 'It was scaled by hand (in a lab `deploy` sets it back), or a pod is not Ready and those after it wait: see `kubectl describe statefulset`. Pods that become Ready only when they know one another need podManagementPolicy Parallel and a service with publishNotReadyAddresses.',
  of: eachStatefulSet,
  judge: (set, { observations, read }) => {
    const live = liveOf(set, read(observations.api.statefulSets))
    const wanted = set.spec?.replicas ?? 1
    const seen =
      live === undefined
        ? 'absent'
        : { replicas: live.spec?.replicas ?? 1, ready: live.status?.readyReplicas ?? 0 }
    return compare({ replicas: wanted, ready: wanted }, seen)
  },
})

const ordinals = defineCheck({
  id: 'statefulsets.ordinals',
  title: 'pod names are the ordinals without a gap, and each pod carries its ordinal as a label',
  answers: '001 exercise 2; 002 Kafka (node id)',
  needs: ['api.pods'],
  hint: 'A pod that is missing in the middle is being replaced or was deleted: see `kubectl get pods` and the events of the StatefulSet.',
  of: eachStatefulSet,
  judge: (set, context) => {
    const pods = existing(set, context)
    const first = set.spec?.ordinals?.start ?? 0
    // Control planes older than 1.28 do not give this label.
    const labelled = pods.some(({ metadata }) => metadata?.labels?.[INDEX] !== undefined)
    const said = (ordinal: number): string => (labelled ? `${ordinal}` : 'there')
    return compare(
      Object.fromEntries(pods.map((_, i) => [`${nameOf(set)}-${first + i}`, said(first + i)])),
      Object.fromEntries(
        pods.map(({ metadata }) => [
          metadata?.name ?? '',
          labelled ? (metadata?.labels?.[INDEX] ?? 'no label') : 'there',
        ]),
      ),
    )
  },
})

const identity = defineCheck({
  id: 'statefulsets.identity',
  title: 'each pod has its name as host name, and the service of the StatefulSet as subdomain',
  answers: '001 exercise 4',
  needs: ['api.pods'],
  hint: 'The controller sets both when it makes a pod: this one was made otherwise, or before serviceName was what it is now. Delete it, so that it is made again.',
  of: eachStatefulSet,
  judge: (set, context) => {
    const { serviceName: service = '' } = set.spec ?? {}
    const under = (hostname: string, subdomain = ''): string =>
      subdomain === '' ? hostname : `${hostname}.${subdomain}`
    const pods = existing(set, context)
    return compare(
      Object.fromEntries(pods.map((pod) => [nameOf(pod), under(nameOf(pod), service)])),
      Object.fromEntries(
        pods.map((pod) => [nameOf(pod), under(pod.spec?.hostname ?? 'none', pod.spec?.subdomain)]),
      ),
    )
  },
})

const revision = defineCheck({
  id: 'statefulsets.revision',
  title: 'pods from the partition on are of the newest revision, those before it of the one before',
  answers: 'Kubernetes: StatefulSets, partitioned rolling updates',
  needs: ['api.statefulsets', 'api.pods'],
  hint: 'An update is under way, or stands still at a pod that does not become Ready: see `kubectl rollout status statefulset`. With updateStrategy OnDelete a pod is updated when it is deleted.',
  of: eachStatefulSet,
  judge: (set, context) => {
    const live = liveOf(set, context.read(context.observations.api.statefulSets))
    if (live === undefined) throw new Unobserved('the StatefulSet is not on the cluster')
    const pods = existing(set, context)
    const { updateRevision: newest, currentRevision: before } = live.status ?? {}
    const { type, rollingUpdate } = set.spec?.updateStrategy ?? {}
    const partition = rollingUpdate?.partition ?? 0
    const first = set.spec?.ordinals?.start ?? 0
    const wanted = (pod: Pod): string => {
      const index = Number(/\d+$/.exec(nameOf(pod))?.[0] ?? 0) - first
      return index >= partition || before === newest ? 'newest' : 'before'
    }
    const seen = ({ metadata }: Pod): string => {
      const has = metadata?.labels?.['controller-revision-hash'] ?? 'none'
      return has === newest ? 'newest' : has === before ? 'before' : has
    }
    return compare(
      {
        ...{ ...strategyOf(set), seen: live.metadata?.generation ?? null },
        // Nobody said when such pods are to be deleted.
        pods: Object.fromEntries(
          pods.map((pod) => [nameOf(pod), (type === 'OnDelete' ? seen : wanted)(pod)]),
        ),
      },
      {
        ...{ ...strategyOf(live), seen: live.status?.observedGeneration ?? null },
        pods: Object.fromEntries(pods.map((pod) => [nameOf(pod), seen(pod)])),
      },
    )
  },
})

export const podChecks = [replicas, ordinals, identity, revision]

/** The pods of a StatefulSet; where there are none, nothing can be said of them. */
export function existing(set: StatefulSet, context: Context): Pod[] {
  const pods = podsOf(set, context)
  if (pods.length === 0) throw new Unobserved('it has no pods (see workloads.ready)')
  return [...pods].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }))
}

function strategyOf({ spec }: StatefulSet): Record<string, unknown> {
  const { type = 'RollingUpdate', rollingUpdate } = spec?.updateStrategy ?? {}
  return { strategy: type, ...(type === 'RollingUpdate' ? { partition: rollingUpdate?.partition ?? 0 } : {}) }
}
