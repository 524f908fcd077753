import type { ReachAttempt, ReachOutcome, ReachSeen } from './model/reach.js'

/** A connection that nobody answers costs this. Many are tried at once, so that it is paid seldom. */
const CONNECT_S = 2

/** How many are tried at once: each is two processes, in a pod with little memory. */
const AT_ONCE = 64

/**
 * Opens TCP connections, many at once, and closes them without a word. For any POSIX sh, of Debian or of Alpine,
 * with bash or else with an nc that has -z (curl would have to say something to be sure of an open port). The time
 * comes from /proc/uptime: busybox's date knows no milliseconds.
 *
 * A line for each, in any order: `@@ <number> <ms> <exit code> <words of the tool>`.
 *
 * Arguments: a host, a port and seconds for each connection.
 */
const SCRIPT = `
set -f
export LC_ALL=C
if command -v bash > /dev/null; then
  connect() { timeout "$3" bash -c ': 3<> "/dev/tcp/$1/$2"' bash "$1" "$2"; }
elif nc -h 2>&1 | grep -q -- 'z[[:alnum:]]*\\]\\|-z'; then
  connect() { timeout "$3" nc -z -v -w "$3" "$1" "$2"; }
else
  echo 'the pod has neither bash nor an nc with -z' >&2
  exit 1
fi
now() { read -r up _ < /proc/uptime; echo "\${up%.*}\${up#*.}"; }
try() {
  start=$(now)
  said=$(connect "$2" "$3" "$4" 2>&1 < /dev/null)
  code=$?
  said=$(echo $said)
  printf '@@ %s %s %s %s\\n' "$1" "$((($(now) - start) * 10))" "$code" "$said"
}
number=0
while [ $# -gt 2 ]; do
  try "$number" "$1" "$2" "$3" &
  number=$((number + 1))
  [ $((number % ${AT_ONCE})) -ne 0 ] || wait
  shift 3
done
wait
`

/** The command that tries the connections, for one exec. {@link AT_ONCE} of them take as long as one of them may, and a little. */
export function reachCommand(attempts: readonly ReachAttempt[]): string[] {
  const words = attempts.flatMap(({ host, port, seconds = CONNECT_S }) => [host, port, seconds].map(String))
  return ['sh', '-c', SCRIPT, 'sh', ...words]
}

/**
 * What came of each connection, from the output of {@link reachCommand}.
 *
 * @param first number of the first of them, where others stand before them in the output
 * @throws Error when the output lacks one, or when the tool said something else than that it could not connect.
 */
export function parseReach(stdout: string, attempts: readonly ReachAttempt[], first = 0): ReachSeen[] {
  const lines = stdout.matchAll(/^@@ (\d+) (\d+) (\d+) ?(.*)$/gm)
  const results = new Map([...lines].map(([, number = '', ...rest]) => [Number(number), rest]))
  return attempts.map(({ host, port }, number) => {
    const [ms, code, said = ''] = results.get(first + number) ?? []
    if (ms === undefined) throw new Error(`nothing is known of the connection to ${host} port ${port}`)
    return { host, port, outcome: outcomeOf(Number(code), said), ms: Number(ms) }
  })
}

/** 124 of GNU's timeout, 143 of busybox's. */
const TIMED_OUT: ReadonlySet<number> = new Set([124, 143])

/** What bash, OpenBSD's nc and busybox's nc say, on glibc and on musl. A tool that fails otherwise has tried nothing. */
const WORDS: readonly (readonly [words: RegExp, outcome: ReachOutcome])[] = [
  [/refused|reset by peer/i, 'refused'],
  [/not known|not resolve|bad address|no address associated/i, 'unknown-name'],
  // Of the address, and of the DNS server.
  [/timed out|temporary failure|try again/i, 'timeout'],
  [/unreachable|no route|not permitted|permission denied/i, 'unreachable'],
]

/** What an exit code and the words of a tool mean. */
export function outcomeOf(code: number, said: string): ReachOutcome {
  if (code === 0) return 'open'
  if (TIMED_OUT.has(code)) return 'timeout'
  const outcome = WORDS.find(([words]) => words.test(said))?.[1]
  if (outcome === undefined) throw new Error(`exit code ${code}: ${said}`)
  return outcome
}
