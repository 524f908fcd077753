import { parseCidr } from './cidr.js'
import { issue, type Issue, type Key } from './issues.js'
import type { Topology } from './model.js'
import { checkPools } from './rules-pools.js'
import {
  checkFamilies,
  checkOverlaps,
  checkPodSizes,
  checkRange,
  checkServiceSizes,
  type Placed,
} from './rules-ranges.js'

/** What cannot work on any host, each with its place. An empty list: it can. */
export function checkTopology(topology: Topology, at: readonly Key[]): Issue[] {
  const place = (text: string, ...keys: Key[]) => ({ keys: [...at, ...keys], text, cidr: parseCidr(text) })
  const written = {
    pods: topology.podSubnets.map((text, i) => place(text, 'podSubnets', i)),
    services: topology.serviceSubnets.map((text, i) => place(text, 'serviceSubnets', i)),
    pools: topology.pools.map((pool, i) => place(pool.cidr, 'pools', i, 'cidr')),
  }
  const independent = [...checkLinuxNodes(topology, at), ...checkKubeProxy(topology, at)]
  const unusable = Object.values(written).flat().flatMap(checkRange)
  // Ranges that are no ranges would only give more of the same below.
  if (unusable.length > 0) return [...unusable, ...independent]
  const usable = (ranges: readonly (typeof written.pods)[number][]): Placed[] =>
    ranges.flatMap(({ cidr, ...rest }) => (cidr ? [{ ...rest, cidr }] : []))
  const ranges = {
    pods: usable(written.pods),
    services: usable(written.services),
    pools: usable(written.pools),
  }
  const counts = [
    ...checkFamilies(topology, ranges.pods, [...at, 'podSubnets']),
    ...checkFamilies(topology, ranges.services, [...at, 'serviceSubnets']),
  ]
  if (counts.length > 0) return [...counts, ...independent]
  return [
    ...checkOverlaps([...ranges.pods, ...ranges.services]),
    ...checkPodSizes(topology, ranges.pods),
    ...checkServiceSizes(ranges.services),
    ...checkPools(topology, ranges.pods, ranges.pools, at),
    ...independent,
  ]
}

/** kube-proxy has nftables behind no feature gate since Kubernetes 1.31. */
function checkKubeProxy({ kubeProxyMode, kubernetesVersion }: Topology, at: readonly Key[]): Issue[] {
  const [major = 0, minor = 0] = kubernetesVersion.slice(1).split('.').map(Number)
  if (kubeProxyMode !== 'nftables' || major > 1 || minor >= 31) return []
  return [
    issue(
      [...at, 'kubeProxyMode'],
      `nftables needs Kubernetes v1.31 or later, not ${kubernetesVersion}; write iptables or a later version`,
    ),
  ]
}

/** Names kind gives its containers after the cluster's name; a linux node's container has the same form. */
const kindRole = /^(control-plane|worker|external-load-balancer)[0-9]*$/

function checkLinuxNodes({ name, linuxNodes }: Topology, at: readonly Key[]): Issue[] {
  return linuxNodes.flatMap((node, i) => {
    const keys = [...at, 'linuxNodes', i, 'name']
    if (linuxNodes.findIndex((other) => other.name === node.name) < i) {
      return [issue(keys, `${JSON.stringify(node.name)} is the name of an earlier linux node; write another`)]
    }
    if (node.name === name || kindRole.test(node.name)) {
      return [
        issue(
          keys,
          `${JSON.stringify(node.name)} is a name kind uses in this lab; write another, for example ${node.name}-linux`,
        ),
      ]
    }
    return []
  })
}
