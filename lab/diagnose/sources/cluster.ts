import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import type { ClusterReader, LogTarget } from '../cluster-reader.js'
import { secretsOf } from '../known-secrets.js'
import { listed } from '../secret-values.js'
import { asJson, type Part, type Source } from '../part.js'
import { LINES, tailOf } from '../tail-of.js'

/** Of each kind at most: events of a cluster that fails can be many. */
const ITEMS = 3_000

/** What is listed, by the name of its file. */
const LISTS: Readonly<Record<string, string>> = {
  nodes: '/api/v1/nodes',
  namespaces: '/api/v1/namespaces',
  services: '/api/v1/services',
  configmaps: '/api/v1/configmaps',
  persistentvolumeclaims: '/api/v1/persistentvolumeclaims',
  persistentvolumes: '/api/v1/persistentvolumes',
  endpointslices: '/apis/discovery.k8s.io/v1/endpointslices',
  statefulsets: '/apis/apps/v1/statefulsets',
  deployments: '/apis/apps/v1/deployments',
  replicasets: '/apis/apps/v1/replicasets',
  daemonsets: '/apis/apps/v1/daemonsets',
  networkpolicies: '/apis/networking.k8s.io/v1/networkpolicies',
  ippools: '/apis/crd.projectcalico.org/v1/ippools',
  felixconfigurations: '/apis/crd.projectcalico.org/v1/felixconfigurations',
  globalnetworkpolicies: '/apis/crd.projectcalico.org/v1/globalnetworkpolicies',
}

interface List<Item> {
  readonly metadata?: { readonly continue?: string }
  readonly items: readonly Item[]
}

/**
 * What the API server has, and the logs of all containers of pods.
 *
 * @param reader its error is the source's
 */
export const clusterSource = (reader: () => Promise<ClusterReader>): Source => ({
  name: 'cluster',
  find: async (signal) => {
    const cluster = await reader()
    const pods = await list<V1Pod>(cluster, '/api/v1/pods', signal)
    return [
      {
        file: 'cluster/version.json',
        about: 'version of the API server',
        read: async (ends) => asJson(await cluster.get('/version', ends)),
      },
      {
        file: 'cluster/health.json',
        about: 'what the API server says of its own health',
        read: async (ends) => asJson({ readyz: await cluster.get('/readyz?verbose', ends) }),
      },
      {
        file: 'cluster/secrets.json',
        about: 'names and keys of Secrets, without their values',
        read: async (ends) => asJson(listed(await secretsOf(cluster, ends))),
      },
      {
        file: 'cluster/events.json',
        about: 'events of all namespaces, oldest first',
        read: async (ends) => asJson(inOrder(await list<Event>(cluster, '/api/v1/events', ends))),
      },
      {
        file: 'cluster/pods.json',
        about: 'pods of all namespaces',
        read: () => Promise.resolve(asJson(pods)),
      },
      ...Object.entries(LISTS).map(([name, path]): Part => ({
        file: `cluster/${name}.json`,
        about: name,
        read: async (ends) => asJson(await list(cluster, path, ends)),
      })),
      ...pods.items.flatMap((pod) => logTargets(pod).map((target) => logPart(cluster, target))),
    ]
  },
})

/** A list without what nobody reads: who set which field. */
async function list<Item>(cluster: ClusterReader, path: string, signal: AbortSignal): Promise<List<Item>> {
  const answer = await cluster.get(`${path}?limit=${ITEMS}`, signal)
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => (key === 'managedFields' ? undefined : value)),
  ) as List<Item>
}

/** An Event, as far as its time: those of a series have another field than single ones. */
interface Event {
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly metadata?: { readonly creationTimestamp?: string | null }
}

function inOrder({ items, ...rest }: List<Event>): List<Event> {
  const time = ({ lastTimestamp, eventTime, metadata }: Event): number =>
    Date.parse(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? '') || 0
  return { ...rest, items: items.toSorted((a, b) => time(a) - time(b)) }
}

/** The logs that a pod can have: of each container as it is, and of the run before where it was started again. */
function logTargets({ metadata, status }: V1Pod): LogTarget[] {
  const [namespace, pod] = [metadata?.namespace ?? '', metadata?.name ?? '']
  const containers: V1ContainerStatus[] = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  return containers.flatMap(({ name: container, lastState }) => {
    const target = { namespace, pod, container, previous: false }
    return lastState?.terminated === undefined ? [target] : [target, { ...target, previous: true }]
  })
}

function logPart(cluster: ClusterReader, target: LogTarget): Part {
  const { namespace, pod, container, previous } = target
  return {
    file: `cluster/logs/${namespace}/${pod}/${container}${previous ? '.previous' : ''}.log`,
    about: previous ? 'log of the run before' : 'log of a container',
    read: async (signal) => tailOf(await cluster.log(target, LINES, signal)),
  }
}
