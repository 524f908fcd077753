import { existsSync } from 'node:fs'
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node'
import { apiRequest, messageIn } from '../cluster/api-request.js'
import { request } from '../observe/api.js'
import { load } from '../observe/load.js'

/** A container whose log is asked for. */
export interface LogTarget {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Whether of the run before the one that is. */
  readonly previous: boolean
}

/** What is asked of the API server; ends with the signal. */
export interface ClusterReader {
  /** @throws when there is no answer, or no success, with the API server's words */
  get(path: string, signal: AbortSignal): Promise<unknown>
  /** The last lines of a log, each with its time. */
  log(target: LogTarget, lines: number, signal: AbortSignal): Promise<string>
}

/** What is read of one log at most, in bytes: its lines may be long. */
const MOST_OF_LOG = 16 * 1024 * 1024

/** @throws when there is no kubeconfig: the lab is absent, or was not made to the end */
export function readerOf(kubeconfig: string): ClusterReader {
  if (!existsSync(kubeconfig)) throw new Error('there is no kubeconfig: no lab was made here to the end')
  return new ApiReader(load(kubeconfig))
}

/** Reads by the lab's kubeconfig. */
export class ApiReader implements ClusterReader {
  constructor(private readonly config: KubeConfig) {}

  async get(path: string, signal: AbortSignal): Promise<unknown> {
    const answer = await apiRequest(this.config, 'GET', path, undefined, { signal })
    if (answer.status === 200) return answer.body
    throw new Error(`the API server says to GET ${path}: ${messageIn(answer)}`)
  }

  async log({ pod, ...target }: LogTarget, lines: number, signal: AbortSignal): Promise<string> {
    const wanted = { ...target, name: pod, tailLines: lines, limitBytes: MOST_OF_LOG, timestamps: true }
    return request(this.config, signal, (configuration) =>
      new CoreV1Api(configuration).readNamespacedPodLog(wanted),
    )
  }
}
