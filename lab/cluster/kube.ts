import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type Configuration,
  type CoreV1Event,
  type KubernetesObject,
  type V1DaemonSet,
  type V1Deployment,
  type V1Pod,
  type V1StatefulSet,
} from '@kubernetes/client-node'
import { HEALTH_IGNORED } from '../../constructs/lab/fixtures-chart.js'
import { withDeadline } from '../host/deadline.js'
import { tail } from '../host/run.js'
import { ANSWER_MS } from './api-request.js'
import { configure } from './client.js'
import type { FieldDrift } from './drift.js'
import { keyOf, nameOf, ObjectApi, type Applied, type Kind } from './object-api.js'
import { isOfBefore, missingFromRollout, notReadyReason } from './rollout.js'
import { ensureSecret, secretLacks, secretValue, type WantedSecret } from './secrets.js'

type Workload = V1Deployment | V1StatefulSet | V1DaemonSet | V1Pod

/** Kinds whose rollout is waited for. */
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Pod']

/** The API server, as far as a deploy needs it. */
export class Kube {
  private readonly config = new KubeConfig()
  private readonly objects: ObjectApi

  /**
   * @param signal ends every request; its reason is thrown
   * @param answerMs how long one request may take
   */
  constructor(
    kubeconfig: string,
    private readonly signal: AbortSignal,
    private readonly answerMs = ANSWER_MS,
  ) {
    this.config.loadFromFile(kubeconfig)
    this.objects = new ObjectApi(this.config, { signal, answerMs })
  }

  private core<T>(send: (api: CoreV1Api) => Promise<T>): Promise<T> {
    return this.ask((configuration) => send(new CoreV1Api(configuration)))
  }

  private apps<T>(send: (api: AppsV1Api) => Promise<T>): Promise<T> {
    return this.ask((configuration) => send(new AppsV1Api(configuration)))
  }

  private ask<T>(send: (configuration: Configuration) => Promise<T>): Promise<T> {
    return withDeadline(this.answerMs, (ends) => send(configure(this.config, ends)), this.signal)
  }

  /** `undefined` when the API server answers, else why it does not. */
  async unreachable(): Promise<string | undefined> {
    try {
      await this.core((api) => api.readNamespace({ name: 'kube-system' }))
      return undefined
    } catch (error) {
      this.signal.throwIfAborted()
      return messageOf(error)
    }
  }

  /** Server-side apply of one object: see {@link ObjectApi.apply}. */
  apply(object: KubernetesObject): Promise<Applied | undefined> {
    return this.objects.apply(object)
  }

  /** Whether an object is there: see {@link ObjectApi.has}. */
  has(object: KubernetesObject): Promise<boolean> {
    return this.objects.has(object)
  }

  /** Where an object is not as declared: see {@link ObjectApi.drift}. */
  drift(object: KubernetesObject): Promise<FieldDrift[] | undefined> {
    return this.objects.drift(object)
  }

  /** Objects that a selector of labels selects: see {@link ObjectApi.selected}. */
  selected(kinds: readonly Kind[], labelSelector: string): Promise<KubernetesObject[]> {
    return this.objects.selected(kinds, labelSelector)
  }

  /** Deletes an object: see {@link ObjectApi.remove}. */
  remove(object: KubernetesObject): Promise<void> {
    return this.objects.remove(object)
  }

  /** The nodes, whether each is Ready, and the version of its kubelet. */
  async nodes(): Promise<{ name: string; ready: boolean; kubelet: string }[]> {
    const { items } = await this.core((api) => api.listNode())
    return items.map(({ metadata, status }) => ({
      name: metadata?.name ?? '',
      ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
      kubelet: status?.nodeInfo?.kubeletVersion ?? '',
    }))
  }

  /** Pods that are not ready, and why; but for those that say that their health does not matter. */
  async podsNotReady(): Promise<{ pod: string; reason: string }[]> {
    const { items } = await this.core((api) => api.listPodForAllNamespaces())
    return waitingPods(items).map(({ pod, reason }) => ({ pod: podName(pod.metadata), reason }))
  }

  /** Creates or completes a Secret: see {@link ensureSecret}. */
  ensureSecret(wanted: WantedSecret): Promise<Applied> {
    return ensureSecret(this.config, wanted, { signal: this.signal, answerMs: this.answerMs })
  }

  /** What a Secret lacks: see {@link secretLacks}. */
  secretLacks(wanted: WantedSecret): Promise<readonly string[] | undefined> {
    return secretLacks(this.config, wanted, { signal: this.signal, answerMs: this.answerMs })
  }

  /** One value of a Secret: see {@link secretValue}. */
  secretValue(secret: { namespace: string; name: string; key: string }): Promise<string> {
    return secretValue(this.config, secret, { signal: this.signal, answerMs: this.answerMs })
  }

  /** While something is waited for, an API server that does not answer is one more thing that is missing. */
  private async patiently(look: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await look()
    } catch (error) {
      this.signal.throwIfAborted()
      return `the API server: ${messageOf(error)}`
    }
  }

  /** What is missing until every one of these nodes is Ready. */
  nodesNotReady(names: readonly string[]): Promise<string | undefined> {
    return this.patiently(() => this.missingNodes(names))
  }

  private async missingNodes(names: readonly string[]): Promise<string | undefined> {
    const ready = new Set((await this.nodes()).filter((node) => node.ready).map(({ name }) => name))
    const missing = names.filter((name) => !ready.has(name))
    return missing.length === 0 ? undefined : `nodes not Ready: ${missing.join(', ')}`
  }

  /**
   * What is missing until the kubelets of nodes that were started anew have said how their pods are by now: what the
   * API server knows of them until then is of before.
   *
   * @param started when each node was started, by its name
   */
  podsOfBefore(started: ReadonlyMap<string, Date>): Promise<string | undefined> {
    return this.patiently(async () => {
      const { items } = await this.core((api) => api.listPodForAllNamespaces())
      const before = items.filter((pod) => isOfBefore(pod, started.get(pod.spec?.nodeName ?? '')))
      if (before.length === 0) return undefined
      const nodes = [...new Set(before.map(({ spec }) => spec?.nodeName))].sort().join(', ')
      return `${nodes}: ${before.length} pods not seen since the start`
    })
  }

  /** What is missing until the workloads among these objects are rolled out. */
  notRolledOut(objects: readonly KubernetesObject[]): Promise<string | undefined> {
    return this.patiently(() => this.missingRollouts(objects))
  }

  private async missingRollouts(objects: readonly KubernetesObject[]): Promise<string | undefined> {
    const wanted = objects.filter((one) => WORKLOADS.includes(one.kind ?? '') && !isIgnored(one))
    const live = await this.workloads(new Set(wanted.map(({ kind }) => kind)))
    const lines = wanted.flatMap((object) => {
      const found = live.find((one) => keyOf(one) === keyOf(object))
      return (found === undefined ? `${nameOf(object)}: not there` : missingFrom(found)) ?? []
    })
    return lines.length === 0 ? undefined : lines.join('; ')
  }

  /** All of the cluster's of these kinds: a list is one request, however many there are. */
  private async workloads(kinds: ReadonlySet<string | undefined>): Promise<Workload[]> {
    const list = async (kind: string, ask: () => Promise<{ items: Workload[] }>): Promise<Workload[]> =>
      kinds.has(kind) ? (await ask()).items.map((one) => Object.assign(one, { kind })) : []
    const lists = await Promise.all([
      list('Deployment', () => this.apps((api) => api.listDeploymentForAllNamespaces())),
      list('StatefulSet', () => this.apps((api) => api.listStatefulSetForAllNamespaces())),
      list('DaemonSet', () => this.apps((api) => api.listDaemonSetForAllNamespaces())),
      list('Pod', () => this.core((api) => api.listPodForAllNamespaces())),
    ])
    return lists.flat()
  }

  /**
   * What explains that something does not come about: pods that are not ready with the reason, the latest
   * warnings, and the logs of containers that do not run. Never throws.
   */
  async explain(): Promise<string> {
    try {
      const [pods, events] = await Promise.all([
        this.core((api) => api.listPodForAllNamespaces()),
        this.core((api) => api.listEventForAllNamespaces({ fieldSelector: 'type=Warning' })),
      ])
      const ignored = new Set(pods.items.filter(isIgnored).map(({ metadata }) => podName(metadata)))
      const waiting = waitingPods(pods.items)
      const logs = await Promise.all(waiting.slice(0, 3).map(({ pod }) => this.logsOf(pod)))
      return [
        waiting.length === 0 ? 'all pods are ready' : 'pods not ready:',
        ...waiting.map(({ pod, reason }) => `  ${podName(pod.metadata)}: ${reason}`),
        ...latest(
          events.items.filter(
            ({ involvedObject }) => involvedObject.kind !== 'Pod' || !ignored.has(podName(involvedObject)),
          ),
        ).map(
          ({ involvedObject, message }) =>
            `event: ${involvedObject.kind ?? ''} ${[involvedObject.namespace, involvedObject.name].filter((part) => part !== undefined).join('/')}: ${message ?? ''}`,
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
    const text = await this.core((api) => api.readNamespacedPodLog(target))
      .catch(() => this.core((api) => api.readNamespacedPodLog({ ...target, previous: true })))
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

const podName = ({ namespace = '', name = '' }: { namespace?: string; name?: string } = {}): string =>
  `${namespace}/${name}`

/** Whether an object says that its health does not matter, as a pod does that is there to be never ready. */
const isIgnored = ({ metadata }: KubernetesObject): boolean =>
  Object.entries(HEALTH_IGNORED).every(([key, value]) => metadata?.labels?.[key] === value)

function waitingPods(pods: readonly V1Pod[]): { pod: V1Pod; reason: string }[] {
  return pods.flatMap((pod) => {
    const reason = isIgnored(pod) ? undefined : notReadyReason(pod)
    return reason === undefined ? [] : [{ pod, reason }]
  })
}

const isPod = (live: Workload): live is V1Pod => live.kind === 'Pod'

/** What is missing until a workload, or a pod that belongs to none, does its work. */
function missingFrom(live: Workload): string | undefined {
  if (!isPod(live)) return missingFromRollout(live)
  const reason = notReadyReason(live)
  return reason === undefined ? undefined : `${nameOf(live)}: ${reason}`
}

function latest(events: readonly CoreV1Event[]): CoreV1Event[] {
  const time = ({ lastTimestamp, eventTime }: CoreV1Event): number =>
    new Date(lastTimestamp ?? eventTime ?? 0).getTime()
  return events.toSorted((a, b) => time(b) - time(a)).slice(0, 8)
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
