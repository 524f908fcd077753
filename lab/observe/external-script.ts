import type { ExternalAnswer, ExternalTarget } from './model/external.js'

/**
 * Resolves a name as programs do, and connects to each of its addresses, for any sh with getent, timeout, nc, and
 * pg_isready for Postgres, which says whether a Postgres answers. All addresses at once: one that is silent costs
 * 2 seconds, and so do many. Each answer is a line: address, port, exit code of what asked.
 *
 * Arguments: name, then by twos: \`postgres\` or \`tcp\`, port.
 */
const SCRIPT = `
name=$1
shift
command -v getent > /dev/null || { echo 'the probe image has no getent' >&2; exit 127; }
getent ahostsv4 "$name" | {
  while read -r address type _; do
    [ "$type" = STREAM ] || continue
    for word in "$@"; do
      case $word in postgres | tcp) kind=$word; continue ;; esac
      {
        if [ "$kind" = postgres ]; then
          pg_isready -q -h "$address" -p "$word" -t 2 > /dev/null 2>&1
        else
          timeout 2 nc -z "$address" "$word" > /dev/null 2>&1
        fi
        printf '%s %s %s\\n' "$address" "$word" "$?"
      } &
    done
  done
  wait
}
exit 0
`

/** The command that asks everything behind a name, for one exec. */
export function externalCommand({ fqdn, ports }: ExternalTarget): string[] {
  return [
    ...['sh', '-c', SCRIPT, 'sh', fqdn],
    ...ports.flatMap(({ port, postgres }) => [postgres ? 'postgres' : 'tcp', String(port)]),
  ]
}

/** What a shell says of a program that is not there. */
const NOT_FOUND = 127

/** Who answered, from the output of {@link externalCommand}; nobody where the name has no address. */
export function parseExternal(output: string): ExternalAnswer[] {
  return [...output.matchAll(/^(\S+) (\d+) (\d+)$/gm)].map(([, address = '', port, exitCode]) => {
    if (Number(exitCode) === NOT_FOUND) throw new Error('the probe image has no pg_isready, or no nc')
    return { address, port: Number(port), answered: exitCode === '0' }
  })
}
