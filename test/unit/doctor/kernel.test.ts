import { mkdir, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { featuresFor, readKernel, type KernelSays } from '../../../lab/doctor/kernel.js'
import { temporaryFolder } from '../host/fakes.js'

const nothing: KernelSays = { config: undefined, modules: '', loaded: '' }
const needed = (
  says: KernelSays,
  mode: 'iptables' | 'nftables' | 'ipvs' = 'iptables',
  encapsulation: 'None' | 'VXLAN' = 'None',
): Record<string, boolean | undefined> =>
  Object.fromEntries(
    featuresFor(
      { kubeProxyMode: mode, pools: [{ cidr: '192.168.0.0/16', encapsulation } as never] },
      says,
    ).map(({ name, there }) => [name, there]),
  )

describe('what a topology needs of the kernel', () => {
  test('depends on the mode of kube-proxy and on encapsulation', () => {
    const always = ['OVERLAY_FS', 'VETH', 'NF_CONNTRACK', 'IP_SET', 'NETFILTER_XT_SET']
    expect(Object.keys(needed(nothing, 'ipvs'))).toEqual([...always, 'IP_VS'])
    expect(Object.keys(needed(nothing, 'nftables', 'VXLAN'))).toEqual([...always, 'NF_TABLES', 'VXLAN'])
  })

  test('is unknown where the kernel says nothing', () => {
    expect(Object.values(needed(nothing)).every((there) => there === undefined)).toBe(true)
  })

  test('is there when it is built in, listed as a module, or loaded', () => {
    const config = 'CONFIG_VETH=y\nCONFIG_IP_SET=m\nCONFIG_NF_CONNTRACK=m\n# CONFIG_OVERLAY_FS is not set\n'
    const modules = 'kernel/net/netfilter/ipset/ip_set.ko.xz:'
    const loaded = 'nf_conntrack 188416 3 - Live 0x0'
    expect(needed({ config, modules, loaded })).toMatchObject({
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
  })
  await write('proc/config.gz', gzipSync('CONFIG_VETH=y\n'))
  expect((await readKernel(root)).config).toBe('CONFIG_VETH=y\n')
})
