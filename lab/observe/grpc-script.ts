import type { GrpcAnswers } from './model/grpc.js'
import type { ExecResult } from './exec.js'

/**
 * Calls a server some times over one channel, for any sh with timeout and the program grpc-client (images/grpc).
 *
 * Arguments: address, number of calls.
 */
const SCRIPT = `
if ! command -v grpc-client > /dev/null; then
  echo 'the client pod has no program grpc-client' >&2
  exit 127
fi
exec timeout 6 grpc-client "$1" --requests "$2" --json
`

/** The command that makes the calls, for one exec in the client's pod. */
export function grpcCommand(address: string, calls: number): string[] {
  return ['sh', '-c', SCRIPT, 'sh', address, String(calls)]
}

/**
 * Who answered, from what {@link grpcCommand} said. Calls that fail are an observation; a client that cannot be
 * run is none.
 */
export function parseGrpc({ exitCode, stdout, stderr }: ExecResult, calls: number): GrpcAnswers {
  if (exitCode === 0) {
    const { answers } = JSON.parse(stdout) as GrpcAnswers
    return { calls, answers }
  }
  // 1 is the program's own, 124 is timeout's.
  const error = stderr.trim().replace(/^grpc-client: /, '')
  if (exitCode !== 1 && exitCode !== 124) throw new Error(`exit code ${exitCode}: ${error}`)
  return { calls, answers: {}, error: error || 'not all calls were answered in 6 s' }
}
