import { contains, parseCidr } from '../../../topology/cidr.js'
import { reverseName } from './reverse.js'

/** A line of a Corefile, with the block that may follow it. */
interface Directive {
  readonly words: readonly string[]
  readonly block: readonly Directive[]
}

/** What the kubernetes plugin uses where the Corefile says nothing. */
const DEFAULT_TTL = 5
/** What the cache plugin uses where the Corefile says nothing. */
const DEFAULT_CACHE_SECONDS = 3600

/** TTL of the records of the cluster's zone; undefined when the Corefile does not serve the zone. */
export function dnsTtl(corefile: string, clusterDomain: string): number | undefined {
  const plugin = zoneServer(corefile, clusterDomain).find(servesZone(clusterDomain))
  if (plugin === undefined) return undefined
  const ttl = plugin.block.find(({ words }) => words[0] === 'ttl')?.words[1]
  return ttl === undefined ? DEFAULT_TTL : Number(ttl)
}

/**
 * For how many seconds the DNS server may repeat an old answer of the cluster's zone, or of another that the same
 * plugin serves; 0 when it does not cache it.
 */
export function dnsCacheSeconds(corefile: string, clusterDomain: string, zone = clusterDomain): number {
  const cache = zoneServer(corefile, clusterDomain).find(({ words }) => words[0] === 'cache')
  if (cache === undefined) return 0
  const disabled = (kind: string): boolean =>
    cache.block.some(
      ({ words: [option, what, ...zones] }) =>
        option === 'disable' && what === kind && (zones.length === 0 || zones.includes(zone)),
    )
  if (disabled('success') && disabled('denial')) return 0
  const seconds = /^\d+$/.test(cache.words[1] ?? '') ? Number(cache.words[1]) : DEFAULT_CACHE_SECONDS
  return Math.min(seconds, dnsTtl(corefile, clusterDomain) ?? seconds)
}

/** The zone that the kubernetes plugin serves, beside those for addresses; undefined when none is said. */
export function servedZone(corefile: string): string | undefined {
  const plugins = parse(corefile).flatMap(({ words, block }) =>
    block
      .filter(({ words: [plugin] }) => plugin === 'kubernetes')
      // Without zones of its own the plugin serves those of its server block.
      .flatMap(({ words: [, ...zones] }) => (zones.length > 0 ? zones : words)),
  )
  const zone = plugins.find((each) => !/(^|\.)(in-addr|ip6)\.arpa\.?$|^(dns:\/\/)?\.?(:\d+)?$|\//.test(each))
  return zone?.replace(/:\d+$/, '').replace(/\.$/, '')
}

/** Whether the DNS server knows the names of an address itself, and does not ask another server for them. */
export function servesReverse(corefile: string, clusterDomain: string, ip: string): boolean {
  const { zone: server = [], block } = zoneServerOf(corefile, clusterDomain)
  const plugin = block.find(servesZone(clusterDomain))
  if (plugin === undefined) return false
  const [, ...zones] = plugin.words
  const name = `.${reverseName(ip)}.`
  return (zones.length > 0 ? zones : server).map(withoutPort).some((zone) => {
    const range = parseCidr(zone)
    const address = parseCidr(`${ip}/${ip.includes(':') ? 128 : 32}`)
    if (range !== undefined && address !== undefined) return contains(range, address)
    return zone === '.' || name.endsWith(`.${zone.replace(/\.$/, '')}.`)
  })
}

/** `dns://example.org:53` is the zone `example.org`. */
function withoutPort(zone: string): string {
  return zone.replace(/^dns:\/\//, '').replace(/(?<=[^:]*):\d+$/, '') || '.'
}

/** The plugins of the server block in which the kubernetes plugin serves the zone. */
function zoneServer(corefile: string, clusterDomain: string): readonly Directive[] {
  return zoneServerOf(corefile, clusterDomain).block
}

function zoneServerOf(
  corefile: string,
  clusterDomain: string,
): { zone?: readonly string[]; block: readonly Directive[] } {
  const found = parse(corefile).find(({ block }) => block.some(servesZone(clusterDomain)))
  return found === undefined ? { block: [] } : { zone: found.words, block: found.block }
}

function servesZone(clusterDomain: string): (directive: Directive) => boolean {
  return ({ words: [plugin, ...zones] }) =>
    plugin === 'kubernetes' &&
    (zones.length === 0 || zones.some((zone) => zone.replace(/\.$/, '') === clusterDomain))
}

function parse(corefile: string): Directive[] {
  const root: Directive[] = []
  const open: Directive[][] = [root]
  for (const raw of corefile.split('\n')) {
    const words = raw
      .replace(/#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
    if (words.length === 0) continue
    if (words[0] === '}') {
      if (open.length > 1) open.pop()
      continue
    }
    const opens = words.at(-1) === '{'
    const block: Directive[] = []
    open.at(-1)?.push({ words: opens ? words.slice(0, -1) : words, block })
    if (opens) open.push(block)
  }
  return root
}
