import { FORMERR, NODATA, NOTFOUND, NOTIMP, REFUSED, SERVFAIL } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contains, parseCidr } from '../../topology/cidr.js'
import type { Topology } from '../../topology/index.js'
import { withDeadline } from '../host/deadline.js'
import { hasCode } from '../host/error-code.js'
import type { LabRange, Nameserver } from './facts.js'

/** How long one on loopback may take for an answer. */
const ANSWER_MS = 2000
/** What a server says that has no address for a name: an answer, too. */
const ANSWERS = [FORMERR, NODATA, NOTFOUND, NOTIMP, REFUSED, SERVFAIL]
/** Where systemd-resolved listens for the host, which knows no other name server then. */
const RESOLVED_STUB = '127.0.0.53'

/**
 * The name servers that the engine's own one asks: those of /etc/resolv.conf, or, where that names only the stub of
 * systemd-resolved, those behind it (moby, libnetwork/resolvconf).
 *
 * @param root where the host's files are
 */
export async function readNameservers(root = '/'): Promise<string[]> {
  const named = async (file: string): Promise<string[]> => {
    const text = await readFile(join(root, file), 'utf8').catch(() => '')
    return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  }
  const own = await named('etc/resolv.conf')
  if (own.length !== 1 || own[0] !== RESOLVED_STUB) return own
  const behind = await named('run/systemd/resolve/resolv.conf')
  return behind.length > 0 ? behind : own
}

/** Asks those on loopback, and looks for each among the ranges of the lab. */
export function lookAtNameservers(
  addresses: readonly string[],
  ranges: readonly LabRange[],
  signal: AbortSignal,
): Promise<Nameserver[]> {
  return Promise.all(
    addresses.map(async (address) => ({
      address,
      answers: /^(127\.|::1$)/.test(address) ? await answers(address, signal) : undefined,
      within: ranges.find(({ cidr }) => isIn(cidr, address)),
    })),
  )
}

/** The ranges that a node looks for in the lab: services first, which its rules take whatever its routes are. Pure. */
export const rangesOf = (
  { serviceSubnets, podSubnets }: Pick<Topology, 'serviceSubnets' | 'podSubnets'>,
  nodesSubnets: readonly string[],
): LabRange[] => [
  ...serviceSubnets.map((cidr) => ({ of: 'services' as const, cidr })),
  ...nodesSubnets.map((cidr) => ({ of: 'nodes' as const, cidr })),
  ...podSubnets.map((cidr) => ({ of: 'pods' as const, cidr })),
]

/**
 * Whether a DNS server answers one question, whatever it says.
 *
 * @param server its address, and `:port` where that is not 53
 * @param ms how long it may take
 */
export async function answers(server: string, signal: AbortSignal, ms = ANSWER_MS): Promise<boolean> {
  const resolver = new Resolver()
  try {
    resolver.setServers([server])
    // A server on loopback knows this name itself, or passes it on like any other.
    await withDeadline(ms, () => resolver.resolve4('localhost'), signal)
    return true
  } catch (error) {
    signal.throwIfAborted()
    return hasCode(error, ...ANSWERS)
  } finally {
    resolver.cancel()
  }
}

function isIn(range: string, address: string): boolean {
  const [outer, inner] = [range, `${address}/${address.includes(':') ? 128 : 32}`].map(parseCidr)
  return outer !== undefined && inner !== undefined && contains(outer, inner)
}
