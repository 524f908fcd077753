import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node'
import type { Pod } from '../../../../lab/observe/model/pods.js'
import { apiServer, type ApiAnswer, type ApiCall } from '../../cluster/api-server.js'

/** A cluster behind the API server of a test: what is in it, and what may be done to it. */
export interface FakeCluster {
  readonly config: KubeConfig
  readonly calls: ApiCall[]
  /** The pods that were made and not removed. */
  readonly made: Map<string, Pod>
}

export interface FakeClusterProps {
  /** Items of each list, by its path. */
  readonly lists?: Readonly<Record<string, readonly object[]>>
  /** Objects, by their path. */
  readonly objects?: Readonly<Record<string, object>>
  /** Answers before anything else does; for what is refused, or to see a request come in. */
  readonly first?: (call: ApiCall) => ApiAnswer | undefined
  /** The status of a pod that was made; default: Ready. */
  readonly status?: (pod: Pod) => object | undefined
}

export const READY = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
}

export const forbidden: ApiAnswer = [403, { kind: 'Status', code: 403, message: 'you may not' }]
const notFound: ApiAnswer = [404, { kind: 'Status', code: 404, message: 'not found' }]

export async function fakeCluster(props: FakeClusterProps = {}): Promise<FakeCluster> {
  const { lists = {}, objects = {}, first, status = () => READY } = props
  const made = new Map<string, Pod>()
  const answer = (call: ApiCall): ApiAnswer => {
    const given = first?.(call)
    if (given !== undefined) return given
    const { method, path, query, body } = call
    const [, namespace = '', name = ''] =
      /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/.exec(path) ?? []
    if (method === 'POST' && namespace !== '') {
      const pod = body as Pod
      const spec = { ...pod.spec, nodeName: nodeOf(pod) }
      made.set(pod.metadata?.name ?? '', { ...pod, spec, status: status(pod) } as unknown as Pod)
      return [201, pod]
    }
    if (method === 'DELETE') return made.delete(name) ? [200, {}] : notFound
    if (path in objects) return [200, objects[path]]
    if (path in lists || /\/(namespaces\/[^/]+\/)?[a-z]+$/.test(path)) {
      const pods =
        namespace === '' ? [] : [...made.values()].filter((pod) => pod.metadata?.namespace === namespace)
      const items = [...(lists[path] ?? []), ...pods] as KubernetesObject[]
      const isObject = !(path in lists) && /\/namespaces\/[^/]+\/[a-z]+\/[^/]+$/.test(path)
      return isObject ? notFound : [200, { items: items.filter(selected(query['labelSelector'])) }]
    }
    return notFound
  }
  const { config, calls } = await apiServer(answer)
  return { config, calls, made }
}

export function nodeOf(pod: Pod): string {
  const affinity = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return affinity?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? ''
}

export function node(
  name: string,
  { ready = 'True', labels = {} }: { ready?: string; labels?: object } = {},
): object {
  return {
    metadata: { name, labels },
    spec: { podCIDRs: ['10.244.0.0/24'] },
    status: { conditions: [{ type: 'Ready', status: ready, message: 'of the kubelet' }] },
  }
}

function selected(selector: string | undefined): (object: KubernetesObject) => boolean {
  const wanted = (selector ?? '').split(',').filter((term) => term !== '')
  return ({ metadata }) =>
    wanted.every((term) => {
      const [key = '', value] = term.split('=')
      const has = metadata?.labels?.[key]
      return value === undefined ? has !== undefined : has === value
    })
}
