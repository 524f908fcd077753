import { AppsV1Api, CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import type { Configuration, KubeConfig, V1StatefulSet } from '@kubernetes/client-node'
import { configure } from '../cluster/client.js'
import { withDeadline } from '../host/deadline.js'
import type { Labels } from '../observe/model/declared.js'
import type { Plain } from '../observe/model/plain.js'
import type { Pod } from '../observe/model/pods.js'

const ANSWER_MS = 5_000

/** What scenarios ask of the API server, and what they have it do. */
export class ScenarioApi {
  constructor(
    private readonly kubeconfig: KubeConfig,
    private readonly signal: AbortSignal,
  ) {}

  async pods(namespace: string, selector: Labels): Promise<Pod[]> {
    const labelSelector = Object.entries(selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',')
    const { items } = await this.core((api) => api.listNamespacedPod({ namespace, labelSelector }))
    return JSON.parse(JSON.stringify(items)) as Pod[]
  }

  /** @param graceSeconds default: what the pod says of itself */
  async deletePod(namespace: string, name: string, graceSeconds?: number): Promise<void> {
    const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }
    await this.core((api) => api.deleteNamespacedPod({ namespace, name, ...grace }))
  }

  async statefulSet(namespace: string, name: string): Promise<Plain<V1StatefulSet>> {
    const set = await this.apps((api) => api.readNamespacedStatefulSet({ namespace, name }))
    return JSON.parse(JSON.stringify(set)) as Plain<V1StatefulSet>
  }

  async scale(namespace: string, name: string, replicas: number): Promise<void> {
    await this.apps((api) =>
      api.patchNamespacedStatefulSetScale(
        { namespace, name, body: { spec: { replicas } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      ),
    )
  }

  private core<T>(send: (api: CoreV1Api) => Promise<T>): Promise<T> {
    return this.ask((configuration) => send(new CoreV1Api(configuration)))
  }

  private apps<T>(send: (api: AppsV1Api) => Promise<T>): Promise<T> {
    return this.ask((configuration) => send(new AppsV1Api(configuration)))
  }

  private ask<T>(send: (configuration: Configuration) => Promise<T>): Promise<T> {
    return withDeadline(ANSWER_MS, (ends) => send(configure(this.kubeconfig, ends)), this.signal)
  }
}
