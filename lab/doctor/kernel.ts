import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { families, type IpFamily, type Topology } from '../../topology/index.js'
import type { KernelFeature } from './facts.js'

interface Wanted {
  /** Without `CONFIG_`. */
  readonly name: string
  readonly module: string
  readonly usedBy: string
}

/** Their iptables is the nft one, whatever the mode of kube-proxy is. */
const IPTABLES = 'iptables in the nodes and of Calico'

const ALWAYS: readonly Wanted[] = [
  { name: 'OVERLAY_FS', module: 'overlay', usedBy: 'containerd in the nodes' },
  { name: 'VETH', module: 'veth', usedBy: 'the network of pods' },
  { name: 'NF_CONNTRACK', module: 'nf_conntrack', usedBy: 'kube-proxy' },
  { name: 'NF_TABLES', module: 'nf_tables', usedBy: IPTABLES },
  { name: 'NFT_COMPAT', module: 'nft_compat', usedBy: IPTABLES },
  { name: 'IP_SET', module: 'ip_set', usedBy: 'Calico' },
  { name: 'NETFILTER_XT_SET', module: 'xt_set', usedBy: 'Calico' },
]

const OF_MODE: Readonly<Record<Topology['kubeProxyMode'], readonly Wanted[]>> = {
  iptables: [
    {
      name: 'NETFILTER_XT_MATCH_STATISTIC',
      module: 'xt_statistic',
      usedBy: 'kube-proxy in its mode iptables',
    },
    {
      name: 'NETFILTER_XT_MATCH_RECENT',
      module: 'xt_recent',
      usedBy: 'session affinity in the mode iptables',
    },
  ],
  nftables: [],
  ipvs: [
    { name: 'IP_VS', module: 'ip_vs', usedBy: 'kube-proxy in its mode ipvs' },
    { name: 'IP_VS_RR', module: 'ip_vs_rr', usedBy: 'the default scheduler of the mode ipvs' },
  ],
}

const VXLAN: Wanted = { name: 'VXLAN', module: 'vxlan', usedBy: 'a pool with encapsulation VXLAN' }

/** Where a kernel says what it was built with. */
export interface KernelSays {
  /** Lines `CONFIG_X=y`; `undefined` where it does not say. */
  readonly config: string | undefined
  /** Lists of its modules, built in or loadable; empty where they are not there. */
  readonly modules: string
  /** Modules that are loaded. */
  readonly loaded: string
  /** Whether it has addresses of IPv6, loopback's at least: it can be switched off in a kernel that has it. */
  readonly ipv6: boolean
}

/** The kernel features that a topology needs, and whether they are there. Pure. */
export function featuresFor(
  { kubeProxyMode, ipFamily, pools }: Pick<Topology, 'kubeProxyMode' | 'ipFamily' | 'pools'>,
  says: KernelSays,
): KernelFeature[] {
  const encapsulated = pools.some(({ encapsulation }) => encapsulation !== 'None')
  const wanted = [...ALWAYS, ...OF_MODE[kubeProxyMode], ...(encapsulated ? [VXLAN] : [])]
  return [
    ...wanted.map(({ module, ...one }) => ({ ...one, there: isThere(one.name, module, says) })),
    ...(families(ipFamily).includes(6) ? [ipv6(ipFamily, says)] : []),
  ]
}

const ipv6 = (ipFamily: IpFamily, says: KernelSays): KernelFeature => ({
  name: 'IPV6',
  usedBy: `topology.ipFamily: ${ipFamily}`,
  there: says.ipv6,
  fix: 'it is off: sysctl net.ipv6.conf.all.disable_ipv6=0, no ipv6.disable=1 for the kernel; or write topology.ipFamily: ipv4',
})

/** Only who lists everything may say that something is missing: loaded modules are some of those there are. */
function isThere(name: string, module: string, { config, modules, loaded }: KernelSays): boolean | undefined {
  const listed = new RegExp(String.raw`(^|/)${module}(\.ko|\s)`, 'm')
  if (listed.test(modules) || listed.test(loaded)) return true
  const how = new RegExp(`^CONFIG_${name}=(.)`, 'm').exec(config ?? '')?.[1]
  if (how === 'y') return true
  // One that is configured as a module and not installed is not there; where they are is not known of some hosts.
  if (modules !== '') return false
  return config === undefined || how === 'm' ? undefined : false
}

/** @param root where the host's files are */
export async function readKernel(root = '/'): Promise<KernelSays> {
  const file = (path: string): Promise<Buffer | undefined> =>
    readFile(join(root, path)).catch(() => undefined)
  const folder = `lib/modules/${release()}`
  const [zipped, boot, builtin, loadable, loaded, addresses] = await Promise.all(
    [
      'proc/config.gz',
      `boot/config-${release()}`,
      `${folder}/modules.builtin`,
      `${folder}/modules.dep`,
      'proc/modules',
      'proc/net/if_inet6',
    ].map(file),
  )
  const config = zipped === undefined ? boot : await promisify(gunzip)(zipped)
  return {
    config: config?.toString(),
    modules: [builtin, loadable]
      .map((list) => list?.toString() ?? '')
      .join('\n')
      .trim(),
    loaded: loaded?.toString() ?? '',
    ipv6: addresses !== undefined && addresses.toString().trim() !== '',
  }
}
