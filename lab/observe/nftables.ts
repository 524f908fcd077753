import type { NftElement, NftRule, NftablesSeen } from './model/rules.js'

/** The maps of kube-proxy that are about virtual IPs; those of node ports have no address. */
const MAPS: ReadonlySet<string> = new Set(['service-ips', 'no-endpoint-services'])

/** Reads what `nft -j list table` prints. What it says in ways that kube-proxy does not use is left out. */
export function parseNftables(output: string): NftablesSeen {
  const { nftables = [] } = JSON.parse(output) as { nftables?: readonly Json[] }
  const of = (kind: string): Json[] => nftables.flatMap((each) => (isObject(each[kind]) ? [each[kind]] : []))
  return {
    elements: of('map')
      .filter(({ name }) => MAPS.has(String(name)))
      .flatMap(({ name, elem }) => list(elem).flatMap((each) => element(String(name), each))),
    rules: of('rule').flatMap(rule),
    timeouts: Object.fromEntries(
      of('set').flatMap(({ name, timeout }) =>
        typeof timeout === 'number' ? [[String(name), timeout] as const] : [],
      ),
    ),
  }
}

/** Both address families as one. */
export function mergeNftables(tables: readonly NftablesSeen[]): NftablesSeen {
  return {
    elements: tables.flatMap(({ elements }) => elements),
    rules: tables.flatMap(({ rules }) => rules),
    timeouts: Object.assign({}, ...tables.map(({ timeouts }) => timeouts)) as Record<string, number>,
  }
}

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

function objectIn(value: unknown, key: string): Json | undefined {
  const found = isObject(value) ? value[key] : undefined
  return isObject(found) ? found : undefined
}

function objects(all: readonly unknown[], key: string): Json[] {
  return all.flatMap((each): Json[] => {
    const found = objectIn(each, key)
    return found === undefined ? [] : [found]
  })
}

/** `[key, verdict]`; the key is in an object of its own where it has a comment. */
function element(map: string, pair: unknown): NftElement[] {
  const [key, verdict] = list(pair)
  const value = objectIn(key, 'elem')?.['val'] ?? key
  const [address, protocol, port] = list(isObject(value) ? value['concat'] : undefined)
  if (typeof address !== 'string' || typeof protocol !== 'string') return []
  const to = chainOf(verdict) ?? 'drop'
  return [{ map, address, protocol: protocol.toLowerCase(), port: Number(port), to }]
}

function chainOf(verdict: unknown): string | undefined {
  const target = (objectIn(verdict, 'goto') ?? objectIn(verdict, 'jump'))?.['target']
  return typeof target === 'string' ? target : undefined
}

function rule({ chain, expr }: Json): NftRule[] {
  const parts = list(expr)
  const to = parts.flatMap((part) => {
    const own = chainOf(part)
    const set = objectIn(objectIn(part, 'vmap'), 'data')?.['set']
    return [...(own === undefined ? [] : [own]), ...list(set).flatMap((pair) => chainOf(list(pair)[1]) ?? [])]
  })
  const matches = objects(parts, 'match')
  const address = matches.find(({ op, left }) => op === '==' && fieldOf(left) === 'daddr')?.['right']
  const sets = matches
    .filter(({ left }) => fieldOf(left) === 'saddr')
    .flatMap(({ right }) => (typeof right === 'string' && right.startsWith('@') ? [right.slice(1)] : []))
  const [dnat] = objects(parts, 'dnat')
  if (to.length === 0 && dnat === undefined) return []
  return [
    {
      ...{ chain: String(chain), to },
      ...(typeof address === 'string' ? { address } : {}),
      ...(sets.length === 0 ? {} : { sets }),
      ...(dnat === undefined ? {} : { dnat: socket(String(dnat['addr']), Number(dnat['port'])) }),
    },
  ]
}

function fieldOf(left: unknown): unknown {
  return objectIn(left, 'payload')?.['field']
}

function socket(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
