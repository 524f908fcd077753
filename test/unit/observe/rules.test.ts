import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { iptablesRules } from '../../../lab/checks/kube-proxy/iptables.js'
import { ipvsRules } from '../../../lab/checks/kube-proxy/ipvs.js'
import { nftablesRules } from '../../../lab/checks/kube-proxy/nftables.js'
import type { NodeRules } from '../../../lab/checks/kube-proxy/vip-rule.js'
import { parseIptables } from '../../../lab/observe/iptables.js'
import { parseIpvsProc, parseIpvsadm } from '../../../lab/observe/ipvs.js'
import { parseNftables } from '../../../lab/observe/nftables.js'

const recorded = (name: string): string =>
  readFileSync(new URL(`../../fixtures/observations/${name}`, import.meta.url), 'utf8')

// Two kube-proxies of 1.34 wrote these for the same cluster at the same time, each in its mode.
const iptables = iptablesRules(parseIptables(recorded('iptables-same.txt')))
const nftables = nftablesRules(parseNftables(recorded('nftables.txt')))

/** Without the names, of which nftables has none where nothing is behind an address. */
const plain = ({ vips }: NodeRules): object[] =>
  vips
    .map(({ address, protocol, port, refused, backends, affinity }) => {
      return { address, protocol, port, refused, backends, affinity }
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1))

test('iptables: chains lead to pods, one service keeps its clients, one refuses', () => {
  expect(plain(iptables)).toEqual([
    {
      ...{ address: '10.96.0.10', protocol: 'udp', port: 53, refused: false, affinity: undefined },
      backends: ['192.168.112.193:53', '192.168.60.193:53'],
    },
    {
      ...{ address: '10.96.112.139', protocol: 'tcp', port: 80, refused: true, affinity: undefined },
      backends: [],
    },
    {
      ...{ address: '10.96.164.122', protocol: 'tcp', port: 80, refused: false, affinity: undefined },
      backends: ['192.168.140.11:80', '192.168.60.200:80', '192.168.60.201:80'],
    },
    {
      ...{ address: '10.96.198.77', protocol: 'tcp', port: 80, refused: false },
      affinity: { time: 10800, unit: 'seconds' },
      backends: ['192.168.140.12:80', '192.168.60.199:80'],
    },
  ])
})

test('nftables says the same of the same cluster', () => {
  expect(plain(nftables)).toEqual(plain(iptables))
})

test.each([
  ['iptables', iptables],
  ['nftables', nftables],
])('%s: what names a service, or catches an address', (_, { mentions }) => {
  const nowhere: ReadonlySet<string> = new Set()
  expect(mentions('moon/regular-svc', nowhere).length).toBeGreaterThan(0)
  expect(mentions('moon/regular', nowhere)).toEqual([])
  expect(mentions('moon/none', new Set(['10.96.112.139']))).toHaveLength(1)
  expect(mentions('moon/none', new Set(['192.168.60.200']))).toEqual([])
})

test('an endpoint that does not keep its clients as the others do', () => {
  const text = recorded('iptables-same.txt').replace(/-m recent --rcheck --seconds 10800 /, '')
  const { vips } = iptablesRules(parseIptables(text))
  expect(vips.find(({ service }) => service === 'fixtures/sticky')?.affinity).toEqual({ time: 'some' })
})

test('a rule by hand in the chain of a service leads somewhere, too', () => {
  const text = recorded('iptables-same.txt')
  const [, chain = ''] = /"moon\/regular-svc\S* cluster IP".* -j (KUBE-SVC-\w+)$/m.exec(text) ?? []
  const astray = text.replace(
    `-A ${chain} `,
    `-A ${chain} -p tcp -j DNAT --to-destination 192.168.255.250:80\n-A ${chain} `,
  )
  const backendsOf = ({ vips }: NodeRules) =>
    vips.find(({ service }) => service === 'moon/regular-svc')?.backends
  const before = backendsOf(iptables) ?? []
  const seen = backendsOf(iptablesRules(parseIptables(astray)))
  expect(seen).toEqual([...before, '192.168.255.250:80'].sort())
})

// Not recorded: written after ipvsadm(8) and ip_vs_info_seq_show of the kernel.
describe('ipvs', () => {
  const saved = [
    '-A -t 10.96.112.139:80 -s rr',
    '-A -t 10.96.198.77:80 -s rr -p 10800',
    '-a -t 10.96.198.77:80 -r 192.168.140.12:80 -m -w 1',
    '-a -t 10.96.198.77:80 -r 192.168.60.199:80 -m -w 1',
    '-a -t 10.96.198.77:80 -r 192.168.60.198:80 -m -w 0',
    '-A -u [fd00:10:96::a]:53 -s rr',
    '-a -u [fd00:10:96::a]:53 -r [fd00::5]:53 -m -w 1',
    '',
  ].join('\n')
  const proc = [
    'IP Virtual Server version 1.2.1 (size=4096)',
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
    'TCP  0A60708B:0050 rr ',
    'TCP  0A60C64D:0050 rr persistent 2700000 FFFFFFFF',
    '  -> C0A88C0C:0050      Masq    1      0          0         ',
    '  -> C0A83CC7:0050      Masq    1      0          0         ',
    '  -> C0A83CC6:0050      Masq    0      0          0         ',
    'UDP  [fd00:0010:0096:0000:0000:0000:0000:000a]:0035 rr ',
    '  -> [fd00:0000:0000:0000:0000:0000:0000:0005]:0035      Masq    1      0          0         ',
    '',
  ].join('\n')

  test('virtual servers with the pods that get new connections; one without refuses', () => {
    expect(ipvsRules(parseIpvsadm(saved)).vips).toEqual([
      { address: '10.96.112.139', protocol: 'tcp', port: 80, refused: true, backends: [] },
      {
        ...{ address: '10.96.198.77', protocol: 'tcp', port: 80, refused: false },
        affinity: { time: 10800, unit: 'seconds' },
        backends: ['192.168.140.12:80', '192.168.60.199:80'],
      },
      { address: 'fd00:10:96::a', protocol: 'udp', port: 53, refused: false, backends: ['[fd00::5]:53'] },
    ])
  })

  test('the list of the kernel says the same, but for the time', () => {
    const without = (text: string): string => text.replace(/"persistent":\{[^}]*\},/, '')
    expect(without(JSON.stringify(parseIpvsProc(proc)))).toBe(without(JSON.stringify(parseIpvsadm(saved))))
    expect(parseIpvsProc(proc)[1]?.persistent).toEqual({ time: 2_700_000, unit: 'ticks' })
  })
})
