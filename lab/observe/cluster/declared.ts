import { AppsV1Api, CoreV1Api, DiscoveryV1Api, NetworkingV1Api } from '@kubernetes/client-node'
import type { Configuration, KubernetesObject } from '@kubernetes/client-node'
import { plain } from '../api.js'
import { DEFAULT_NAMESPACE } from '../../../constructs/dns.js'
import type { Part } from '../model/observations.js'
import type { Reader } from './reader.js'

/** A kind of objects that claims are derived from. */
interface Kind {
  readonly apiVersion: string
  readonly kind: string
  readonly resource: string
  readonly list: (configuration: Configuration, namespace: string) => Promise<{ items: KubernetesObject[] }>
}

const KINDS: readonly Kind[] = [
  {
    ...{ apiVersion: 'v1', kind: 'Service', resource: 'services' },
    list: (c, namespace) => new CoreV1Api(c).listNamespacedService({ namespace }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', resource: 'statefulsets' },
    list: (c, namespace) => new AppsV1Api(c).listNamespacedStatefulSet({ namespace }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' },
    list: (c, namespace) => new AppsV1Api(c).listNamespacedDeployment({ namespace }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', resource: 'daemonsets' },
    list: (c, namespace) => new AppsV1Api(c).listNamespacedDaemonSet({ namespace }),
  },
  {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', resource: 'endpointslices' },
    list: (c, namespace) => new DiscoveryV1Api(c).listNamespacedEndpointSlice({ namespace }),
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', resource: 'networkpolicies' },
    list: (c, namespace) => new NetworkingV1Api(c).listNamespacedNetworkPolicy({ namespace }),
  },
]

/** What namespaces of a cluster hold, taken for what is declared in them. */
export interface FoundObjects {
  readonly objects: readonly KubernetesObject[]
  /** How many there are in each list, or why it could not be read; by `<namespace>/<resource>`. */
  readonly lists: Readonly<Record<string, Part<number>>>
}

export async function findDeclared(reader: Reader, namespaces: readonly string[]): Promise<FoundObjects> {
  const wanted = namespaces.flatMap((namespace) => KINDS.map((kind) => ({ namespace, ...kind })))
  const found = await Promise.all(
    wanted.map(async ({ namespace, resource, apiVersion, kind, list }) => {
      const part = await reader.read(`GET ${resource} of ${namespace}`, async (configuration) =>
        plain((await list(configuration, namespace)).items),
      )
      // The items of a list do not say what they are.
      const all = 'error' in part ? [] : part.value.map((object) => ({ ...object, apiVersion, kind }))
      const objects = (all as unknown as KubernetesObject[]).filter(isDeclared).map(asDeclared)
      const count: Part<number> = 'error' in part ? part : { ...part, value: objects.length }
      return { key: `${namespace}/${resource}`, objects, count }
    }),
  )
  return {
    objects: found.flatMap(({ objects }) => objects),
    lists: Object.fromEntries(found.map(({ key, count }) => [key, count])),
  }
}

/**
 * Slices are declared where people or programs of theirs write them, also by the older Endpoints, of which the
 * control plane makes slices. Those it derives from a selector are judged instead.
 */
function isDeclared({ kind, metadata }: KubernetesObject): boolean {
  // The API server's own service: it has neither pods nor a selector, and its slice is the API server's affair.
  if (metadata?.namespace === DEFAULT_NAMESPACE && metadata.name === 'kubernetes') return false
  if (kind !== 'EndpointSlice') return true
  return metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] !== 'endpointslice-controller.k8s.io'
}

/** Without what nobody declared: how it is, and what kubectl notes in it for itself. */
function asDeclared(object: KubernetesObject): KubernetesObject {
  const declared = structuredClone(object) as KubernetesObject & { status?: unknown }
  delete declared.status
  delete declared.metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration']
  return declared
}
