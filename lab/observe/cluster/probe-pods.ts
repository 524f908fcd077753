import { randomBytes } from 'node:crypto'
import { ApiException, CoreV1Api } from '@kubernetes/client-node'
import type { Configuration, KubeConfig, V1Node, V1Pod } from '@kubernetes/client-node'
import { withDeadline } from '../../host/deadline.js'
import { plain, request } from '../api.js'
import type { Clock } from '../clock.js'
import { missing } from '../collect.js'
import type { Part } from '../model/observations.js'
import type { Plain } from '../model/plain.js'
import type { Pod } from '../model/pods.js'
import { MANAGED_BY, PROBE_LABEL, PROBE_LIFE_S, probePod, probeState } from './probe-pod.js'
import type { ProbeKind } from './probe-pod.js'
import { wordsOf } from '../../words.js'

/** How long the API server may take for an answer. */
const ANSWER_MS = 10_000
/** How long a pod may take to be ready, the pull of its image included. */
const READY_MS = 60_000
/** The pause before the second look, and the longest one. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2_000

export interface ProbePodsProps {
  readonly kubeconfig: KubeConfig
  readonly kind: ProbeKind
  readonly image: string
  readonly clock: Clock
  /** Ends the waiting, not the removal. */
  readonly signal?: AbortSignal
  readonly say: (line: string) => void
}

type Parts = Record<string, Part<string>>

/** A pod that was asked for, whether or not the API server made it. */
interface Made {
  readonly name: string
  readonly namespace: string
  readonly node: string
  ready: boolean
}

/** The probe pods of one run, one a node, from their making to their removal. */
export class ProbePodsOfRun {
  /** The value of their label. */
  readonly run = randomBytes(4).toString('hex')
  private readonly made = new Map<string, Made>()
  private readonly making = new Set<Promise<void>>()
  private counter = 0
  private isOver = false

  constructor(private readonly props: ProbePodsProps) {}

  /**
   * Sees to it that each of the nodes has a ready probe pod: makes those that are missing, all at once, and waits
   * for each. A node whose pod does not come up costs only its own part.
   */
  async ensure(nodes: readonly Plain<V1Node>[], namespace: string): Promise<Parts> {
    const parts: Parts = {}
    const source = `probe pods in namespace ${namespace}`
    const lose = (node: string, reason: string): void => {
      parts[node] = missing(reason, source)
    }
    const wanted = nodes.flatMap((node) => {
      const name = node.metadata?.name ?? ''
      const problem = unfit(node)
      if (problem !== undefined) lose(name, problem)
      return problem === undefined ? [name] : []
    })
    if (wanted.length === 0) return parts
    await this.forgetEnded(namespace)
    const fresh = wanted.filter((node) => !this.made.has(node))
    if (fresh.length > 0) {
      const what = `${this.props.kind === 'privileged' ? 'privileged ' : ''}probe pod${fresh.length > 1 ? 's' : ''}`
      this.props.say(`making ${fresh.length} short-lived ${what} in namespace ${namespace}`)
    }
    await Promise.all(
      fresh.map((node) => this.make(node, namespace).catch((error: unknown) => lose(node, wordsOf(error)))),
    )
    this.props.signal?.throwIfAborted()
    await this.wait(
      wanted.filter((node) => parts[node] === undefined),
      namespace,
      lose,
    )
    for (const node of wanted) {
      const pod = this.made.get(node)
      if (pod?.ready === true) parts[node] = { value: `${namespace}/${pod.name}`, source, durationMs: 0 }
    }
    return parts
  }

  /** Removes every pod that was asked for; also one that nobody knows to be there. Never throws. */
  async remove(): Promise<void> {
    this.isOver = true
    // No request to make a pod is cut off: what comes after its removal would stay.
    await Promise.allSettled(this.making)
    const left = await Promise.all(
      [...this.made.values()].map(async ({ name, namespace }) => {
        try {
          await this.delete(name, namespace)
          return []
        } catch (error) {
          return [{ name, namespace, reason: wordsOf(error) }]
        }
      }),
    )
    this.made.clear()
    for (const { name, namespace, reason } of left.flat()) {
      this.props.say(
        `warning: the probe pod ${namespace}/${name} could not be removed (${reason}); it ends by itself ` +
          `within ${PROBE_LIFE_S / 60} minutes: kubectl delete pod -n ${namespace} ${name}`,
      )
    }
  }

  private make(node: string, namespace: string): Promise<void> {
    if (this.isOver) return Promise.reject(new Error('the run is over'))
    const making = this.create(node, namespace)
    this.making.add(making)
    return making.finally(() => this.making.delete(making))
  }

  private async create(node: string, namespace: string): Promise<void> {
    const { kind, image } = this.props
    const name = `headless-lab-${kind === 'privileged' ? 'node-' : ''}probe-${this.run}-${this.counter++}`
    // The client's own types are classes, but plain objects are what it sends.
    const body = probePod({ kind, name, namespace, node, image, run: this.run }) as unknown as V1Pod
    this.made.set(node, { name, namespace, node, ready: false })
    try {
      await this.ask((c) => new CoreV1Api(c).createNamespacedPod({ namespace, body }))
    } catch (error) {
      // Refused by the server is not made; after no answer it may be there all the same.
      if ((error as Error).cause instanceof ApiException) this.made.delete(node)
      throw error
    }
  }

  private async wait(
    nodes: readonly string[],
    namespace: string,
    lose: (node: string, reason: string) => void,
  ): Promise<void> {
    const { clock, signal, image } = this.props
    const until = clock.now() + READY_MS
    const reasons = new Map(nodes.map((node) => [node, 'the probe pod is not ready']))
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const pods = new Map((await this.list(namespace, this.run)).map((pod) => [pod.metadata?.name, pod]))
        for (const node of [...reasons.keys()]) {
          const made = this.made.get(node)
          const pod = pods.get(made?.name)
          if (made === undefined || pod === undefined) {
            lose(node, 'the probe pod is gone')
            reasons.delete(node)
            continue
          }
          const state = probeState(pod, image)
          made.ready = state.is === 'ready'
          if (state.is === 'waiting') reasons.set(node, state.reason)
          else reasons.delete(node)
          if (state.is === 'lost') lose(node, state.reason)
        }
      } catch (error) {
        signal?.throwIfAborted()
        for (const node of reasons.keys())
          reasons.set(node, `the probe pods cannot be listed: ${wordsOf(error)}`)
        // That it may not be read does not change while it is waited for.
        if ((error as Error).cause instanceof ApiException) break
      }
      if (reasons.size === 0 || clock.now() >= until) break
      await clock.sleep(pause, signal)
    }
    for (const [node, reason] of reasons) lose(node, `${reason} (waited ${READY_MS / 1000} s)`)
  }

  /**
   * Removes the pods that have ended: those of this run, so that they are made anew, and those that a run left
   * which was killed.
   */
  private async forgetEnded(namespace: string): Promise<void> {
    const there = await this.list(namespace).catch(() => undefined)
    if (there === undefined) return
    const ended = there.filter(({ status }) => status?.phase === 'Failed' || status?.phase === 'Succeeded')
    await Promise.all(
      ended.map(({ metadata }) => this.delete(metadata?.name ?? '', namespace).catch(() => undefined)),
    )
    const alive = new Set(there.filter((pod) => !ended.includes(pod)).map(({ metadata }) => metadata?.name))
    for (const { node, name } of [...this.made.values()]) if (!alive.has(name)) this.made.delete(node)
  }

  /** The probe pods in a namespace, of one run or of all of them. */
  private async list(namespace: string, run?: string): Promise<readonly Pod[]> {
    const managed = Object.entries(MANAGED_BY).map(([key, value]) => `${key}=${value}`)
    const labelSelector = [...managed, run === undefined ? PROBE_LABEL : `${PROBE_LABEL}=${run}`].join(',')
    const { items } = await this.ask((c) => new CoreV1Api(c).listNamespacedPod({ namespace, labelSelector }))
    return plain(items)
  }

  private async delete(name: string, namespace: string): Promise<void> {
    try {
      // At once: nothing in the pod has to be saved, and its node may not be there to confirm its end.
      await this.ask((c) => new CoreV1Api(c).deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 }))
    } catch (error) {
      if ((error as { cause?: { code?: unknown } }).cause?.code !== 404) throw error
    }
  }

  /** A request that has its own deadline only: also after an interruption. */
  private ask<T>(send: (configuration: Configuration) => Promise<T>): Promise<T> {
    return withDeadline(ANSWER_MS, (ends) => request(this.props.kubeconfig, ends, send))
  }
}

/** Why a node gets no probe pod. */
function unfit({ metadata, status }: Plain<V1Node>): string | undefined {
  const os = metadata?.labels?.['kubernetes.io/os'] ?? 'linux'
  if (os !== 'linux') return `the node runs ${os}, the probe needs linux`
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') return undefined
  return `the node is not Ready${ready?.message === undefined ? '' : `: ${ready.message}`}`
}
