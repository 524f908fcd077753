import { ApiException, CoreV1Api, CustomObjectsApi, NetworkingV1Api } from '@kubernetes/client-node'
import type { Configuration } from '@kubernetes/client-node'
import { calicoNamespaces, calicoNodeLabel } from './model/calico.js'
import type { ApiObservations, Part } from './model/observations.js'
import type { Plain } from './model/plain.js'
import type { NetworkPolicy } from './model/policies.js'

type NetworkLists = Pick<
  ApiObservations,
  'namespaces' | 'networkPolicies' | 'ipPools' | 'blockAffinities' | 'ipamBlocks' | 'calicoPods'
>

/** How the lists of the API are read. */
interface Reads {
  readonly list: <Item>(
    resource: string,
    fetch: (configuration: Configuration, namespace: string) => Promise<{ items: Item[] }>,
    of: readonly string[],
  ) => Promise<Part<readonly Plain<Item>[]>>
  readonly part: <T>(
    name: string,
    source: string,
    fetch: (configuration: Configuration) => Promise<T>,
  ) => Promise<Part<T>>
  readonly plain: <Item>(items: readonly Item[]) => Plain<Item>[]
}

/** Where Calico keeps its data. */
const CRD = { group: 'crd.projectcalico.org', version: 'v1' }

/** The lists that say who may reach whom in some namespaces, and what Calico made of it. */
export async function collectNetworkLists(
  namespaces: readonly string[],
  { list, part, plain }: Reads,
): Promise<NetworkLists> {
  const ofCalico = <Key extends 'ipPools' | 'blockAffinities' | 'ipamBlocks'>(
    key: Key,
  ): Promise<NetworkLists[Key]> => {
    const plural = key.toLowerCase()
    return part(`api.${plural}`, `GET ${plural}.${CRD.group}`, async (c) => {
      try {
        const all: unknown = await new CustomObjectsApi(c).listClusterCustomObject({ ...CRD, plural })
        return plain((all as { items: object[] }).items)
      } catch (error) {
        // A cluster that does not know the kind has no Calico that keeps its data there.
        if (error instanceof ApiException && error.code === 404) return null
        throw error
      }
    }) as Promise<NetworkLists[Key]>
  }
  const [read, networkPolicies, ipPools, blockAffinities, ipamBlocks, calicoPods] = await Promise.all([
    part('api.namespaces', `GET namespaces ${namespaces.join(', ')}`, async (c) =>
      plain(await Promise.all(namespaces.map((name) => new CoreV1Api(c).readNamespace({ name })))),
    ),
    list(
      'networkpolicies',
      (c, namespace) => new NetworkingV1Api(c).listNamespacedNetworkPolicy({ namespace }),
      namespaces,
    ),
    ofCalico('ipPools'),
    ofCalico('blockAffinities'),
    ofCalico('ipamBlocks'),
    part('api.calicopods', `GET pods -l ${calicoNodeLabel} of ${calicoNamespaces.join(', ')}`, async (c) => {
      const lists = calicoNamespaces.map((namespace) =>
        new CoreV1Api(c).listNamespacedPod({ namespace, labelSelector: calicoNodeLabel }),
      )
      const settled = await Promise.allSettled(lists)
      const items = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value.items : []))
      // They are in one of the two: where they were found, the other need not be readable.
      const refused = settled.find((one) => one.status === 'rejected')
      if (items.length === 0 && refused !== undefined) throw refused.reason
      return plain(items)
    }),
  ])
  return {
    ...{ namespaces: read, ipPools, blockAffinities, ipamBlocks, calicoPods },
    // As the API has it, not as the client's types call it.
    networkPolicies: networkPolicies as Part<readonly NetworkPolicy[]>,
  }
}
