import { k8s } from 'cdk8s-plus-28'
import type { Labels } from './labels.js'

/** Lets a pod run on control-plane nodes, which kubeadm (and so kind) taints. */
export const controlPlaneToleration: k8s.Toleration = {
  key: 'node-role.kubernetes.io/control-plane',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/**
 * Spreads the pods evenly over the nodes; a pod waits rather than sit where it makes the spread uneven, unless
 * told to be scheduled anyway.
 * With as many pods as nodes that is one on each.
 *
 * Counted are the nodes whose taints the pod tolerates (`nodeTaintsPolicy: Honor`). The default, Ignore,
 * counts also nodes that no pod can ever reach: they stay at zero and hold all others at one.
 * @param minDomains number of nodes to be there: while fewer are usable, no node gets a second pod. Without
 * it a node that is not Ready yet is simply not counted, and its pod lands beside another, to stay.
 */
export function spreadOverNodes(
  selector: Labels,
  minDomains: number | undefined,
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway' = 'DoNotSchedule',
): k8s.TopologySpreadConstraint {
  return {
    topologyKey: 'kubernetes.io/hostname',
    maxSkew: 1,
    whenUnsatisfiable,
    nodeTaintsPolicy: 'Honor',
    labelSelector: { matchLabels: selector },
    ...(minDomains === undefined ? {} : { minDomains }),
  }
}

/** Places each pod on another node than its peers where there is one: two nodes must go before two pods do. */
export function apartIfPossible(selector: Labels): k8s.Affinity {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { ...selector } },
          },
        },
      ],
    },
  }
}
