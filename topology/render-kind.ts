import type { Topology } from './model.js'
import { renderedComment, toYaml } from './yaml.js'

/** Tags of the images inside the node image, which tell the version really built. */
export interface KindImageTags {
  readonly etcdImageTag: string
  readonly dnsImageTag: string
}

/**
 * The kind configuration (kind.x-k8s.io/v1alpha4) of the lab's cluster, as YAML.
 * The node image is containerlab's to give (`renderContainerlab`).
 */
export function renderKindConfig(topology: Topology, tags: KindImageTags): string {
  const { controlPlanes, workers } = topology
  return (
    renderedComment +
    toYaml({
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name: topology.name,
      networking: {
        ipFamily: topology.ipFamily,
        // Never the other addresses of the host. In IPv6 labs too: the nodes' network has both families.
        apiServerAddress: '127.0.0.1',
        podSubnet: topology.podSubnets.join(','),
        serviceSubnet: topology.serviceSubnets.join(','),
        disableDefaultCNI: true,
        // Always written: what the lab shows about iptables rules depends on it.
        kubeProxyMode: topology.kubeProxyMode,
        // Otherwise the host's own search domains reach every pod, and answers differ from host to host.
        dnsSearch: [],
      },
      nodes: [
        ...Array.from({ length: controlPlanes }, () => ({ role: 'control-plane' })),
        ...Array.from({ length: workers }, () => ({ role: 'worker' })),
      ],
      kubeadmConfigPatches: [clusterConfiguration(topology, tags)],
    })
  )
}

/** A merge patch of what kind cannot say. The kubelets take their cluster domain from `dnsDomain` too. */
function clusterConfiguration({ clusterDomain }: Topology, tags: KindImageTags): string {
  return toYaml({
    kind: 'ClusterConfiguration',
    etcd: { local: { imageTag: tags.etcdImageTag } },
    dns: { imageTag: tags.dnsImageTag },
    networking: { dnsDomain: clusterDomain },
  })
}
