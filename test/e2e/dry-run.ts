import { Agent, request, type RequestOptions } from 'node:https'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Manifest } from '../synth/objects.js'
import { CASES, subjects } from '../synth/properties/subjects.js'
import { within } from './cluster.js'
import { madeByControllers } from './made-by-controllers.js'
import { LAB, root } from './program.js'

/** Where the objects would be, if they were created. */
const NAMESPACES = ['dry-run-a', 'dry-run-b'] as const

/** The API server accepts what the constructs make of random valid properties: all of it, as a dry run. */
export function dryRunTests(kubeconfig = join(root, '.lab', LAB, 'kubeconfig')): void {
  describe(`${CASES} random cases of each construct, as a dry run`, { concurrent: false }, () => {
    let server: ApiServer

    beforeAll(async () => {
      server = await ApiServer.of(kubeconfig)
      for (const name of NAMESPACES) {
        // Where pods must be restricted, the API server checks that they are.
        const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
        await server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
        const account = `/api/v1/namespaces/${name}/serviceaccounts/default`
        await within(60, async () =>
          (await server.ask('GET', account)).status === 200 ? undefined : account,
        )
      }
    })

    afterAll(async () => {
      for (const name of NAMESPACES) await server.ask('DELETE', `/api/v1/namespaces/${name}`)
      server.close()
    })

    it.each(subjects('IPv4').map((one) => [one.name, one] as const))(
      'the API server accepts every %s',
      async (_, { valid, synth }) => {
        const accepted = new Set<string>()
        await fc.assert(
          fc.asyncProperty(fc.constantFrom(...NAMESPACES), valid, async (namespace, props) => {
            const objects = synth(props, namespace).map((object) => placed(object, namespace))
            const all = [...objects, ...objects.flatMap(madeByControllers)]
            await Promise.all(
              all.map(async (object) => {
                const text = JSON.stringify(object)
                if (accepted.has(text)) return
                await server.create(object, '?dryRun=All&fieldValidation=Strict')
                accepted.add(text)
              }),
            )
          }),
          { numRuns: CASES },
        )
      },
    )
  })
}

/** The lab's objects have namespaces of their own; here they would be in ours. */
function placed(object: Manifest, namespace: string): Manifest {
  return object.kind === 'Namespace' ? object : { ...object, metadata: { ...object.metadata, namespace } }
}

interface Answer {
  readonly status: number
  readonly body: { readonly message?: string; readonly reason?: string }
}

/** An API server, over a few connections that stay open: thousands of requests are sent. */
class ApiServer {
  private constructor(
    private readonly url: string,
    private readonly options: RequestOptions,
    private readonly agent: Agent,
  ) {}

  static async of(kubeconfig: string): Promise<ApiServer> {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const { ca, cert, key } = options
    const agent = new Agent({ keepAlive: true, maxSockets: 8, ca, cert, key })
    return new ApiServer(config.getCurrentCluster()?.server ?? '', options, agent)
  }

  close(): void {
    this.agent.destroy()
  }

  /** Creates an object; a namespace that is there already is fine. Throws with the API server's words. */
  async create(
    object: Pick<Manifest, 'apiVersion' | 'kind'> & { metadata: object },
    query = '',
  ): Promise<void> {
    const { status, body } = await this.ask('POST', `${pathOf(object)}${query}`, object)
    if (status === 201 || (object.kind === 'Namespace' && body.reason === 'AlreadyExists')) return
    throw new Error(`${body.message ?? `HTTP ${status}`}\n${JSON.stringify(object, null, 2)}`)
  }

  ask(method: 'GET' | 'POST' | 'DELETE', path: string, object?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { accept: 'application/json', 'content-type': 'application/json' }
      const sent = request(
        new URL(path, this.url),
        { ...this.options, agent: this.agent, method, headers },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const body = JSON.parse(Buffer.concat(chunks).toString()) as Answer['body']
            resolve({ status: response.statusCode ?? 0, body })
          })
        },
      )
      sent.on('error', reject)
      sent.end(object === undefined ? undefined : JSON.stringify(object))
    })
  }
}

/** Where objects of a kind are created. */
function pathOf({
  apiVersion,
  kind,
  metadata,
}: {
  apiVersion: string
  kind: string
  metadata: object
}): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const kinds = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies')
  const { namespace } = metadata as { readonly namespace?: string }
  return namespace === undefined || kind === 'Namespace'
    ? `${group}/${kinds}`
    : `${group}/namespaces/${namespace}/${kinds}`
}
