import { expect, test } from 'vitest'
import { parseRoutes } from '../../../lab/observe/routes.js'
import { parseWire, watchWire, wireFilter } from '../../../lab/observe/wire.js'
import type { Run } from '../../../lab/host/run.js'

const inner = ['192.168.60.198', '192.168.140.2'] as const
const S = 'Flags [S], seq 2595364438, win 64240, options [mss 1460,sackOK], length 0'
const vxlan = `IP 10.0.0.1.56537 > 10.0.0.2.4789: VXLAN, flags [I] (0x08), vni 4096
IP 192.168.60.198.41576 > 192.168.140.2.6379: ${S}
IP 10.0.0.2.33533 > 10.0.0.1.4789: VXLAN, flags [I] (0x08), vni 4096
IP 192.168.140.2.6379 > 192.168.60.198.41576: Flags [R.], seq 0, ack 2595364439, win 0, length 0
`

test('packets inside VXLAN, by their outer addresses', () => {
  expect(parseWire(vxlan)).toEqual([
    { vxlan: true, from: '10.0.0.1', to: '10.0.0.2' },
    { vxlan: true, from: '10.0.0.2', to: '10.0.0.1' },
  ])
})

test('packets that are bare', () => {
  expect(parseWire(`IP 192.168.60.198.41576 > 192.168.140.2.6379: ${S}\n`)).toEqual([
    { vxlan: false, from: inner[0], to: inner[1] },
  ])
})

test('the filter knows the addresses of the pods, bare and inside', () => {
  expect(wireFilter(inner)).toBe(
    '(host 192.168.60.198 and host 192.168.140.2) or (udp port 4789 and ((udp[42:4] = 0xc0a83cc6 and udp[46:4] = 0xc0a88c02) or (udp[42:4] = 0xc0a88c02 and udp[46:4] = 0xc0a83cc6)))',
  )
})

const engine = (run: Run): Parameters<typeof watchWire>[0] => ({
  ...{ docker: 'docker', containerlab: 'containerlab', topologyFile: 'file', run },
})
const watched = { node: 'a', peer: '10.0.0.2', inner }

test('connections are made until enough was seen', async () => {
  let made = 0
  let end: () => void = () => undefined
  const run: Run = async () => {
    await new Promise<void>((resolve) => (end = resolve))
    return { exitCode: 0, stdout: vxlan, stderr: 'listening on eth0' }
  }
  const packets = await watchWire(engine(run), watched, new AbortController().signal, async () => {
    made += 1
    if (made === 3) end()
    await Promise.resolve()
  })
  expect(packets).toHaveLength(2)
  expect(made).toBeGreaterThanOrEqual(3)
})

test('a tcpdump that did not listen has seen nothing', async () => {
  const run: Run = () => Promise.resolve({ exitCode: 127, stdout: '', stderr: 'tcpdump: not found' })
  const watching = watchWire(engine(run), watched, new AbortController().signal, () => Promise.resolve())
  await expect(watching).rejects.toThrow('tcpdump: not found')
})

test('routes of both families, without what nobody needs', () => {
  const v4 =
    '[{"dst":"default","gateway":"172.18.0.1","dev":"eth0","flags":[]},{"type":"blackhole","dst":"192.168.60.192/26","protocol":"80","flags":[]}]'
  const v6 =
    '[{"dst":"fe80::/64","dev":"vxlan.calico","protocol":"kernel","metric":256,"flags":[],"pref":"medium"}]'
  expect(parseRoutes(`${v4}\n${v6}\n`)).toEqual([
    { dst: 'default', gateway: '172.18.0.1', dev: 'eth0' },
    { type: 'blackhole', dst: '192.168.60.192/26' },
    { dst: 'fe80::/64', dev: 'vxlan.calico' },
  ])
  expect(parseRoutes('[ ]\n\n')).toEqual([])
})
