import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createMuteServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../host/fakes.js'

export interface ApiCall {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly type: string | undefined
  readonly body: unknown
}

/** What the server answers: a status and a body, which is JSON unless it is text. */
export type ApiAnswer = readonly [status: number, body: unknown]

/** A server on this machine that answers as the test says, and the configuration that leads to it. */
export async function apiServer(
  answer: (call: ApiCall) => ApiAnswer,
): Promise<{ config: KubeConfig; calls: ApiCall[] }> {
  const calls: ApiCall[] = []
  const server = createServer(await certificate(), (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'https://x')
      const text = Buffer.concat(chunks).toString()
      const call = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        type: request.headers['content-type'],
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      }
      calls.push(call)
      const [status, body] = answer(call)
      response.writeHead(status, {
        'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
      })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { config: configOf(server), calls }
}

/** A server that takes connections and never says a word. */
export async function muteServer(): Promise<{ config: KubeConfig; open: () => number }> {
  const sockets: Socket[] = []
  const server = createMuteServer((socket) => {
    sockets.push(socket.resume().on('error', () => undefined))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { config: configOf(server), open: () => sockets.filter(({ destroyed }) => !destroyed).length }
}

function configOf(server: Server): KubeConfig {
  const { port } = server.address() as AddressInfo
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: 'lab', server: `https://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ name: 'lab' }],
    contexts: [{ name: 'lab', cluster: 'lab', user: 'lab' }],
    currentContext: 'lab',
  })
  return config
}

let made: { key: string; cert: string } | undefined

async function certificate(): Promise<{ key: string; cert: string }> {
  if (made !== undefined) return made
  const folder = await temporaryFolder()
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string]
  const parameters = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-subj', '/CN=localhost']
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-days', '1', ...parameters, '-keyout', key, '-out', cert],
    {
      stdio: 'ignore',
    },
  )
  made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  return made
}
