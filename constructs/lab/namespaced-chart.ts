import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { DEFAULT_NAMESPACE } from '../dns.js'
import type { Labels } from '../labels.js'
import { labelProblems, rfc1123Problem } from '../names.js'
import type { Peer } from '../policies/ingress-policy.js'
import { addRules, countRule, nameRule } from '../validation.js'

/** What all charts of the lab are told. */
export interface LabOptions {
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
  /**
   * Labels of every object (not of the pods), beside its own.
   * @default - `app.kubernetes.io/part-of: headless-lab` only
   */
  readonly labels?: Labels
  /**
   * Number of nodes of the cluster, control plane included, 1 or more. With it the pods of a StatefulSet wait for all of
   * them rather than share one.
   * @default - the nodes that are usable when a pod is scheduled
   */
  readonly nodes?: number
}

/** The toolbox that asks the workloads of all namespaces, from its own. */
export const TOOLBOX: Peer = { namespace: DEFAULT_NAMESPACE, podLabels: { app: 'multitool' } }

/** One namespace of the lab: the Namespace itself (`default`, which is there already, gets its label), and what is in it. */
export abstract class NamespacedChart extends Chart {
  protected constructor(scope: Construct, namespace: string, options: LabOptions) {
    super(scope, namespace, {
      namespace,
      labels: { 'app.kubernetes.io/part-of': 'headless-lab', ...options.labels },
      disableResourceNameHashes: true,
    })
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: namespace,
        // The API server refuses what is not restricted; nothing of the lab is otherwise.
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    })
    addRules(
      this,
      nameRule('namespace', namespace, rfc1123Problem),
      countRule('nodes', options.nodes ?? 1, 1),
      () => labelProblems('labels', options.labels),
    )
  }
}

/** What of the options the workloads of a chart are given. */
export function workloadOptions({ clusterDomain, nodes }: LabOptions): {
  readonly clusterDomain?: string
  readonly minDomains?: number
} {
  return {
    ...(clusterDomain === undefined ? {} : { clusterDomain }),
    ...(nodes === undefined ? {} : { minDomains: nodes }),
  }
}
