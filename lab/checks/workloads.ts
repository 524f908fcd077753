import type { V1Taint, V1Toleration } from '@kubernetes/client-node'
import { nameOf } from '../observe/model/declared.js'
import type { Workload } from '../observe/model/declared.js'
import type { Plain } from '../observe/model/plain.js'
import { isReady } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { defineCheck } from './check.js'
import type { Context } from './check.js'
import { podsOf } from './live.js'
import { compare } from './outcome.js'
import { eachDaemonSet, eachSpread, eachWorkload, spreadOf } from './scopes.js'

const workloadsReady = defineCheck({
  id: 'workloads.ready',
  title: 'as many pods as declared, all Ready',
  answers: '001 exercise 2',
  needs: ['api.pods'],
  hint: 'See `kubectl get pods -o wide`, then `kubectl describe pod` for its events and `kubectl logs` for what it said.',
  of: eachWorkload,
  judge: (workload, context) => {
    const pods = podsOf(workload, context)
    const notReady = pods.filter((pod) => !isReady(pod)).map((pod) => `${nameOf(pod)}: ${whyNotReady(pod)}`)
    const ready = pods.length - notReady.length
    return compare({ ready: wanted(workload, context), notReady: [] }, { ready, notReady: notReady.sort() })
  },
})

const workloadsEveryNode = defineCheck({
  id: 'workloads.every-node',
  title: 'one ready pod on every node, the control plane included',
  answers: '001 exercise 2',
  needs: ['api.pods'],
  hint: 'A node without one has a taint the pods do not tolerate, no room, or is not Ready: see `kubectl describe daemonset`.',
  of: eachDaemonSet,
  judge: (workload, context) => {
    const nodes = podsOf(workload, context).filter(isReady).map(nodeOf)
    return compare([...context.lab.nodes].sort(), nodes.sort())
  },
})

const workloadsSpread = defineCheck({
  id: 'workloads.spread',
  title: 'the pods are spread evenly over the nodes they may run on',
  answers: '001 exercise 2',
  needs: ['api.pods', 'api.nodes'],
  hint: 'Pods were placed while a node was missing or not Ready; deleting a pod of the fullest node lets it be placed again.',
  of: eachSpread,
  judge: (workload, context) => {
    const nodes = context.read(context.observations.api.nodes)
    const tolerations = workload.spec?.template.spec?.tolerations ?? []
    const usable = nodes.filter(({ spec }) =>
      (spec?.taints ?? []).every((taint) => tolerated(taint, tolerations)),
    )
    const perNode = Object.fromEntries(usable.map((node) => [nameOf(node), 0]))
    for (const pod of podsOf(workload, context)) {
      const node = nodeOf(pod)
      perNode[node] = (perNode[node] ?? 0) + 1
    }
    const counts = Object.values(perNode)
    const skew = Math.max(0, ...counts) - Math.min(...counts, Number.MAX_SAFE_INTEGER)
    const maxSkew = spreadOf(workload) ?? 1
    return {
      verdict: skew <= maxSkew ? 'pass' : 'fail',
      expected: { 'difference between nodes': `at most ${maxSkew}` },
      observed: perNode,
    }
  },
})

export const workloadChecks = [workloadsReady, workloadsEveryNode, workloadsSpread]

function wanted(workload: Workload, { lab }: Context): number {
  if (workload.kind === 'DaemonSet') return lab.nodes.length
  return (workload as { spec?: { replicas?: number } }).spec?.replicas ?? 1
}

function nodeOf(pod: Pod): string {
  return pod.spec?.nodeName ?? 'no node'
}

function whyNotReady({ status }: Pod): string {
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = states.find(({ state }) => state?.waiting !== undefined)?.state?.waiting?.reason
  return (
    waiting ?? status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? status?.phase ?? 'unknown'
  )
}

function tolerated(taint: Plain<V1Taint>, tolerations: readonly Plain<V1Toleration>[]): boolean {
  return (
    taint.effect === 'PreferNoSchedule' ||
    tolerations.some(
      ({ key, operator, value, effect }) =>
        (key === undefined || key === taint.key) &&
        (operator === 'Exists' || value === taint.value) &&
        (effect === undefined || effect === taint.effect),
    )
  )
}
