import { nodeNames } from '../../../topology/model.js'
import type { KubeProxyMode, Topology } from '../../../topology/model.js'

/** What verification has to know of the lab itself, beside the objects declared in it. Plain JSON. */
export interface LabFacts {
  readonly name: string
  /** Names of the nodes, control plane first. */
  readonly nodes: readonly string[]
  readonly kubeProxyMode: KubeProxyMode
  /** DNS domain of the cluster. */
  readonly clusterDomain: string
}

/** The facts of a lab, from its topology. */
export function labFacts(topology: Topology): LabFacts {
  return {
    name: topology.name,
    nodes: nodeNames(topology),
    kubeProxyMode: topology.kubeProxyMode,
    clusterDomain: topology.clusterDomain,
  }
}
