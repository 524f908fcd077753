import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node'
import { LabError } from '../errors.js'
import { apiRequest, type ApiLimits, type ApiResponse } from './api-request.js'
import { fieldDrift, type FieldDrift } from './drift.js'

/** What an apply did to one object. */
export type Applied = 'created' | 'changed' | 'unchanged'

/** Who applies, for server-side apply's field ownership. */
export const FIELD_MANAGER = 'headless-lab'

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
  }[]
}

/** Server-side apply of objects of any kind, as they were declared. */
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
   * @throws LabError `cluster.rejected` with the API server's words
   */
  async apply(object: KubernetesObject): Promise<Applied | undefined> {
    const path = await this.path(object)
    if (path === undefined) return undefined
    const before = await this.get(path)
    const after = await this.patch(path, object, false)
    if (after === undefined) return undefined
    if (before.status === 404) return 'created'
    return versionIn(before) === versionIn(after) ? 'unchanged' : 'changed'
  }

  /**
   * Where an object on the cluster differs from what applying it would make of it, by a dry run.
   *
   * @returns `undefined` where it is not there
   * @throws LabError `cluster.rejected` with the API server's words
   */
  async drift(object: KubernetesObject): Promise<FieldDrift[] | undefined> {
    const path = await this.path(object)
    if (path === undefined) return undefined
    const before = await this.get(path)
    if (before.status === 404) return undefined
    if (before.status >= 300) throw notShown(object, before)
    const after = await this.patch(path, object, true)
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
    dryRun: boolean,
  ): Promise<ApiResponse | undefined> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: 'true' })
    if (dryRun) query.set('dryRun', 'All')
    const patch = { type: 'application/apply-patch+yaml', content: object }
    const after = await apiRequest(this.config, 'PATCH', `${path}?${query.toString()}`, patch, this.limits)
    if (after.status === 404 && typeof after.body === 'string') return undefined
    if (after.status >= 300) {
      throw new LabError('cluster.rejected', `the API server rejected ${nameOf(object)}: ${messageIn(after)}`)
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

  /** Path of an object, by discovery; `undefined` while its kind is not served. */
  private async path({ apiVersion = '', kind, metadata }: KubernetesObject): Promise<string | undefined> {
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
    const namespace = resource.namespaced ? `/namespaces/${metadata?.namespace ?? 'default'}` : ''
    return `${root}${namespace}/${resource.name}/${encodeURIComponent(metadata?.name ?? '')}`
  }

  private async list(root: string): Promise<ResourceList | undefined> {
    const { status, body } = await apiRequest(this.config, 'GET', root, undefined, this.limits)
    return status === 200 ? (body as ResourceList) : undefined
  }
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

/** What the API server says of an answer that is no success. */
export const messageIn = ({ status, body }: ApiResponse): string =>
  (body as { message?: string }).message ?? (typeof body === 'string' ? body : `HTTP ${status}`)

const versionIn = ({ body }: ApiResponse): string | undefined =>
  (body as KubernetesObject).metadata?.resourceVersion
