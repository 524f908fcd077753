import { nameOf } from '../../observe/model/declared.js'
import type { DaemonSet, Deployment, Workload } from '../../observe/model/declared.js'
import { isReady } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { liveOf, podsOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachDeploymentOrDaemonSet, eachWorkload } from '../scopes.js'

const ready = defineCheck({
  id: 'workloads.ready',
  title: 'as many pods as declared, all Ready',
  answers: '001 exercise 2',
  needs: ['api.pods', 'api.daemonsets'],
  hint: 'See `kubectl get pods -o wide`, then `kubectl describe pod` for its events and `kubectl logs` for what it said.',
  of: eachWorkload,
  judge: (workload, context) => {
    const pods = podsOf(workload, context)
    const notReady = pods.filter((pod) => !isReady(pod)).map((pod) => `${nameOf(pod)}: ${whyNotReady(pod)}`)
    const count = pods.length - notReady.length
    return compare(
      { ready: wanted(workload, context), notReady: [] },
      { ready: count, notReady: notReady.sort() },
    )
  },
})

const updated = defineCheck({
  id: 'workloads.updated',
  title: 'every pod is of the newest template',
  answers: 'Kubernetes: Deployments, rolling update',
  needs: ['api.deployments', 'api.daemonsets'],
  hint: 'A rollout is under way, or stands still at pods that do not become Ready: see `kubectl rollout status`. Until it ends a service leads to old and new pods.',
  of: eachDeploymentOrDaemonSet,
  judge: (workload, context) => {
    const { observations, read } = context
    if (workload.kind === 'DaemonSet') {
      const live = liveOf<DaemonSet>(workload as DaemonSet, read(observations.api.daemonSets))
      if (live?.spec?.updateStrategy?.type === 'OnDelete') return skipped('its pods are updated when deleted')
      const { desiredNumberScheduled = 0, updatedNumberScheduled = 0 } = live?.status ?? {}
      return compareRollout(live, desiredNumberScheduled, updatedNumberScheduled)
    }
    const live = liveOf<Deployment>(workload, read(observations.api.deployments))
    if (live?.spec?.paused === true) return skipped('its rollout is paused')
    const { replicas = 0, updatedReplicas = 0 } = live?.status ?? {}
    return compareRollout(live, replicas, updatedReplicas)
  },
})

export const readyChecks = [ready, updated]

function compareRollout(
  live: Deployment | DaemonSet | undefined,
  all: number,
  newest: number,
): ReturnType<typeof compare> {
  if (live === undefined) throw new Unobserved('it is not on the cluster (see workloads.ready)')
  return compare(
    { pods: all, 'of the newest template': all, seen: live.metadata?.generation ?? null },
    { pods: all, 'of the newest template': newest, seen: live.status?.observedGeneration ?? null },
  )
}

/** How many pods there have to be. Of a DaemonSet the control plane says it: it knows which nodes are meant. */
function wanted(workload: Workload, { lab, observations, read }: Context): number {
  if (workload.kind === 'DaemonSet') {
    const live = liveOf(workload as DaemonSet, read(observations.api.daemonSets))
    return live?.status?.desiredNumberScheduled ?? lab.nodes.length
  }
  return (workload as { spec?: { replicas?: number } }).spec?.replicas ?? 1
}

function whyNotReady({ status }: Pod): string {
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = states.find(({ state }) => state?.waiting !== undefined)?.state?.waiting?.reason
  const said = (type: string): string | undefined =>
    status?.conditions?.find((one) => one.type === type && one.status !== 'True')?.reason
  return waiting ?? said('Ready') ?? said('PodScheduled') ?? status?.phase ?? 'unknown'
}
