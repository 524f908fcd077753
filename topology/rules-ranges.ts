import { formatCidr, hasHostBits, network, overlaps, parseCidr, type Cidr, type Family } from './cidr.js'
import { issue, type Issue, type Key } from './issues.js'
import { families, nodeNames, type Topology } from './model.js'

/** A range of the topology with the place it is written at. */
export interface Placed {
  readonly keys: readonly Key[]
  readonly text: string
  readonly cidr: Cidr
}

/** Ranges no pod or service can have an address of. */
const reserved: readonly { readonly cidr: Cidr; readonly what: string }[] = [
  ['0.0.0.0/8', 'this network'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['224.0.0.0/3', 'multicast and reserved'],
  ['::/16', 'loopback and IPv4-mapped'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
].flatMap(([text = '', what = '']) => {
  const cidr = parseCidr(text)
  return cidr ? [{ cidr, what }] : []
})

export function checkRange({
  keys,
  text,
  cidr,
}: {
  keys: readonly Key[]
  text: string
  cidr: Cidr | undefined
}): Issue[] {
  if (!cidr) {
    const hint = text.includes('/') ? '' : ' with its prefix length'
    return [
      issue(
        keys,
        `${JSON.stringify(text)} is not a CIDR; write a range${hint}, for example 10.244.0.0/16 or fd00:10:244::/56`,
      ),
    ]
  }
  if (hasHostBits(cidr))
    return [issue(keys, `${text} has bits set after its prefix; write ${formatCidr(network(cidr))}`)]
  const clash = reserved.find((range) => overlaps(range.cidr, cidr))
  if (!clash) return []
  const other = cidr.family === 4 ? '10.244.0.0/16' : 'fd00:10:244::/56'
  return [
    issue(
      keys,
      `${text} overlaps the ${clash.what} addresses ${formatCidr(clash.cidr)}; write a private range, for example ${other}`,
    ),
  ]
}

/** One range for each family of the lab, IPv4 first. */
export function checkFamilies(topology: Topology, ranges: readonly Placed[], keys: readonly Key[]): Issue[] {
  const wanted = families(topology.ipFamily)
  const got = ranges.map(({ cidr }) => cidr.family)
  if (got.length === wanted.length && got.every((family, i) => family === wanted[i])) return []
  const write = { ipv4: 'one IPv4 CIDR', ipv6: 'one IPv6 CIDR', dual: 'two CIDRs, IPv4 first' }[
    topology.ipFamily
  ]
  const has = got.length === 0 ? 'none' : got.map((family) => `IPv${family}`).join(', ')
  const wrong =
    got.length === wanted.length ? ranges.find(({ cidr }, i) => cidr.family !== wanted[i]) : undefined
  return [
    issue(
      wrong?.keys ?? keys,
      `ipFamily is ${topology.ipFamily}, but the ranges are: ${has}; write ${write} or change ipFamily`,
    ),
  ]
}

/** Each overlapping pair once, at the later of the two. */
export function checkOverlaps(ranges: readonly Placed[]): Issue[] {
  return ranges.flatMap((range, i) =>
    ranges
      .slice(0, i)
      .filter((other) => overlaps(range.cidr, other.cidr))
      .map((other) => {
        const name = other.keys.filter((key) => typeof key === 'string').at(-1) ?? ''
        return issue(
          range.keys,
          `${range.text} overlaps ${other.text} of ${name === 'cidr' ? 'another pool' : name}; write a range outside it`,
        )
      }),
  )
}

/** What the controller manager gives each node of the pod subnet (it does so even though Calico takes its own blocks). */
const nodeMask: Record<Family, number> = { 4: 24, 6: 64 }

export function checkPodSizes(topology: Topology, pods: readonly Placed[]): Issue[] {
  const nodes = nodeNames(topology).length
  return pods.flatMap(({ keys, text, cidr }) => {
    const mask = nodeMask[cidr.family]
    const smallest = mask - Math.ceil(Math.log2(nodes))
    if (cidr.prefix > smallest) {
      return [
        issue(
          keys,
          `${text} is too small: Kubernetes takes a /${mask} of it for each of the ${nodes} nodes; write a prefix of /${smallest} or shorter`,
        ),
      ]
    }
    // kubeadm: PodSubnetNodeMaskMaxDiff.
    if (mask - cidr.prefix > 16) {
      return [issue(keys, `${text} is too large for Kubernetes; write a prefix of /${mask - 16} or longer`)]
    }
    return []
  })
}

/** kubeadm: MaximumBitsForServiceSubnet 20 and MinimumAddressesInServiceSubnet 10. */
export function checkServiceSizes(services: readonly Placed[]): Issue[] {
  return services.flatMap(({ keys, text, cidr }) => {
    const bits = cidr.family === 4 ? 32 : 128
    if (bits - cidr.prefix > 20)
      return [issue(keys, `${text} is too large for services; write a prefix of /${bits - 20} or longer`)]
    if (bits - cidr.prefix < 4)
      return [issue(keys, `${text} is too small for services; write a prefix of /${bits - 4} or shorter`)]
    return []
  })
}
