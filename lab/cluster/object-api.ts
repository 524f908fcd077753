import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node'
import { LabError, type LabErrorOptions } from '../errors.js'
import { apiRequest, messageIn, type ApiLimits, type ApiResponse } from './api-request.js'
import { LAB_LABEL } from './lab-label.js'
import { fieldDrift, type FieldDrift } from './drift.js'

/** What an apply did to one object. */
export type Applied = 'created' | 'changed' | 'unchanged'

/** A kind of objects. */
export interface Kind {
  readonly apiVersion: string
  readonly kind: string
}

/** Who applies, for server-side apply's field ownership. */
export const FIELD_MANAGER = 'headless-lab'

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
  }[]
}

/** Objects of any kind, as they were declared: server-side apply, and what goes with it. */
export class ObjectApi {
  private readonly lists = new Map<string, Promise<ResourceList | undefined>>()

  constructor(
    private readonly config: KubeConfig,
    private readonly limits: ApiLimits = {},
  ) {}

  /**
   * Applies one object; its fields are taken over from whoever changed them.
   *
   * @returns what it did, or `undefined` while the API server does not serve the object's kind
   * @throws LabError `cluster.rejected` with the API server's words, and what to do about a field that cannot change
   */
  async apply(object: KubernetesObject): Promise<Applied | undefined> {
    const path = await this.path(object)
    if (path === undefined) return undefined
    const before = await this.get(path)
    const after = await this.patch(path, object, { isThere: before.status === 200, dryRun: false })
    if (after === undefined) return undefined
    if (before.status === 404) return 'created'
    return versionIn(before) === versionIn(after) ? 'unchanged' : 'changed'
  }

  /**
   * Where an object on the cluster differs from what applying it would make of it, by a dry run.
   *
   * @returns `undefined` where it is not there
   * @throws LabError `cluster.rejected` with the API server's words, and what to do about a field that cannot change
   */
  async drift(object: KubernetesObject): Promise<FieldDrift[] | undefined> {
    const path = await this.path(object)
    if (path === undefined) return undefined
    const before = await this.get(path)
    if (before.status === 404) return undefined
    if (before.status >= 300) throw notShown(object, before)
    const after = await this.patch(path, object, { isThere: true, dryRun: true })
    // Not by the version: a dry run writes nothing, and answers with that of the object as it is.
    return after === undefined ? undefined : fieldDrift(before.body, after.body)
  }

  private get(path: string): Promise<ApiResponse> {
    return apiRequest(this.config, 'GET', path, undefined, this.limits)
  }

  /** `undefined` while the kind is not served: one that was defined only just now is listed before it is. */
  private async patch(
    path: string,
    object: KubernetesObject,
    { isThere, dryRun }: { readonly isThere: boolean; readonly dryRun: boolean },
  ): Promise<ApiResponse | undefined> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: 'true' })
    if (dryRun) query.set('dryRun', 'All')
    const patch = { type: 'application/apply-patch+yaml', content: object }
    const after = await apiRequest(this.config, 'PATCH', `${path}?${query.toString()}`, patch, this.limits)
    if (after.status === 404 && typeof after.body === 'string') return undefined
    if (after.status >= 300) {
      const message = `the API server rejected ${nameOf(object)}: ${messageIn(after)}`
      throw new LabError(
        'cluster.rejected',
        message,
        isThere && after.status === INVALID ? wayOut(path, object) : {},
      )
    }
    return after
  }

  /**
   * Whether an object of this kind and name is there.
   *
   * @throws LabError `cluster.rejected` with the API server's words
   */
  async has(object: KubernetesObject): Promise<boolean> {
    const path = await this.path(object)
    if (path === undefined) return false
    const answer = await this.get(path)
    if (answer.status === 200) return true
    if (answer.status === 404) return false
    throw notShown(object, answer)
  }

  /**
   * Objects of these kinds in all namespaces that a selector of labels selects; of a kind that is not served, none.
   *
   * @throws LabError `cluster.rejected` with the API server's words
   */
  async selected(kinds: readonly Kind[], labelSelector: string): Promise<KubernetesObject[]> {
    const lists = await Promise.all(kinds.map((kind) => this.selectedOf(kind, labelSelector)))
    return lists.flat()
  }

  private async selectedOf({ apiVersion, kind }: Kind, labelSelector: string): Promise<KubernetesObject[]> {
    const resource = await this.resource(apiVersion, kind)
    if (resource === undefined) return []
    const query = new URLSearchParams({ labelSelector })
    const answer = await this.get(`${resource.root}/${resource.name}?${query.toString()}`)
    if (answer.status >= 300) {
      throw new LabError('cluster.rejected', `the API server lists no ${resource.name}: ${messageIn(answer)}`)
    }
    // In a list the objects do not say what they are.
    return (answer.body as { items: KubernetesObject[] }).items.map((one) => ({ ...one, apiVersion, kind }))
  }

  /**
   * Deletes an object as it was seen, and what it owns: one of the same name that was made since stays.
   *
   * @throws LabError `cluster.rejected` with the API server's words
   */
  async remove(object: KubernetesObject): Promise<void> {
    const path = await this.path(object)
    if (path === undefined) return
    const uid = object.metadata?.uid
    const content = {
      propagationPolicy: 'Background',
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    }
    const body = { type: 'application/json', content }
    const answer = await apiRequest(this.config, 'DELETE', path, body, this.limits)
    if (answer.status < 300 || answer.status === 404 || answer.status === 409) return
    const message = `the API server does not delete ${nameOf(object)}: ${messageIn(answer)}`
    throw new LabError('cluster.rejected', message)
  }

  /** Path of an object, by discovery; `undefined` while its kind is not served. */
  private async path({ apiVersion, kind, metadata }: KubernetesObject): Promise<string | undefined> {
    const resource = await this.resource(apiVersion, kind)
    if (resource === undefined) return undefined
    const namespace = resource.namespaced ? `/namespaces/${metadata?.namespace ?? 'default'}` : ''
    return `${resource.root}${namespace}/${resource.name}/${encodeURIComponent(metadata?.name ?? '')}`
  }

  /** Where the API server has a kind; `undefined` while it does not serve it. */
  private async resource(
    apiVersion = '',
    kind: string | undefined,
  ): Promise<{ root: string; name: string; namespaced: boolean } | undefined> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const list = this.lists.get(root) ?? this.list(root)
    this.lists.set(root, list)
    // Without an answer, too, it is asked anew the next time.
    list.catch(() => this.lists.delete(root))
    const resource = (await list)?.resources.find((one) => one.kind === kind && !one.name.includes('/'))
    if (resource === undefined) {
      // It may be defined meanwhile: ask anew the next time.
      this.lists.delete(root)
      return undefined
    }
    return { root, name: resource.name, namespaced: resource.namespaced }
  }

  private async list(root: string): Promise<ResourceList | undefined> {
    const { status, body } = await apiRequest(this.config, 'GET', root, undefined, this.limits)
    return status === 200 ? (body as ResourceList) : undefined
  }
}

/** Status of an answer to what is well-formed and cannot be, as a change of a field that is fixed. */
const INVALID = 422

/** What to do about a field of an object that cannot change in place. With what is in no namespace much else would go. */
function wayOut(path: string, { kind = '', metadata }: KubernetesObject): LabErrorOptions {
  const anew = 'teardown and deploy make the lab anew'
  const namespace = metadata?.namespace ?? 'default'
  const lab = metadata?.labels?.[LAB_LABEL]
  // A Namespace is declared with its own name for one.
  if (!path.includes(`/namespaces/${namespace}/`) || lab === undefined) return { hint: anew }
  const remove = `npx headless-lab kubectl --name ${lab} delete ${kind.toLowerCase()} ${metadata?.name ?? ''} -n ${namespace}`
  return { hint: `${remove} takes it away, and deploy makes it anew; or ${anew}` }
}

function notShown(object: KubernetesObject, answer: ApiResponse): LabError {
  const message = `the API server does not show ${nameOf(object)}: ${messageIn(answer)}`
  return new LabError('cluster.rejected', message)
}

/** `Kind namespace/name`, as messages name an object. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  const name = metadata?.name ?? ''
  return `${kind ?? 'object'} ${metadata?.namespace === undefined ? '' : `${metadata.namespace}/`}${name}`
}

/** What an object is told from others by: an object that names no namespace is in `default`. */
export const keyOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind ?? ''} ${metadata?.namespace ?? 'default'}/${metadata?.name ?? ''}`

const versionIn = ({ body }: ApiResponse): string | undefined =>
  (body as KubernetesObject).metadata?.resourceVersion
