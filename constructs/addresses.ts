import { BlockList, isIP } from 'node:net'

/**
 * An address as Kubernetes writes it, which for IPv6 is the form of RFC 5952; the API server refuses others in an
 * EndpointSlice. What is no address, or has a zone, is given back as it is.
 */
export function canonicalAddress(address: string): string {
  // The URL parser writes the host in that form, in brackets. A zone ("%eth0") has no place in it.
  return isIP(address) === 6 && !address.includes('%')
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address
}

/** What is wrong with addresses that a name shall lead to, each a sentence. */
export function addressProblems(addresses: readonly string[]): string[] {
  const canonical = addresses.map(canonicalAddress)
  return canonical.flatMap((address, i) => {
    const quoted = JSON.stringify(addresses[i])
    if (isIP(address) === 0)
      return `address ${quoted} is no IP address; EndpointSlices of host names are served by nothing, use a Service of type ExternalName for them`
    if (address.includes('%')) return `address ${quoted} has a zone; the API server refuses it`
    if (isSpecial(address))
      return `address ${quoted} is loopback, link-local, unspecified, multicast, or IPv4 written as IPv6; the API server refuses it`
    return canonical.indexOf(address) < i ? `address ${quoted} is given twice` : []
  })
}

function isSpecial(address: string): boolean {
  return isIP(address) === 4
    ? SPECIAL.check(address)
    : SPECIAL.check(address, 'ipv6') || MAPPED.check(address, 'ipv6')
}

/** What the API server refuses in an EndpointSlice (ValidateNonSpecialIP), and all multicast. */
const SPECIAL = new BlockList()
SPECIAL.addAddress('0.0.0.0')
SPECIAL.addSubnet('127.0.0.0', 8)
SPECIAL.addSubnet('169.254.0.0', 16)
SPECIAL.addSubnet('224.0.0.0', 4)
SPECIAL.addAddress('::', 'ipv6')
SPECIAL.addAddress('::1', 'ipv6')
SPECIAL.addSubnet('fe80::', 10, 'ipv6')
SPECIAL.addSubnet('ff00::', 8, 'ipv6')

/** IPv4 addresses written as IPv6. A list of its own: in the other it would stand for all of IPv4. */
const MAPPED = new BlockList()
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6')
