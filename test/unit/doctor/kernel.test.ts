import { mkdir, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Encapsulation, IpPool, Topology } from '../../../topology/index.js'
import { featuresFor, readKernel, type KernelSays } from '../../../lab/doctor/kernel.js'
import { temporaryFolder } from '../host/fakes.js'

const nothing: KernelSays = { config: undefined, modules: '', loaded: '', ipv6: false }
const needed = (
  says: KernelSays,
  topology: Partial<Pick<Topology, 'kubeProxyMode' | 'ipFamily'>> & { encapsulation?: Encapsulation } = {},
): Record<string, boolean | undefined> => {
  const { kubeProxyMode = 'iptables', ipFamily = 'ipv4', encapsulation = 'None' } = topology
  const pools = [{ encapsulation } as IpPool]
  const features = featuresFor({ kubeProxyMode, ipFamily, pools }, says)
  return Object.fromEntries(features.map(({ name, there }) => [name, there]))
}

describe('what a topology needs of the kernel', () => {
  // The images' iptables is the nft one in every mode.
  const always = [
    ...['OVERLAY_FS', 'VETH', 'NF_CONNTRACK', 'NF_TABLES', 'NFT_COMPAT', 'IP_SET', 'NETFILTER_XT_SET'],
  ]

  test.each<[Parameters<typeof needed>[1], string[]]>([
    [{}, ['NETFILTER_XT_MATCH_STATISTIC', 'NETFILTER_XT_MATCH_RECENT']],
    // kube-proxy's default scheduler is rr.
    [{ kubeProxyMode: 'ipvs' }, ['IP_VS', 'IP_VS_RR']],
    [{ kubeProxyMode: 'nftables' }, []],
    [{ kubeProxyMode: 'nftables', encapsulation: 'VXLAN' }, ['VXLAN']],
    [{ kubeProxyMode: 'nftables', ipFamily: 'ipv6' }, ['IPV6']],
    [{ kubeProxyMode: 'nftables', ipFamily: 'dual' }, ['IPV6']],
  ])('%j', (topology, more) => {
    expect(Object.keys(needed(nothing, topology))).toEqual([...always, ...more])
  })

  test('is IPv6 that is on, whatever the configuration says', () => {
    const config = 'CONFIG_IPV6=y\n'
    expect(needed({ ...nothing, config }, { ipFamily: 'dual' })).toMatchObject({ IPV6: false })
    expect(needed({ ...nothing, ipv6: true }, { ipFamily: 'dual' })).toMatchObject({ IPV6: true })
    const [ipv6] = featuresFor({ kubeProxyMode: 'nftables', ipFamily: 'ipv6', pools: [] }, nothing).slice(-1)
    expect(ipv6?.fix).toContain('topology.ipFamily')
  })

  test('is unknown where the kernel says nothing', () => {
    expect(Object.values(needed(nothing)).every((there) => there === undefined)).toBe(true)
  })

  test('is there when it is built in, listed as a module, or loaded', () => {
    const config = 'CONFIG_VETH=y\nCONFIG_IP_SET=m\nCONFIG_NF_CONNTRACK=m\n# CONFIG_OVERLAY_FS is not set\n'
    const modules = 'kernel/net/netfilter/ipset/ip_set.ko.xz:'
    const loaded = 'nf_conntrack 188416 3 - Live 0x0'
    expect(needed({ ...nothing, config, modules, loaded })).toMatchObject({
      ...{ VETH: true, IP_SET: true, NF_CONNTRACK: true },
      // A module that is configured and not installed, and what was left out.
      ...{ NETFILTER_XT_SET: false, OVERLAY_FS: false },
    })
    // One with a longer name is another.
    const other = { ...nothing, modules: 'kernel/net/netfilter/ipset/ip_set_hash_ip.ko:' }
    expect(needed(other)).toMatchObject({ IP_SET: false })
  })

  test('is unknown where only what is loaded is told, or where modules are is not', () => {
    const loaded = 'nf_conntrack 188416 3 - Live 0x0'
    expect(needed({ ...nothing, loaded })).toMatchObject({ NF_CONNTRACK: true, IP_SET: undefined })
    expect(needed({ ...nothing, config: 'CONFIG_IP_SET=m\n' })).toMatchObject({
      IP_SET: undefined,
      VETH: false,
    })
  })
})

test('a kernel is read where it says what it has', async () => {
  const root = await temporaryFolder()
  const write = async (file: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), content)
  }
  expect(await readKernel(root)).toEqual(nothing)
  await write(`boot/config-${release()}`, 'CONFIG_VETH=m\n')
  await write(`lib/modules/${release()}/modules.dep`, 'kernel/drivers/net/veth.ko:\n')
  expect(await readKernel(root)).toEqual({
    config: 'CONFIG_VETH=m\n',
    modules: 'kernel/drivers/net/veth.ko:',
    loaded: '',
    ipv6: false,
  })
  await write('proc/config.gz', gzipSync('CONFIG_VETH=y\n'))
  expect((await readKernel(root)).config).toBe('CONFIG_VETH=y\n')
})

test.each<[string, string | undefined, boolean]>([
  ['has no file for it', undefined, false],
  ['has no address', '', false],
  ['has an address', '00000000000000000000000000000001 01 80 10 80       lo\n', true],
])('IPv6 is off where the host %s', async (_, addresses, on) => {
  const root = await temporaryFolder()
  if (addresses !== undefined) {
    await mkdir(join(root, 'proc/net'), { recursive: true })
    await writeFile(join(root, 'proc/net/if_inet6'), addresses)
  }
  expect((await readKernel(root)).ipv6).toBe(on)
})
