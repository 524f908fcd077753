import type { V1PodSpec, V1Taint, V1Toleration } from '@kubernetes/client-node'
import { nameOf, templateOf } from '../../observe/model/declared.js'
import type { Workload } from '../../observe/model/declared.js'
import type { Plain } from '../../observe/model/plain.js'
import { isReady } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { podsOf } from '../live.js'
import { compare } from '../outcome.js'
import { eachDaemonSet, eachSpread, spreadOf } from '../scopes.js'

const everyNode = defineCheck({
  id: 'workloads.every-node',
  title: 'one ready pod on every node, the control plane included',
  answers: '001 exercise 2',
  needs: ['api.pods', 'api.nodes'],
  hint: 'A node without one has a taint the pods do not tolerate, no room, or is not Ready: see `kubectl describe daemonset`.',
  of: eachDaemonSet,
  judge: (workload, context) => {
    const nodes = podsOf(workload, context).filter(isReady).map(nodeOf)
    const usable = usableNodes(workload, context)
    // Of a lab it is known which nodes it has to have; elsewhere a taint says whom the pods have to leave alone.
    const wanted = context.lab.topology === undefined ? usable : context.lab.nodes
    return compare([...wanted].sort(), nodes.sort())
  },
})

const spread = defineCheck({
  id: 'workloads.spread',
  title: 'the pods are spread evenly over the nodes they may run on',
  answers: '001 exercise 2',
  needs: ['api.pods', 'api.nodes'],
  hint: 'Pods were placed while a node was missing or not Ready; deleting a pod of the fullest node lets it be placed again.',
  of: eachSpread,
  judge: (workload, context) => {
    const perNode = Object.fromEntries(usableNodes(workload, context).map((node) => [node, 0]))
    for (const pod of podsOf(workload, context)) {
      const node = nodeOf(pod)
      perNode[node] = (perNode[node] ?? 0) + 1
    }
    const affinity = templateOf(workload)?.spec?.affinity?.nodeAffinity
    if (affinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined)
      return skipped('its node affinity says which nodes are meant')
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

/** What the pods of every DaemonSet tolerate, unasked. */
const ofDaemonSets: readonly Plain<V1Toleration>[] = [
  ...['not-ready', 'unreachable', 'unschedulable'],
  ...['disk-pressure', 'memory-pressure', 'pid-pressure'],
].map((taint) => ({ key: `node.kubernetes.io/${taint}`, operator: 'Exists' }))

export const placementChecks = [everyNode, spread]

function nodeOf(pod: Pod): string {
  return pod.spec?.nodeName ?? 'no node'
}

/** The nodes that the pods of a workload may run on, by their taints and labels. */
function usableNodes(workload: Workload, { observations, read }: Context): string[] {
  const { tolerations = [], nodeSelector = {} }: Plain<V1PodSpec> = templateOf(workload)?.spec ?? {
    containers: [],
  }
  const all = workload.kind === 'DaemonSet' ? [...tolerations, ...ofDaemonSets] : tolerations
  return read(observations.api.nodes)
    .filter(
      ({ spec, metadata }) =>
        (spec?.taints ?? []).every((taint) => tolerated(taint, all)) &&
        Object.entries(nodeSelector).every(([key, value]) => metadata?.labels?.[key] === value),
    )
    .map(nameOf)
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
