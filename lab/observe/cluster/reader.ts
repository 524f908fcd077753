import { ApiException } from '@kubernetes/client-node'
import type { Configuration, KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../../errors.js'
import { request } from '../api.js'
import { collect } from '../collect.js'
import type { Collecting } from '../collect.js'
import type { Part } from '../model/observations.js'

const DEADLINE_MS = 10_000

/** Reads a cluster of which nothing is known yet: each answer is a part, and none at all is an error. */
export class Reader {
  /** Whether the API server said anything to us, be it that we may not. */
  private answered = false
  private isUnknownToIt = false

  constructor(
    private readonly kubeconfig: KubeConfig,
    private readonly collecting: Collecting,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  read<T>(source: string, fetch: (configuration: Configuration) => Promise<T>): Promise<Part<T>> {
    return collect(this.collecting, { name: source, source, deadlineMs: this.deadlineMs }, async (signal) => {
      try {
        const value = await request(this.kubeconfig, signal, fetch)
        this.answered = true
        return value
      } catch (error) {
        const status = statusOf(error)
        if (status === UNAUTHORIZED) this.isUnknownToIt = true
        else if (status !== undefined) this.answered = true
        throw error
      }
    })
  }

  /** The same of one object, which may be absent: `null` then. */
  find<T>(source: string, fetch: (configuration: Configuration) => Promise<T>): Promise<Part<T | null>> {
    return this.read(source, async (configuration) => {
      try {
        return await fetch(configuration)
      } catch (error) {
        if (error instanceof ApiException && error.code === NOT_FOUND) return null
        throw error
      }
    })
  }

  /** @throws LabError `cluster.unreachable` when nothing that was asked was answered, with the reason of one part */
  mustHaveAnswered(parts: readonly Part<unknown>[]): void {
    if (this.answered) return
    const server = this.kubeconfig.getCurrentCluster()?.server ?? ''
    const reason = parts.flatMap((part) => ('error' in part ? [part.error] : []))[0] ?? 'nothing was asked'
    const problem = this.isUnknownToIt ? 'does not accept the credentials' : `does not answer: ${reason}`
    throw new LabError('cluster.unreachable', `the API server ${server} ${problem}`, {
      hint: 'check the kubeconfig and its context with `kubectl get --raw /version`',
    })
  }
}

const UNAUTHORIZED = 401
const NOT_FOUND = 404

/** The status that the API server refused with, where it did. */
function statusOf(error: unknown): number | undefined {
  const { cause } = error as { cause?: unknown }
  return cause instanceof ApiException ? cause.code : undefined
}
