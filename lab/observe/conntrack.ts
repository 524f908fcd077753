/** A connection, as the kernel of a node keeps track of it. */
export interface Flow {
  /** What tells it from every other one: its own addresses and ports, before they were changed. */
  readonly key: string
  /** Where it was sent to. */
  readonly vip: string
  readonly port: number
  /** Where it went: `<address>:<port>` that the answers come from. */
  readonly backend: string
  readonly answered: boolean
}

/**
 * The connections in what `conntrack -L` prints, each twice in its line: as it was made, and as the answers come.
 *
 *     tcp 6 119 TIME_WAIT src=<client> dst=<virtual IP> sport=4 dport=80 src=<pod> dst=<client> sport=80 dport=4 …
 */
export function parseConntrack(output: string): Flow[] {
  return output.split('\n').flatMap((line) => {
    const found = [...line.matchAll(/\b(src|dst|sport|dport)=(\S+)/g)].map(([, , value = '']) => value)
    if (found.length !== 8) return []
    const [client, vip = '', from, port, pod = '', , podPort = ''] = found
    const answered = !/\bSYN_SENT\b|\[UNREPLIED\]/.test(line)
    const backend = pod.includes(':') ? `[${pod}]:${podPort}` : `${pod}:${podPort}`
    return [{ key: `${client} ${from} ${vip} ${port}`, vip, port: Number(port), backend, answered }]
  })
}
