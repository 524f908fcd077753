import { formatCidr, parseCidr, type Family } from './cidr.js'
import { formatPath, fromZod, issue, type Issue, type Key } from './issues.js'
import { families, type IpPool, type Topology } from './model.js'
import { checkTopology } from './rules.js'
import { topologySchema, type ShapedTopology } from './schema.js'

export { topologySchema, type TopologyInput } from './schema.js'

/** A topology that can work, or everything that is wrong with the input (at least one issue). */
export type ParsedTopology =
  | { readonly ok: true; readonly topology: Topology }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * Gives the defaults and rejects what cannot work, whatever the host is like (clashes with the host are
 * `findClashes`'s). Pure: never throws.
 * @param input - a value of the shape of `TopologyInput`, not yet checked
 * @param at - the path of the input in the whole file, for the issues
 */
export function parseTopology(input: unknown, at: readonly Key[] = ['topology']): ParsedTopology {
  const hidden = hiddenKeys(input, at)
  if (hidden.length > 0) return { ok: false, issues: hidden }
  const shaped = topologySchema.safeParse(input, { reportInput: true })
  if (!shaped.success) return { ok: false, issues: fromZod(shaped.error, at) }
  const topology = complete(shaped.data)
  const issues = checkTopology(topology, at)
  return issues.length > 0 ? { ok: false, issues } : { ok: true, topology: canonical(topology) }
}

// The IPv4 ranges are the documents'; the IPv6 ones are kind's own (a /64 for each node, a /112 for services).
const defaultPods: Record<Family, string> = { 4: '192.168.0.0/16', 6: 'fd00:10:244::/56' }
const defaultServices: Record<Family, string> = { 4: '10.96.0.0/16', 6: 'fd00:10:96::/112' }

/** Block sizes Calico itself takes when none is given. */
const defaultBlockSize: Record<Family, number> = { 4: 26, 6: 122 }

/** Fills in what depends on other fields. */
function complete(shaped: ShapedTopology): Topology {
  const { podSubnets, serviceSubnets, pools, linuxNodes, ...rest } = shaped
  const present = families(shaped.ipFamily)
  const pods = podSubnets ?? present.map((family) => defaultPods[family])
  return {
    ...rest,
    podSubnets: pods,
    serviceSubnets: serviceSubnets ?? present.map((family) => defaultServices[family]),
    pools: namePools(
      pools ?? pods.map((cidr) => topologySchema.shape.pools.unwrap().element.parse({ cidr })),
    ),
    linuxNodes: linuxNodes.map(({ cmd, ...node }) => (cmd === undefined ? node : { ...node, cmd })),
  }
}

type ShapedPool = NonNullable<ShapedTopology['pools']>[number]

/** The first pool of a family has the name Calico gives its own default pool, the next ones a number. */
function namePools(pools: readonly ShapedPool[]): IpPool[] {
  const seen: Record<Family, number> = { 4: 0, 6: 0 }
  return pools.map((pool) => {
    const family = parseCidr(pool.cidr)?.family ?? 4
    const number = ++seen[family]
    const name = number === 1 ? `default-ipv${family}-ippool` : `ipv${family}-ippool-${number}`
    return { ...pool, name: pool.name ?? name, blockSize: pool.blockSize ?? defaultBlockSize[family] }
  })
}

/** The same ranges written the one way, so that the same network gives the same files. */
function canonical(topology: Topology): Topology {
  const write = (text: string): string => {
    const cidr = parseCidr(text)
    return cidr ? formatCidr(cidr) : text
  }
  return {
    ...topology,
    podSubnets: topology.podSubnets.map(write),
    serviceSubnets: topology.serviceSubnets.map(write),
    pools: topology.pools.map((pool) => ({ ...pool, cidr: write(pool.cidr) })),
  }
}

/** Own fields called `__proto__`: a validator that copies maps drops them silently, so they are looked for first. */
export function hiddenKeys(input: unknown, at: readonly Key[]): Issue[] {
  if (typeof input !== 'object' || input === null) return []
  return Object.entries(input).flatMap(([name, value]: [string, unknown]) => {
    const key: Key = Array.isArray(input) ? Number(name) : name
    const message = `__proto__ cannot be the name of a field; remove it from ${formatPath(at) || 'the file'}`
    return name === '__proto__' ? [issue([...at, key], message)] : hiddenKeys(value, [...at, key])
  })
}
