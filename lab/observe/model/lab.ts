import { families, nodeNames } from '../../../topology/model.js'
import type { Family } from '../../../topology/cidr.js'
import type { IpPool, KubeProxyMode, Topology } from '../../../topology/model.js'

/** What verification has to know of the cluster itself, beside the objects declared in it. Plain JSON. */
export interface LabFacts {
  /** Of the lab; of another cluster the name its kubeconfig has for it. */
  readonly name: string
  /** Names of the nodes, control plane first. */
  readonly nodes: readonly string[]
  /** `none` where there is no kube-proxy, `unknown` where its configuration may not be read. */
  readonly kubeProxyMode: KubeProxyMode | 'none' | 'unknown'
  /** DNS domain of the cluster. */
  readonly clusterDomain: string
  /** The address families of pods, the preferred one first. */
  readonly ipFamilies: readonly Family[]
  /** Whether a cache on each node (NodeLocal DNSCache) answers the pods' questions; absent where none was found. */
  readonly nodeLocalDns?: boolean
  /** What the lab was made of; absent for a cluster that no lab's topology describes. */
  readonly topology?: TopologyFacts
}

/** What of a lab's topology is judged. */
export interface TopologyFacts {
  /** Calico's IP pools. */
  readonly pools: readonly IpPool[]
}

/** The facts of a lab, from its topology. */
export function labFacts(topology: Topology): LabFacts {
  return {
    name: topology.name,
    nodes: nodeNames(topology),
    kubeProxyMode: topology.kubeProxyMode,
    clusterDomain: topology.clusterDomain,
    ipFamilies: families(topology.ipFamily),
    topology: { pools: topology.pools },
  }
}
