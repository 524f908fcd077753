import { outcomeOf } from './reach.js'
import type { ReachAttempt, ReachOutcome } from './model/reach.js'

/** The connections of one service may take this long together; a healthy one needs some milliseconds. */
const SECONDS = 4

/**
 * Opens TCP connections to each of several sockets: to all of these at once, but those to the same one after the
 * other, as a client does (session affinity begins to hold with the first). The first that fails is the last.
 * One bash opens all connections to a socket: no process for each.
 *
 * A line for each socket: `@@ <number> <exit code> <a dot for each connection> <words of bash>`.
 *
 * Arguments: seconds for each socket; then a host, a port and the number of connections for each.
 */
const SCRIPT = `
export LC_ALL=C
seconds=$1
shift
burst() {
  said=$(timeout "$seconds" bash -c '
    for ((made = 0; made < $3; made++)); do
      : 3<> "/dev/tcp/$1/$2" || exit
      printf .
    done' bash "$2" "$3" "$4" 2>&1 < /dev/null)
  code=$?
  printf '@@ %s %s %s\\n' "$1" "$code" "$(printf '%s' "$said" | tr '\\n' ' ')"
}
number=0
while [ $# -gt 2 ]; do
  burst "$number" "$1" "$2" "$3" &
  number=$((number + 1))
  shift 3
done
wait
`

export interface Burst extends ReachAttempt {
  readonly connections: number
}

export interface BurstSeen {
  readonly made: number
  readonly outcome: ReachOutcome
}

/** The command that opens the connections, for one exec. */
export function burstCommand(bursts: readonly Burst[]): string[] {
  const words = bursts.flatMap(({ host, port, connections }) => [host, String(port), String(connections)])
  return ['sh', '-c', SCRIPT, 'sh', String(SECONDS), ...words]
}

export function parseBursts(stdout: string, bursts: readonly Burst[]): BurstSeen[] {
  const lines = stdout.matchAll(/^@@ (\d+) (\d+) (\.*)(.*)$/gm)
  const results = new Map([...lines].map(([, number = '', ...rest]) => [Number(number), rest]))
  return bursts.map(({ host, port }, number) => {
    const [code, dots = '', said = ''] = results.get(number) ?? []
    if (code === undefined) throw new Error(`nothing is known of the connections to ${host} port ${port}`)
    return { made: dots.length, outcome: outcomeOf(Number(code), said.trim()) }
  })
}
