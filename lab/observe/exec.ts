import { Writable } from 'node:stream'
import { Exec } from '@kubernetes/client-node'
import type { KubeConfig, V1Status } from '@kubernetes/client-node'

export interface ExecTarget {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The output of a command that must succeed. */
export function ran({ exitCode, stdout, stderr }: ExecResult): string {
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`)
  return stdout
}

/** Runs a command in a container and gives its output and exit code. */
export type PodExec = (
  target: ExecTarget,
  command: readonly string[],
  signal: AbortSignal,
) => Promise<ExecResult>

/** How long a connection may take to be made. It cannot be cut from outside, so it ends itself. */
const HANDSHAKE_MS = 5_000

/** Exec over web sockets, one connection a command. */
export function podExec(kubeconfig: KubeConfig): PodExec {
  const exec = new Exec(withHandshakeTimeout(kubeconfig))
  return async ({ namespace, pod, container }, command, signal) => {
    const stdout = new Buffered()
    const stderr = new Buffered()
    let settle: (status: V1Status) => void = () => undefined
    const ended = new Promise<V1Status>((resolve) => {
      settle = resolve
    })
    const socket = (await exec
      .exec(namespace, pod, container, [...command], stdout, stderr, null, false, settle)
      .catch((error: unknown) => {
        throw new Error(`cannot exec in pod ${pod}: ${reasonOf(error)}`, { cause: error })
      })) as Socket
    // The status comes last; a connection that closes without one was lost, or the pod went away.
    const lost = new Promise<never>((_, reject) => {
      socket.onclose = () => reject(new Error(`the connection to pod ${pod} was closed`))
    })
    const close = (): void => socket.terminate()
    signal.addEventListener('abort', close, { once: true })
    if (signal.aborted) close()
    try {
      const status = await Promise.race([ended, lost])
      return { exitCode: exitCodeOf(status), stdout: stdout.text(), stderr: stderr.text() }
    } finally {
      signal.removeEventListener('abort', close)
      socket.close()
    }
  }
}

/** What is used of the client's web socket, whose own type is not installed with it. */
interface Socket {
  onclose: () => void
  close(): void
  terminate(): void
}

class Buffered extends Writable {
  private readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk)
    done()
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}

/** The same configuration, whose web sockets give up when the server does not answer the handshake. */
function withHandshakeTimeout(kubeconfig: KubeConfig): KubeConfig {
  const limited = Object.create(kubeconfig) as KubeConfig
  limited.applyToHTTPSOptions = async (options) => {
    await kubeconfig.applyToHTTPSOptions(options)
    Object.assign(options, { handshakeTimeout: HANDSHAKE_MS })
  }
  return limited
}

function exitCodeOf(status: V1Status): number {
  if (status.status === 'Success') return 0
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (cause === undefined) throw new Error(status.message ?? 'the command could not be started')
  return Number(cause)
}

/** The client rejects with an event of the socket, not with an error. */
function reasonOf(error: unknown): string {
  const { message } = error as { message?: unknown }
  return typeof message === 'string' && message !== '' ? message : 'no reason given'
}
