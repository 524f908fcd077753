import { isIPv4, isIPv6 } from 'node:net'

/** An IP family as a number. */
export type Family = 4 | 6

/** A range of addresses. `address` is kept as written, host bits included; {@link network} clears them. */
export interface Cidr {
  readonly family: Family
  readonly address: bigint
  /** Prefix length, 0 to {@link familyBits}. */
  readonly prefix: number
}

/** Number of bits of an address: 32 or 128. */
export const familyBits = (family: Family): number => (family === 4 ? 32 : 128)

/** Reads `address/prefix`; undefined when it is not that. A zone (`fe80::1%eth0`) is not part of a range. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F:.]+)\/(0|[1-9][0-9]{0,2})$/.exec(text)
  const parsed = match?.[1] === undefined ? undefined : parseAddress(match[1])
  const prefix = Number(match?.[2])
  if (!parsed || prefix > familyBits(parsed.family)) return undefined
  return { ...parsed, prefix }
}

/** Reads one address; undefined when it is none. */
export function parseAddress(text: string): { family: Family; address: bigint } | undefined {
  if (isIPv4(text)) return { family: 4, address: fromIPv4(text) }
  if (isIPv6(text) && !text.includes('%')) return { family: 6, address: fromIPv6(text) }
  return undefined
}

/** Writes a range in its canonical form: IPv6 as RFC 5952 asks, so equal ranges are equal texts. */
export const formatCidr = (cidr: Cidr): string =>
  `${formatAddress(cidr.family, cidr.address)}/${String(cidr.prefix)}`

export function formatAddress(family: Family, address: bigint): string {
  return family === 4 ? toGroups(address, 4, 8n).join('.') : formatIPv6(address)
}

/** The same range with its host bits cleared. */
export const network = (cidr: Cidr): Cidr => ({ ...cidr, address: first(cidr) })

/** Whether bits are set that the prefix does not cover (`10.0.0.1/16`). */
export const hasHostBits = (cidr: Cidr): boolean => cidr.address !== first(cidr)

/** Whether the two ranges share an address. Ranges of different families never do. */
export const overlaps = (a: Cidr, b: Cidr): boolean =>
  a.family === b.family && first(a) <= last(b) && first(b) <= last(a)

/** Whether all of `inner` lies in `outer`. */
export const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.family === inner.family && first(outer) <= first(inner) && last(inner) <= last(outer)

/** Lowest address of the range. */
export const first = (cidr: Cidr): bigint => (cidr.address >> hostBits(cidr)) << hostBits(cidr)

/** Highest address of the range. */
export const last = (cidr: Cidr): bigint => first(cidr) + (1n << hostBits(cidr)) - 1n

const hostBits = (cidr: Cidr): bigint => BigInt(familyBits(cidr.family) - cidr.prefix)

const fromIPv4 = (text: string): bigint =>
  text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)

function fromIPv6(text: string): bigint {
  // An IPv6 address may end as an IPv4 one (`::ffff:10.0.0.1`): rewrite that tail as two groups.
  const tail = /(?<=:)[0-9.]+$/.exec(text)?.[0]
  if (tail?.includes('.')) {
    const groups = toGroups(fromIPv4(tail), 2, 16n).map((group) => group.toString(16))
    return fromIPv6(text.slice(0, -tail.length) + groups.join(':'))
  }
  const [left = '', right] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const head = groups(left)
  const end = right === undefined ? [] : groups(right)
  const zeros = Array.from({ length: 8 - head.length - end.length }, () => '0')
  return [...head, ...zeros, ...end].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

function formatIPv6(address: bigint): string {
  const groups = toGroups(address, 8, 16n).map((group) => group.toString(16))
  // RFC 5952: the longest run of zero groups, the first of equals, at least two, becomes `::`.
  let run = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > run.length) run = { start, length }
  }
  if (run.length < 2) return groups.join(':')
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`
}

function toGroups(value: bigint, count: number, width: bigint): bigint[] {
  const mask = (1n << width) - 1n
  return Array.from({ length: count }, (_, i) => (value >> (width * BigInt(count - 1 - i))) & mask)
}
