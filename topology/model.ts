import type { Family } from './cidr.js'

/**
 * The hosts and networks of a lab, complete: every field has a value. Made by `parseTopology`, which gives
 * the defaults and rejects what cannot work; rendered to containerlab, kind and Calico files.
 */
export interface Topology {
  /** Name of the lab, of the kind cluster and of the containerlab topology. RFC 1123 label, at most 40 characters. */
  readonly name: string
  /** Number of control-plane nodes. Only 1 for now: more need a load balancer image. */
  readonly controlPlanes: number
  /** Number of worker nodes, 0 to 16. */
  readonly workers: number
  readonly ipFamily: IpFamily
  /** Pod CIDRs: one, or two (IPv4 first) when `ipFamily` is `dual`. */
  readonly podSubnets: readonly string[]
  /** Service CIDRs: one, or two (IPv4 first) when `ipFamily` is `dual`. */
  readonly serviceSubnets: readonly string[]
  readonly kubeProxyMode: KubeProxyMode
  readonly pools: readonly IpPool[]
  /** DNS domain of the cluster. */
  readonly clusterDomain: string
  /** Kubernetes version with the `v`, for example `v1.34.4`. */
  readonly kubernetesVersion: string
  /** Calico version with the `v`, for example `v3.28.5`. */
  readonly calicoVersion: string
  /** Extra containerlab nodes of kind `linux` beside the cluster, for example an external database. */
  readonly linuxNodes: readonly LinuxNode[]
}

export type IpFamily = 'ipv4' | 'ipv6' | 'dual'
export type KubeProxyMode = 'iptables' | 'nftables' | 'ipvs'
export type Encapsulation = 'VXLAN' | 'VXLANCrossSubnet' | 'None'

/** A Calico IP pool. */
export interface IpPool {
  readonly name: string
  /** Inside one of the pod CIDRs. */
  readonly cidr: string
  /** Prefix length of the block each node takes, 20 to 32 (IPv4) or 116 to 128 (IPv6). */
  readonly blockSize: number
  /** `None` only where there is one node: routes between nodes would need BGP, which the lab has not. */
  readonly encapsulation: Encapsulation
  readonly natOutgoing: boolean
  /** Calico selector of the nodes that may take blocks of it. */
  readonly nodeSelector: string
}

export interface LinuxNode {
  /** RFC 1123 label, at most 22 characters; its container is `<lab>-<name>`. */
  readonly name: string
  /** Image as the Docker engine knows it, or a name that `renderContainerlab` is told the reference of. */
  readonly image: string
  readonly env: Readonly<Record<string, string>>
  /** Command line, split as a shell would. Default: the image's own. */
  readonly cmd?: string
}

/** The names kind gives the containers of a cluster, control plane first. */
export function nodeNames(topology: Pick<Topology, 'name' | 'controlPlanes' | 'workers'>): string[] {
  const numbered = (role: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${topology.name}-${role}${i === 0 ? '' : String(i + 1)}`)
  return [...numbered('control-plane', topology.controlPlanes), ...numbered('worker', topology.workers)]
}

/** The families a lab has, in the order of its subnets. */
export const families = (ipFamily: IpFamily): readonly Family[] =>
  ipFamily === 'ipv4' ? [4] : ipFamily === 'ipv6' ? [6] : [4, 6]
