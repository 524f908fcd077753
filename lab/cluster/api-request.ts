import { request, type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../errors.js'
import { withDeadline } from '../host/deadline.js'
import { wordsOf } from '../words.js'

/** How long the API server may take for an answer. */
export const ANSWER_MS = 10_000

/** Until when the API server is asked. */
export interface ApiLimits {
  /** Ends every request; its reason is thrown. */
  readonly signal?: AbortSignal
  /** Milliseconds for one request; default 10 s. */
  readonly answerMs?: number
}

/** What the API server answered. */
export interface ApiResponse {
  readonly status: number
  readonly body: unknown
}

/**
 * One request to the API server, its body as it is. The client's typed calls pass objects through their own
 * classes, which lose fields such as `x-kubernetes-int-or-string`; what is applied must arrive as declared.
 *
 * @param path with its query, for example `/api/v1/namespaces/default`
 * @throws LabError `cluster.unreachable` when there is no answer, or the API server is not ready for one; the signal's reason when that is aborted
 */
export async function apiRequest(
  config: KubeConfig,
  method: 'GET' | 'PATCH' | 'POST' | 'DELETE',
  path: string,
  body?: { readonly type: string; readonly content: unknown },
  { signal, answerMs = ANSWER_MS }: ApiLimits = {},
): Promise<ApiResponse> {
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error('the kubeconfig has no current cluster')
  const content = body === undefined ? undefined : JSON.stringify(body.content)
  const options: RequestOptions = {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined
        ? {}
        : { 'content-type': body.type, 'content-length': Buffer.byteLength(content ?? '') }),
    },
  }
  await config.applyToHTTPSOptions(options)
  let answer: ApiResponse
  try {
    const url = new URL(path, server)
    answer = await withDeadline(answerMs, (ends) => send(url, { ...options, signal: ends }, content), signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw unreachable(server, error)
  }
  if (isNoAnswerYet(answer)) throw unreachable(server, new Error(messageIn(answer)))
  return answer
}

/** Too many requests, unavailable, and a time-out behind it: of the object they say nothing. */
const PASSES = [429, 503, 504]

/**
 * Whether the API server is not ready to answer. Just after its start it knows no roles yet, and refuses everybody in the
 * words of its authorizer; those of admission, which refuses an object, are others.
 */
const isNoAnswerYet = (answer: ApiResponse): boolean =>
  PASSES.includes(answer.status) || (answer.status === 403 && /forbidden: User "/.test(messageIn(answer)))

/** What the API server says of an answer that is no success. */
export const messageIn = ({ status, body }: ApiResponse): string =>
  (body as { message?: string } | undefined)?.message ?? (typeof body === 'string' ? body : `HTTP ${status}`)

function send(url: URL, options: RequestOptions, content: string | undefined): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }),
      )
    })
    sent.on('error', reject)
    sent.end(content)
  })
}

/** Some answers, `404 page not found` for one, are no JSON. */
function parse(bytes: Buffer): unknown {
  const text = bytes.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function unreachable(server: string, error: unknown): LabError {
  const reason = wordsOf(error)
  return new LabError('cluster.unreachable', `the API server ${server} does not answer: ${reason}`, {
    cause: error,
  })
}
