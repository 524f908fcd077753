import { ApiException, AppsV1Api, CoreV1Api, DiscoveryV1Api } from '@kubernetes/client-node'
import type { Configuration, KubeConfig } from '@kubernetes/client-node'
import { configure } from '../cluster/client.js'
import { collect } from './collect.js'
import type { Collecting } from './collect.js'
import type { ApiObservations, Part } from './model/observations.js'
import type { Plain } from './model/plain.js'
import { collectNetworkLists } from './network-lists.js'
import { API_MS } from './deadlines.js'

/** Enough for any start script; the end of a longer log is what matters. */
const LOG_LINES = 200

/** Where kubeadm keeps the configuration of the cluster's DNS server. */
const COREDNS = { namespace: 'kube-system', name: 'coredns' }

/** The lists that everything else is judged against, of the given namespaces; the nodes, and the DNS server's configuration. */
export async function collectApi(
  collecting: Collecting,
  kubeconfig: KubeConfig,
  namespaces: readonly string[],
  /** Where pods are listed besides: those that are looked with need not be where something is declared. */
  alsoPodsOf: readonly string[] = [],
): Promise<ApiObservations> {
  const list = <Item>(
    resource: string,
    fetch: (configuration: Configuration, namespace: string) => Promise<{ items: Item[] }>,
    of = namespaces,
  ): Promise<Part<readonly Plain<Item>[]>> =>
    part(`api.${resource}`, `GET ${resource} of ${of.join(', ')}`, async (configuration) => {
      const lists = await Promise.all(of.map((namespace) => fetch(configuration, namespace)))
      return plain(lists.flatMap(({ items }) => items))
    })
  const part = <T>(
    name: string,
    source: string,
    fetch: (configuration: Configuration) => Promise<T>,
  ): Promise<Part<T>> =>
    collect(collecting, { name, source, deadlineMs: API_MS }, (signal) => request(kubeconfig, signal, fetch))

  const [
    services,
    endpointSlices,
    pods,
    statefulSets,
    deployments,
    daemonSets,
    claims,
    nodes,
    corefile,
    network,
  ] = await Promise.all([
    list('services', (c, namespace) => new CoreV1Api(c).listNamespacedService({ namespace })),
    list('endpointslices', (c, namespace) =>
      new DiscoveryV1Api(c).listNamespacedEndpointSlice({ namespace }),
    ),
    list('pods', (c, namespace) => new CoreV1Api(c).listNamespacedPod({ namespace }), [
      ...new Set([...namespaces, ...alsoPodsOf]),
    ]),
    list('statefulsets', (c, namespace) => new AppsV1Api(c).listNamespacedStatefulSet({ namespace })),
    list('deployments', (c, namespace) => new AppsV1Api(c).listNamespacedDeployment({ namespace })),
    list('daemonsets', (c, namespace) => new AppsV1Api(c).listNamespacedDaemonSet({ namespace })),
    list('persistentvolumeclaims', (c, namespace) =>
      new CoreV1Api(c).listNamespacedPersistentVolumeClaim({ namespace }),
    ),
    part('api.nodes', 'GET nodes', async (c) => plain((await new CoreV1Api(c).listNode()).items)),
    part('api.corefile', `GET configmap ${COREDNS.namespace}/${COREDNS.name}`, async (c) => {
      const { data } = await new CoreV1Api(c).readNamespacedConfigMap(COREDNS)
      const corefile = data?.['Corefile']
      if (corefile === undefined) throw new Error('the ConfigMap has no Corefile')
      return corefile
    }),
    collectNetworkLists([...new Set([...namespaces, ...alsoPodsOf])], { list, part, plain }),
  ])
  return {
    ...{ services, endpointSlices, pods, statefulSets, deployments, daemonSets },
    ...{ persistentVolumeClaims: claims, nodes, corefile, ...network },
  }
}

/** The log of one container of a pod. */
export function collectLog(
  collecting: Collecting,
  kubeconfig: KubeConfig,
  { namespace, pod, container }: { namespace: string; pod: string; container: string },
): Promise<Part<string>> {
  const source = `kubectl logs -n ${namespace} ${pod} -c ${container}`
  return collect(collecting, { name: `log.${pod}`, source, deadlineMs: API_MS }, (signal) =>
    request(kubeconfig, signal, (configuration) =>
      new CoreV1Api(configuration).readNamespacedPodLog({
        namespace,
        name: pod,
        container,
        tailLines: LOG_LINES,
      }),
    ),
  )
}

/** A request that ends with the signal. What the server refuses is told in its own words. */
export async function request<T>(
  kubeconfig: KubeConfig,
  signal: AbortSignal,
  send: (configuration: Configuration) => Promise<T>,
): Promise<T> {
  try {
    return await send(configure(kubeconfig, signal))
  } catch (error) {
    if (!(error instanceof ApiException)) throw error
    throw new Error(`${error.code}: ${messageOf(error.body)}`, { cause: error })
  }
}

/** The message of a Status, which comes as an object or as text. */
function messageOf(body: unknown): string {
  const status: unknown = typeof body === 'string' && body.startsWith('{') ? JSON.parse(body) : body
  const message = (status as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : String(body)
}

/** Long, and nothing is judged by it: who set which field, and the images each node holds. */
const unneeded: ReadonlySet<string> = new Set(['managedFields', 'images'])

/** As JSON has it, without what nobody needs. */
export function plain<Item>(items: readonly Item[]): Plain<Item>[] {
  return JSON.parse(
    JSON.stringify(items, (key, value: unknown) => (unneeded.has(key) ? undefined : asInTheApi(value))),
  ) as Plain<Item>[]
}

/** The client calls the `from` of a NetworkPolicy's rule `_from`. */
function asInTheApi(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('_from' in value)) return value
  const { _from: from, ...rest } = value
  return { from, ...rest }
}
