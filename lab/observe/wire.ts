import { tryRun } from '../host/run.js'
import type { WireSeen } from './model/calico.js'
import type { EngineAccess } from './model/target.js'

type Packet = WireSeen['packets'][number]

/** Enough for both directions: a connection is at least this many packets. */
const PACKETS = 4
const SECONDS = 6

/**
 * Watches the interface towards another node, for a bounded number of packets and of seconds.
 *
 * Arguments: address of the other node, seconds, packets, filter.
 */
const SCRIPT = `
dev=$(ip route get "$1" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
timeout "$2" tcpdump -n -t -l -i "$dev" -c "$3" "$4"
`

/** VXLAN's port, as IANA gives it and Calico takes it. */
const VXLAN_PORT = 4789

export interface Watched {
  readonly node: string
  /** Address of the other node. */
  readonly peer: string
  /** IPv4 addresses of the two pods. */
  readonly inner: readonly [from: string, to: string]
}

/** The packets between two pods on the wire of a node, while the one connects to the other again and again. */
export async function watchWire(
  engine: EngineAccess,
  { node, peer, inner }: Watched,
  signal: AbortSignal,
  connectOnce: () => Promise<void>,
): Promise<Packet[]> {
  const run = engine.run ?? tryRun
  const args = [
    'exec',
    node,
    'sh',
    '-c',
    SCRIPT,
    'sh',
    peer,
    String(SECONDS),
    String(PACKETS),
    wireFilter(inner),
  ]
  const ended = new AbortController()
  const watched = run(engine.docker, args, { signal }).finally(() => {
    ended.abort()
  })
  const connected = (async () => {
    // What is sent before tcpdump listens is not seen.
    while (!ended.signal.aborted) await connectOnce()
  })()
  const [{ stdout, stderr }] = await Promise.all([watched, connected])
  if (!stderr.includes('listening on')) throw new Error(stderr.trim() || 'tcpdump did not start')
  return parseWire(stdout)
}

/** Packets between two pods, bare or inside VXLAN: there their addresses are 42 and 46 bytes behind UDP's beginning. */
export function wireFilter([from, to]: Watched['inner']): string {
  const [a, b] = [hex(from), hex(to)]
  const inside = `(udp[42:4] = ${a} and udp[46:4] = ${b}) or (udp[42:4] = ${b} and udp[46:4] = ${a})`
  return `(host ${from} and host ${to}) or (udp port ${String(VXLAN_PORT)} and (${inside}))`
}

/** The outermost addresses of each packet that tcpdump prints: what is inside VXLAN it prints on a line of its own. */
export function parseWire(output: string): Packet[] {
  const lines = output.split('\n')
  return lines.flatMap((line, i) => {
    const [, from, to] =
      /^IP (\d+\.\d+\.\d+\.\d+)(?:\.\d+)? > (\d+\.\d+\.\d+\.\d+)(?:\.\d+)?:/.exec(line) ?? []
    if (from === undefined || to === undefined || lines[i - 1]?.includes(': VXLAN,') === true) return []
    return [{ vxlan: line.includes(': VXLAN,'), from, to }]
  })
}

function hex(ip: string): string {
  return `0x${ip
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('')}`
}
