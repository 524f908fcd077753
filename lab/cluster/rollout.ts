import type { V1DaemonSet, V1Deployment, V1Pod, V1StatefulSet } from '@kubernetes/client-node'

/**
 * What is missing until a workload is rolled out, as `kubectl rollout status` judges it; `undefined` when
 * nothing is. Pure.
 */
export function missingFromRollout(live: V1Deployment | V1StatefulSet | V1DaemonSet): string | undefined {
  const { kind = 'workload', metadata, status } = live
  const namespace = metadata?.namespace === undefined ? '' : `${metadata.namespace}/`
  const name = `${kind} ${namespace}${metadata?.name ?? ''}`
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return `${name}: not observed yet`
  const [wanted, updated, ready] = counts(live)
  if (updated < wanted) return `${name}: ${updated} of ${wanted} updated`
  if (ready < wanted) return `${name}: ${ready} of ${wanted} ready`
  return extra(live, wanted) ? `${name}: pods of before still run` : undefined
}

function counts(
  live: V1Deployment | V1StatefulSet | V1DaemonSet,
): [wanted: number, updated: number, ready: number] {
  if (isDaemonSet(live)) {
    const { status } = live
    // Before its controller has looked, a DaemonSet wants no pod at all.
    return [
      status?.desiredNumberScheduled || 1,
      status?.updatedNumberScheduled ?? 0,
      status?.numberAvailable ?? 0,
    ]
  }
  const wanted = live.spec?.replicas ?? 1
  const { status } = live
  // A StatefulSet that has never been updated counts all of its pods as current ones.
  const sameRevision = live.kind === 'StatefulSet' && isSettled(live as V1StatefulSet)
  const updated = sameRevision ? (status?.replicas ?? 0) : (status?.updatedReplicas ?? 0)
  return [wanted, updated, status?.availableReplicas ?? 0]
}

const isSettled = ({ status }: V1StatefulSet): boolean => status?.currentRevision === status?.updateRevision

function extra(live: V1Deployment | V1StatefulSet | V1DaemonSet, wanted: number): boolean {
  return !isDaemonSet(live) && (live.status?.replicas ?? 0) > wanted
}

function isDaemonSet(live: V1Deployment | V1StatefulSet | V1DaemonSet): live is V1DaemonSet {
  return live.kind === 'DaemonSet'
}

/** Why a pod is not ready, as people read it; `undefined` when it is, or has done its work. Pure. */
export function notReadyReason({ status }: V1Pod): string | undefined {
  if (status?.phase === 'Succeeded') return undefined
  const condition = (type: string): { status: string; reason?: string; message?: string } | undefined =>
    status?.conditions?.find((one) => one.type === type)
  if (condition('Ready')?.status === 'True') return undefined
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  for (const { name, state, restartCount } of containers) {
    const waiting = state?.waiting
    if (waiting?.reason !== undefined && waiting.reason !== 'PodInitializing') {
      return `container ${name}: ${waiting.reason}${waiting.message === undefined ? '' : ` (${waiting.message})`}, ${restartCount} restarts`
    }
  }
  const scheduled = condition('PodScheduled')
  if (scheduled?.status === 'False') return `not scheduled: ${scheduled.message ?? scheduled.reason ?? ''}`
  const running = containers.find(({ ready, state }) => !ready && state?.terminated === undefined)
  return running === undefined ? (status?.phase ?? 'unknown') : `container ${running.name} is not ready`
}

/**
 * Whether what is known of a pod was true before its node was started: containers run in it that nothing can have kept
 * running. Pure.
 */
export function isOfBefore({ status }: V1Pod, nodeStarted: Date | undefined): boolean {
  if (nodeStarted === undefined) return false
  // Kubernetes tells whole seconds.
  const since = Math.floor(nodeStarted.getTime() / 1000) * 1000
  return (status?.containerStatuses ?? []).some(({ state }) => {
    const at = state?.running?.startedAt
    return at !== undefined && at.getTime() < since
  })
}
