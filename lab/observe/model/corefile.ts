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

/** For how many seconds the DNS server may repeat an old answer of the cluster's zone; 0 when it does not cache it. */
export function dnsCacheSeconds(corefile: string, clusterDomain: string): number {
  const cache = zoneServer(corefile, clusterDomain).find(({ words }) => words[0] === 'cache')
  if (cache === undefined) return 0
  const disabled = (kind: string): boolean =>
    cache.block.some(
      ({ words: [option, what, ...zones] }) =>
        option === 'disable' && what === kind && (zones.length === 0 || zones.includes(clusterDomain)),
    )
  if (disabled('success') && disabled('denial')) return 0
  const seconds = /^\d+$/.test(cache.words[1] ?? '') ? Number(cache.words[1]) : DEFAULT_CACHE_SECONDS
  return Math.min(seconds, dnsTtl(corefile, clusterDomain) ?? seconds)
}

/** The plugins of the server block in which the kubernetes plugin serves the zone. */
function zoneServer(corefile: string, clusterDomain: string): readonly Directive[] {
  return parse(corefile).find(({ block }) => block.some(servesZone(clusterDomain)))?.block ?? []
}

function servesZone(clusterDomain: string): (directive: Directive) => boolean {
  return ({ words: [plugin, ...zones] }) =>
    plugin === 'kubernetes' && (zones.length === 0 || zones.includes(clusterDomain))
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
