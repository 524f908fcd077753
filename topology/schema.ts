import { z } from 'zod'
import { closed } from './issues.js'

/**
 * The shape of a topology as people write it: every field may be left out. What depends on other fields
 * (the subnets of the IP family, the pools of the subnets) gets its default in `parseTopology`.
 */

const text = (pattern: RegExp, write: string) => z.string({ error: write }).regex(pattern, { error: write })

/** A whole number in a range, both ends included. */
export const whole = (least: number, most: number) => {
  const error = least === most ? `write ${least}` : `write a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** One of a few words. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `write ${words.length === 1 ? words[0] : `one of ${words.join(', ')}`}` })

const list = <Item extends z.ZodType>(item: Item, what: string) =>
  z.array(item, { error: `write a list of ${what}` })

/** An RFC 1123 label of at most `most` characters. */
export const label = (most: number) => {
  const error = `write lower-case letters, digits and dashes, a letter or digit at both ends, at most ${most} characters`
  return text(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, error).max(most, { error })
}

const subdomain = (example: string) => {
  const error = `write a lower-case DNS name such as ${example}`
  const part = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
  return text(new RegExp(`^${part}(?:\\.${part})*$`), error).max(253, { error })
}

const version = (example: string) => {
  const number = '(?:0|[1-9][0-9]*)'
  const error = ({ input }: { input?: unknown }): string =>
    typeof input === 'string' && /^\d+\.\d+\.\d+$/.test(input)
      ? `write v${input}`
      : `write a version such as ${example}`
  return z.string({ error }).regex(new RegExp(`^v${number}\\.${number}\\.${number}$`), { error })
}

const cidrError = { error: 'write a CIDR such as 10.244.0.0/16 or fd00:10:244::/56' }
/** The longest is one of IPv6 that ends as one of IPv4. */
const cidr = z.string(cidrError).max(49, cidrError)

const pool = closed({
  name: subdomain('default-ipv4-ippool').optional(),
  cidr,
  blockSize: z.int({ error: 'write a prefix length, 26 (IPv4) or 122 (IPv6) for example' }).optional(),
  encapsulation: oneOf(['VXLAN', 'VXLANCrossSubnet', 'None']).default('VXLANCrossSubnet'),
  natOutgoing: z.boolean({ error: 'write true or false' }).default(true),
  nodeSelector: text(/^(?=\s*\S)[^\p{Cc}\p{Cs}]*$/u, 'write a selector of Calico such as all()').default(
    'all()',
  ),
})

// NUL ends what a process is given, and half a character of UTF-16 cannot be written to a file.
const linuxNode = closed({
  // With the lab's name before it, it is a host name: 63 characters in all.
  name: label(22),
  image: text(/^[a-zA-Z0-9][\w.:/@-]{0,511}$/, 'write the name of a container image'),
  env: z
    .record(
      text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write a name of letters, digits and underscores'),
      z
        .string({ error: 'write it as text, in quotes' })
        .regex(/^[^\0\p{Cs}]*$/u, { error: 'write it as text without NUL' }),
      { error: 'write a map of names and texts' },
    )
    .default({}),
  cmd: text(/^(?=\s*\S)[^\0\p{Cs}]*$/u, 'write a command line or leave it out').optional(),
})

/** The longest name of a lab: kind appends `-control-plane` to it and kubeadm wants a node name of 63 at most. */
export const longestName = 40

export const topologySchema = closed({
  name: label(longestName).default('headless-services'),
  controlPlanes: whole(1, 1).default(1),
  workers: whole(0, 16).default(2),
  ipFamily: oneOf(['ipv4', 'ipv6', 'dual']).default('ipv4'),
  podSubnets: list(cidr, 'CIDRs').optional(),
  serviceSubnets: list(cidr, 'CIDRs').optional(),
  kubeProxyMode: oneOf(['iptables', 'nftables', 'ipvs']).default('iptables'),
  pools: list(pool, 'pools').optional(),
  clusterDomain: subdomain('cluster.local').default('cluster.local'),
  kubernetesVersion: version('v1.34.4').default('v1.34.4'),
  calicoVersion: version('v3.28.5').default('v3.28.5'),
  linuxNodes: list(linuxNode, 'linux nodes').default([]),
})

/** A topology as people write it. */
export type TopologyInput = z.input<typeof topologySchema>
/** A topology whose shape is right; what depends on other fields may still be absent. */
export type ShapedTopology = z.output<typeof topologySchema>
