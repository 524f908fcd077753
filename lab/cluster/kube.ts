import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type CoreV1Event,
  type KubernetesObject,
  type V1DaemonSet,
  type V1Deployment,
  type V1Pod,
  type V1StatefulSet,
} from '@kubernetes/client-node'
import { tail } from '../host/run.js'
import { ObjectApi, type Applied } from './object-api.js'
import { missingFromRollout, notReadyReason } from './rollout.js'

/** The API server, as far as a deploy needs it. */
export class Kube {
  private readonly core: CoreV1Api
  private readonly apps: AppsV1Api
  private readonly config = new KubeConfig()
  private readonly objects: ObjectApi

  constructor(kubeconfig: string) {
    this.config.loadFromFile(kubeconfig)
    this.core = this.config.makeApiClient(CoreV1Api)
    this.apps = this.config.makeApiClient(AppsV1Api)
    this.objects = new ObjectApi(this.config)
  }

  /** `undefined` when the API server answers, else why it does not. */
  async unreachable(): Promise<string | undefined> {
    try {
      await this.core.readNamespace({ name: 'kube-system' })
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  /** Server-side apply of one object: see {@link ObjectApi.apply}. */
  apply(object: KubernetesObject): Promise<Applied | undefined> {
    return this.objects.apply(object)
  }

  /** What is missing until every one of these nodes is Ready. */
  nodesNotReady(names: readonly string[]): Promise<string | undefined> {
    return patiently(() => this.missingNodes(names))
  }

  private async missingNodes(names: readonly string[]): Promise<string | undefined> {
    const { items } = await this.core.listNode()
    const ready = new Set(
      items
        .filter(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
        )
        .map(({ metadata }) => metadata?.name),
    )
    const missing = names.filter((name) => !ready.has(name))
    return missing.length === 0 ? undefined : `nodes not Ready: ${missing.join(', ')}`
  }

  /** What is missing until the workloads among these objects are rolled out. */
  notRolledOut(objects: readonly KubernetesObject[]): Promise<string | undefined> {
    return patiently(() => this.missingRollouts(objects))
  }

  private async missingRollouts(objects: readonly KubernetesObject[]): Promise<string | undefined> {
    const missing = await Promise.all(
      objects.map(async (object) => {
        const live = await this.workload(object)
        return live === undefined ? undefined : missingFromRollout(live)
      }),
    )
    const lines = missing.filter((line) => line !== undefined)
    return lines.length === 0 ? undefined : lines.join('; ')
  }

  private async workload(
    object: KubernetesObject,
  ): Promise<V1Deployment | V1StatefulSet | V1DaemonSet | undefined> {
    const target = { name: object.metadata?.name ?? '', namespace: object.metadata?.namespace ?? 'default' }
    switch (object.kind) {
      case 'Deployment':
        return Object.assign(await this.apps.readNamespacedDeployment(target), { kind: 'Deployment' })
      case 'StatefulSet':
        return Object.assign(await this.apps.readNamespacedStatefulSet(target), { kind: 'StatefulSet' })
      case 'DaemonSet':
        return Object.assign(await this.apps.readNamespacedDaemonSet(target), { kind: 'DaemonSet' })
      default:
        return undefined
    }
  }

  /**
   * What explains that something does not come about: pods that are not ready with the reason, the latest
   * warnings, and the logs of containers that do not run. Never throws.
   */
  async explain(): Promise<string> {
    try {
      const [pods, events] = await Promise.all([
        this.core.listPodForAllNamespaces(),
        this.core.listEventForAllNamespaces({ fieldSelector: 'type=Warning' }),
      ])
      const waiting = pods.items.flatMap((pod) => {
        const reason = notReadyReason(pod)
        return reason === undefined ? [] : [{ pod, reason }]
      })
      const logs = await Promise.all(waiting.slice(0, 3).map(({ pod }) => this.logsOf(pod)))
      return [
        waiting.length === 0 ? 'all pods are ready' : 'pods not ready:',
        ...waiting.map(
          ({ pod, reason }) => `  ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}: ${reason}`,
        ),
        ...latest(events.items).map(
          ({ involvedObject, message }) =>
            `event: ${involvedObject.kind ?? ''} ${involvedObject.name ?? ''}: ${message ?? ''}`,
        ),
        ...logs.flat(),
      ].join('\n')
    } catch (error) {
      return `the cluster could not be asked: ${messageOf(error)}`
    }
  }

  private async logsOf({ metadata, status }: V1Pod): Promise<string[]> {
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    const container = all.find(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0)?.name
    if (container === undefined) return []
    const target = {
      name: metadata?.name ?? '',
      namespace: metadata?.namespace ?? '',
      container,
      tailLines: 10,
    }
    const text = await this.core
      .readNamespacedPodLog(target)
      .catch(() => this.core.readNamespacedPodLog({ ...target, previous: true }))
      .catch(() => '')
    return text === ''
      ? []
      : [
          `log of ${target.name} (${container}):`,
          ...tail(text, 10)
            .split('\n')
            .map((line) => `  ${line}`),
        ]
  }
}

function latest(events: readonly CoreV1Event[]): CoreV1Event[] {
  const time = ({ lastTimestamp, eventTime }: CoreV1Event): number =>
    new Date(lastTimestamp ?? eventTime ?? 0).getTime()
  return events.toSorted((a, b) => time(b) - time(a)).slice(0, 8)
}

/** While something is waited for, an API server that does not answer is one more thing that is missing. */
async function patiently(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look()
  } catch (error) {
    return `the API server: ${messageOf(error)}`
  }
}

function messageOf(error: unknown): string {
  if (error instanceof ApiException) {
    const body: unknown = error.body
    const message = typeof body === 'string' ? /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] : undefined
    return message ?? `HTTP ${error.code}`
  }
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  if (error instanceof Error) return error.cause instanceof Error ? error.cause.message : error.message
  return String(error)
}
