import { request, type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../errors.js'

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
 * @throws LabError `cluster.unreachable` when there is no answer
 */
export async function apiRequest(
  config: KubeConfig,
  method: 'GET' | 'PATCH',
  path: string,
  body?: { readonly type: string; readonly content: unknown },
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
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', (error) => reject(unreachable(server, error)))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }),
      )
    })
    sent.on('error', (error) => reject(unreachable(server, error)))
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

const unreachable = (server: string, error: Error): LabError =>
  new LabError('cluster.unreachable', `the API server ${server} does not answer: ${error.message}`, {
    cause: error,
  })
