import { parseAddress } from '../../../topology/cidr.js'

/** The name under which the name of an address is asked for (RFC 1035, 3.5 and RFC 3596, 2.5). */
export function reverseName(ip: string): string {
  const parsed = parseAddress(ip)
  if (parsed === undefined) throw new Error(`${ip} is no IP address`)
  if (parsed.family === 4) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`
  const digits = parsed.address.toString(16).padStart(32, '0')
  return `${Array.from(digits).reverse().join('.')}.ip6.arpa`
}
