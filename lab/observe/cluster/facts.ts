import { AppsV1Api, CoreV1Api } from '@kubernetes/client-node'
import type { V1ConfigMap, V1DaemonSet, V1Node, V1Pod } from '@kubernetes/client-node'
import { parseAddress } from '../../../topology/cidr.js'
import type { Family } from '../../../topology/cidr.js'
import { plain } from '../api.js'
import { servedZone } from '../model/corefile.js'
import type { LabFacts } from '../model/lab.js'
import type { Part } from '../model/observations.js'
import type { Plain } from '../model/plain.js'
import { proxyMode } from './proxy-mode.js'
import type { Reader } from './reader.js'

const SYSTEM = 'kube-system'

/** What a cluster says of itself. */
export interface FoundFacts {
  /** Without a domain where the DNS server's configuration does not tell it. */
  readonly facts: Omit<LabFacts, 'clusterDomain'> & { readonly clusterDomain: string | undefined }
  readonly nodes: readonly Plain<V1Node>[]
  /** How many of each there are, or why it could not be read. */
  readonly lists: Readonly<Record<string, Part<number>>>
}

/** The facts of a cluster that no topology describes. What may not be read is taken for the default. */
export async function findFacts(reader: Reader, name: string): Promise<FoundFacts> {
  const configMap = (map: string): Promise<Part<V1ConfigMap | null>> =>
    reader.find(`GET configmap ${SYSTEM}/${map}`, (c) =>
      new CoreV1Api(c).readNamespacedConfigMap({ namespace: SYSTEM, name: map }),
    )
  const daemonSet = (set: string): Promise<Part<V1DaemonSet | null>> =>
    reader.find(`GET daemonset ${SYSTEM}/${set}`, (c) =>
      new AppsV1Api(c).readNamespacedDaemonSet({ namespace: SYSTEM, name: set }),
    )
  const [nodes, coredns, kubeProxy, kubeProxyConfig, kubeProxyPods, nodeLocalDns] = await Promise.all([
    reader.read('GET nodes', async (c) => plain((await new CoreV1Api(c).listNode()).items)),
    configMap('coredns'),
    daemonSet('kube-proxy'),
    configMap('kube-proxy'),
    reader.read(
      `GET pods of ${SYSTEM} -l component=kube-proxy`,
      async (c): Promise<V1Pod[]> =>
        (
          await new CoreV1Api(c).listNamespacedPod({
            namespace: SYSTEM,
            labelSelector: 'component=kube-proxy',
          })
        ).items,
    ),
    daemonSet('node-local-dns'),
  ])
  const all = valueOf(nodes) ?? []
  return {
    facts: {
      name,
      nodes: all.toSorted(byRole).map(nameOfNode),
      kubeProxyMode: proxyMode({
        daemonSet: valueOf(kubeProxy),
        staticPods: valueOf(kubeProxyPods),
        config: valueOf(kubeProxyConfig)?.data?.['config.conf'],
        nodes: all,
      }),
      clusterDomain: servedZone(valueOf(coredns)?.data?.['Corefile'] ?? ''),
      ipFamilies: familiesOf(all),
      ...(valueOf(nodeLocalDns) ? { nodeLocalDns: true } : {}),
    },
    nodes: all,
    lists: {
      nodes: counted(nodes),
      [`${SYSTEM}/configmaps/coredns`]: counted(coredns),
      [`${SYSTEM}/configmaps/kube-proxy`]: counted(kubeProxyConfig),
      [`${SYSTEM}/daemonsets/kube-proxy`]: counted(kubeProxy),
    },
  }
}

/** `undefined` where it could not be read; `null` where it is not there. */
function valueOf<T>(part: Part<T>): T | undefined {
  return 'error' in part ? undefined : part.value
}

function counted(part: Part<unknown>): Part<number> {
  if ('error' in part) return part
  const { value } = part
  return { ...part, value: Array.isArray(value) ? value.length : value === null ? 0 : 1 }
}

function nameOfNode({ metadata }: Plain<V1Node>): string {
  return metadata?.name ?? ''
}

/** Control plane first, then by name. */
function byRole(a: Plain<V1Node>, b: Plain<V1Node>): number {
  const rank = ({ metadata }: Plain<V1Node>): number =>
    metadata?.labels?.['node-role.kubernetes.io/control-plane'] === undefined ? 1 : 0
  return rank(a) - rank(b) || (nameOfNode(a) < nameOfNode(b) ? -1 : 1)
}

/** The families that the nodes' ranges for pods have; IPv4 where they have none, as with some CNIs. */
function familiesOf(nodes: readonly Plain<V1Node>[]): Family[] {
  const ranges = nodes.find(({ spec }) => spec?.podCIDRs !== undefined)?.spec?.podCIDRs ?? []
  const families = ranges.flatMap((range) => parseAddress(range.split('/')[0] ?? '')?.family ?? [])
  return families.length === 0 ? [4] : [...new Set(families)]
}
