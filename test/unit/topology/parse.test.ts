import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contains, parseCidr } from '../../../topology/cidr.js'
import { nearest } from '../../../topology/issues.js'
import type { Topology } from '../../../topology/model.js'
import { parseTopology } from '../../../topology/parse.js'

function accepted(input: unknown): Topology {
  const parsed = parseTopology(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues, undefined, 2))
  return parsed.topology
}

const issuesOf = (input: unknown) => {
  const parsed = parseTopology(input)
  return parsed.ok ? [] : parsed.issues
}

describe('defaults', () => {
  it('of IPv4 are the documents’ lab', () => {
    expect(accepted({})).toEqual({
      name: 'headless-services',
      controlPlanes: 1,
      workers: 2,
      ipFamily: 'ipv4',
      podSubnets: ['192.168.0.0/16'],
      serviceSubnets: ['10.96.0.0/16'],
      kubeProxyMode: 'iptables',
      pools: [
        {
          name: 'default-ipv4-ippool',
          cidr: '192.168.0.0/16',
          blockSize: 26,
          encapsulation: 'VXLANCrossSubnet',
          natOutgoing: true,
          nodeSelector: 'all()',
        },
      ],
      clusterDomain: 'cluster.local',
      kubernetesVersion: 'v1.34.4',
      calicoVersion: 'v3.28.5',
      linuxNodes: [],
    })
  })

  it('of a dual lab are both families, IPv4 first', () => {
    const topology = accepted({ ipFamily: 'dual' })
    expect(topology.podSubnets).toEqual(['192.168.0.0/16', 'fd00:10:244::/56'])
    expect(topology.serviceSubnets).toEqual(['10.96.0.0/16', 'fd00:10:96::/112'])
    expect(topology.pools.map(({ name, cidr, blockSize }) => [name, cidr, blockSize])).toEqual([
      ['default-ipv4-ippool', '192.168.0.0/16', 26],
      ['default-ipv6-ippool', 'fd00:10:244::/56', 122],
    ])
  })

  it('of pools follow the pod subnets', () => {
    expect(accepted({ podSubnets: ['10.244.0.0/16'] }).pools[0]?.cidr).toBe('10.244.0.0/16')
  })

  it('number further pools of a family', () => {
    const pools = [
      { cidr: '192.168.0.0/17' },
      { cidr: '192.168.128.0/17', name: 'own' },
      { cidr: '192.168.0.0/17' },
    ]
    expect(accepted({ pools: pools.slice(0, 2) }).pools.map(({ name }) => name)).toEqual([
      'default-ipv4-ippool',
      'own',
    ])
    expect(issuesOf({ pools })[0]?.path).toBe('topology.pools[2].cidr')
  })

  it('write IPv6 ranges the one way', () => {
    const topology = accepted({ ipFamily: 'ipv6', podSubnets: ['FD00:0010:0244:0::/56'] })
    expect(topology.podSubnets).toEqual(['fd00:10:244::/56'])
    expect(topology.pools[0]?.cidr).toBe('fd00:10:244::/56')
  })
})

const linux = (...names: string[]) => ({ linuxNodes: names.map((name) => ({ name, image: 'db:1' })) })
const pool = (fields: object) => ({ pools: [{ cidr: '192.168.0.0/16', ...fields }] })

describe('what is accepted', () => {
  it.each([
    ['one node without encapsulation', { workers: 0, ...pool({ encapsulation: 'None' }) }],
    ['IPv6 with VXLANCrossSubnet', { ipFamily: 'ipv6', pools: [{ cidr: 'fd00:10:244::/56' }] }],
    ['nftables from 1.31 on', { kubeProxyMode: 'nftables', kubernetesVersion: 'v1.31.0' }],
    ['ipvs, which only a host can refuse', { kubeProxyMode: 'ipvs' }],
    ['exactly a block for each node', pool({ cidr: '192.168.0.0/24' })],
    ['a pool of one block for some nodes', pool({ cidr: '192.168.0.0/26', nodeSelector: 'rack == "a"' })],
    ['linux nodes', linux('db', 'external-db')],
    ['the longest name', { name: 'a'.repeat(40) }],
    [
      'the largest and smallest service ranges',
      { ipFamily: 'dual', serviceSubnets: ['10.96.0.0/12', 'fd00::/124'] },
    ],
  ])('%s', (_, input) => {
    expect(issuesOf(input)).toEqual([])
  })
})

describe('what is rejected, where, and what to write instead', () => {
  it.each([
    ['not a map', [], 'topology', /a list|empty list/],
    ['null', null, 'topology', /an empty value will not do; write fields: name, /],
    ['an unknown field', { worker: 3 }, 'topology.worker', /did you mean workers\?/],
    ['a field nobody knows', { xyzzy: 3 }, 'topology.xyzzy', /the fields here are name, controlPlanes/],
    [
      'an unknown field of a pool',
      pool({ blocksize: 26 }),
      'topology.pools[0].blocksize',
      /did you mean blockSize\?/,
    ],
    ['__proto__', JSON.parse('{"__proto__":{"workers":9}}') as unknown, 'topology.__proto__', /remove it/],
    [
      '__proto__ in env',
      JSON.parse('{"linuxNodes":[{"name":"a","image":"b","env":{"__proto__":"x"}}]}') as unknown,
      'topology.linuxNodes[0].env.__proto__',
      /remove it/,
    ],
    ['constructor', { constructor: 1 }, 'topology.constructor', /unknown field/],
    [
      'a worker count of -1',
      { workers: -1 },
      'topology.workers',
      /^-1 will not do; write a whole number from 0 to 16$/,
    ],
    ['too many workers', { workers: 17 }, 'topology.workers', /from 0 to 16/],
    ['half a worker', { workers: 1.5 }, 'topology.workers', /whole number/],
    ['workers as text', { workers: '2' }, 'topology.workers', /^"2" will not do; write a whole number/],
    ['two control planes', { controlPlanes: 2 }, 'topology.controlPlanes', /write 1$/],
    ['an unknown family', { ipFamily: 'IPv4' }, 'topology.ipFamily', /one of ipv4, ipv6, dual/],
    ['a hostile name', { name: '../x' }, 'topology.name', /lower-case letters, digits and dashes/],
    ['an empty name', { name: '' }, 'topology.name', /lower-case/],
    ['a name with a line break', { name: 'a\nb' }, 'topology.name', /^"a\\nb" will not do/],
    ['a name too long', { name: 'a'.repeat(41) }, 'topology.name', /at most 40 characters/],
    ['a name that ends in a dash', { name: 'a-' }, 'topology.name', /both ends/],
    [
      'a version without v',
      { kubernetesVersion: '1.34.4' },
      'topology.kubernetesVersion',
      /write v1\.34\.4$/,
    ],
    ['a version of two numbers', { calicoVersion: 'v3.28' }, 'topology.calicoVersion', /such as v3\.28\.5/],
    [
      'a number for a version',
      { kubernetesVersion: 1.34 },
      'topology.kubernetesVersion',
      /^1\.34 will not do/,
    ],
    [
      'nftables before 1.31',
      { kubeProxyMode: 'nftables', kubernetesVersion: 'v1.30.9' },
      'topology.kubeProxyMode',
      /v1\.31 or later, not v1\.30\.9; write iptables/,
    ],
    [
      'a domain with a dot at its end',
      { clusterDomain: 'cluster.local.' },
      'topology.clusterDomain',
      /DNS name such as cluster\.local/,
    ],
    [
      'no CIDR',
      { podSubnets: ['10.0.0.0'] },
      'topology.podSubnets[0]',
      /is not a CIDR; write a range with its prefix length/,
    ],
    ['a text for the list', { podSubnets: '10.0.0.0/16' }, 'topology.podSubnets', /write a list of CIDRs/],
    ['host bits', { podSubnets: ['10.244.1.0/16'] }, 'topology.podSubnets[0]', /write 10\.244\.0\.0\/16/],
    [
      'host bits in IPv6',
      { ipFamily: 'ipv6', podSubnets: ['fd00:10:244:1:2::/56'] },
      'topology.podSubnets[0]',
      /write fd00:10:244::\/56/,
    ],
    [
      'loopback',
      { podSubnets: ['127.0.0.0/16'] },
      'topology.podSubnets[0]',
      /loopback addresses 127\.0\.0\.0\/8/,
    ],
    ['link-local', { ipFamily: 'ipv6', podSubnets: ['fe80::/56'] }, 'topology.podSubnets[0]', /link-local/],
    [
      'the wrong family',
      { podSubnets: ['fd00::/56'] },
      'topology.podSubnets[0]',
      /ipFamily is ipv4, but the ranges are: IPv6; write one IPv4 CIDR/,
    ],
    [
      'two ranges of one family',
      { podSubnets: ['10.1.0.0/16', '10.2.0.0/16'] },
      'topology.podSubnets',
      /write one IPv4 CIDR/,
    ],
    ['no range', { serviceSubnets: [] }, 'topology.serviceSubnets', /the ranges are: none/],
    [
      'one range in a dual lab',
      { ipFamily: 'dual', podSubnets: ['10.1.0.0/16'] },
      'topology.podSubnets',
      /two CIDRs, IPv4 first/,
    ],
    [
      'IPv6 first',
      { ipFamily: 'dual', podSubnets: ['fd00::/56', '10.1.0.0/16'] },
      'topology.podSubnets[0]',
      /IPv4 first/,
    ],
    [
      'services within pods',
      { serviceSubnets: ['192.168.96.0/20'] },
      'topology.serviceSubnets[0]',
      /192\.168\.96\.0\/20 overlaps 192\.168\.0\.0\/16 of podSubnets/,
    ],
    [
      'pods within services',
      { podSubnets: ['10.96.0.0/20'], workers: 0 },
      'topology.serviceSubnets[0]',
      /overlaps 10\.96\.0\.0\/20/,
    ],
    [
      'too large for services',
      { serviceSubnets: ['10.0.0.0/8'] },
      'topology.serviceSubnets[0]',
      /\/12 or longer/,
    ],
    [
      'too small for services',
      { serviceSubnets: ['10.96.0.0/29'] },
      'topology.serviceSubnets[0]',
      /\/28 or shorter/,
    ],
    [
      'too large for services in IPv6',
      { ipFamily: 'ipv6', serviceSubnets: ['fd01::/64'] },
      'topology.serviceSubnets[0]',
      /\/108 or longer/,
    ],
    [
      'too small for pods',
      { podSubnets: ['10.244.0.0/23'] },
      'topology.podSubnets[0]',
      /\/24 of it for each of the 3 nodes; write a prefix of \/22/,
    ],
    ['too large for pods', { podSubnets: ['10.0.0.0/7'] }, 'topology.podSubnets[0]', /\/8 or longer/],
    [
      'too large for pods in IPv6',
      { ipFamily: 'ipv6', podSubnets: ['fd00::/47'] },
      'topology.podSubnets[0]',
      /\/48 or longer/,
    ],
    [
      'a pool outside',
      pool({ cidr: '10.0.0.0/16' }),
      'topology.pools[0].cidr',
      /outside the pod subnets; write a range inside 192\.168\.0\.0\/16/,
    ],
    ['a pool larger than its subnet', pool({ cidr: '192.0.0.0/8' }), 'topology.pools[0].cidr', /outside/],
    [
      'a pool of another family',
      { pools: [{ cidr: '192.168.0.0/16' }, { cidr: 'fd00::/56' }] },
      'topology.pools[1].cidr',
      /which ipFamily excludes/,
    ],
    [
      'no pool',
      { pools: [] },
      'topology.pools',
      /no pool gives IPv4 addresses; write one inside 192\.168\.0\.0\/16/,
    ],
    ['no pool of one family', { ipFamily: 'dual', ...pool({}) }, 'topology.pools', /no pool gives IPv6/],
    ['a pool without a range', { pools: [{}] }, 'topology.pools[0].cidr', /write a CIDR/],
    [
      'host bits in a pool',
      pool({ cidr: '192.168.0.1/24' }),
      'topology.pools[0].cidr',
      /write 192\.168\.0\.0\/24/,
    ],
    ['a small block size', pool({ blockSize: 19 }), 'topology.pools[0].blockSize', /from 20 to 32/],
    [
      'an IPv4 block size in IPv6',
      { ipFamily: 'ipv6', pools: [{ cidr: 'fd00:10:244::/56', blockSize: 26 }] },
      'topology.pools[0].blockSize',
      /from 116 to 128/,
    ],
    [
      'fewer blocks than nodes',
      pool({ cidr: '192.168.0.0/25' }),
      'topology.pools[0].cidr',
      /no block of \/26 for each of 3 nodes; write a prefix of \/24 or shorter or blockSize 27 or more/,
    ],
    [
      'less than a block',
      pool({ cidr: '192.168.0.0/27', nodeSelector: 'rack == "a"' }),
      'topology.pools[0].cidr',
      /each of 1 node;/,
    ],
    [
      'no encapsulation between nodes',
      pool({ encapsulation: 'None' }),
      'topology.pools[0].encapsulation',
      /write VXLAN or VXLANCrossSubnet/,
    ],
    [
      'an unknown encapsulation',
      pool({ encapsulation: 'IPIP' }),
      'topology.pools[0].encapsulation',
      /one of VXLAN, VXLANCrossSubnet, None/,
    ],
    [
      'two pools of a name',
      {
        pools: [
          { cidr: '192.168.0.0/17', name: 'a' },
          { cidr: '192.168.128.0/17', name: 'a' },
        ],
      },
      'topology.pools[1].name',
      /name of an earlier pool/,
    ],
    [
      'overlapping pools',
      { pools: [{ cidr: '192.168.0.0/17' }, { cidr: '192.168.64.0/18' }] },
      'topology.pools[1].cidr',
      /overlaps 192\.168\.0\.0\/17 of another pool/,
    ],
    ['two linux nodes of a name', linux('db', 'db'), 'topology.linuxNodes[1].name', /earlier linux node/],
    [
      'a linux node named as a node of kind',
      linux('worker2'),
      'topology.linuxNodes[0].name',
      /worker2-linux/,
    ],
    ['a linux node named as the lab', linux('headless-services'), 'topology.linuxNodes[0].name', /kind uses/],
    ['a linux node with a long name', linux('a'.repeat(23)), 'topology.linuxNodes[0].name', /at most 22/],
    [
      'an env value that is no text',
      { linuxNodes: [{ name: 'a', image: 'b', env: { PORT: 5432 } }] },
      'topology.linuxNodes[0].env.PORT',
      /^5432 will not do; write it as text, in quotes/,
    ],
    [
      'an env name with a sign',
      { linuxNodes: [{ name: 'a', image: 'b', env: { 'A=B': 'x' } }] },
      'topology.linuxNodes[0].env["A=B"]',
      /./,
    ],
    [
      'an image that is an option',
      { linuxNodes: [{ name: 'a', image: '--privileged' }] },
      'topology.linuxNodes[0].image',
      /name of a container image/,
    ],
    [
      'a range that is longer than any',
      { podSubnets: ['1'.repeat(100)] },
      'topology.podSubnets[0]',
      /^"1{58}… will not do; write a CIDR such as/,
    ],
    [
      'an image with what no name has',
      { linuxNodes: [{ name: 'a', image: 'b\0' }] },
      'topology.linuxNodes[0].image',
      /name of a container image/,
    ],
    [
      'an image whose name is longer than any',
      { linuxNodes: [{ name: 'a', image: 'b'.repeat(600) }] },
      'topology.linuxNodes[0].image',
      /name of a container image/,
    ],
    [
      'an env value that no process can have',
      { linuxNodes: [{ name: 'a', image: 'b', env: { PATH: 'a\0b' } }] },
      'topology.linuxNodes[0].env.PATH',
      /write it as text without NUL/,
    ],
    [
      'an env value that is no Unicode',
      { linuxNodes: [{ name: 'a', image: 'b', env: { PATH: '\ud800' } }] },
      'topology.linuxNodes[0].env.PATH',
      /write it as text without NUL/,
    ],
    [
      'a command line with an end in it',
      { linuxNodes: [{ name: 'a', image: 'b', cmd: 'a\0b' }] },
      'topology.linuxNodes[0].cmd',
      /write a command line/,
    ],
    [
      'a selector of several lines',
      { pools: [{ cidr: '192.168.0.0/16', nodeSelector: 'all()\n' }] },
      'topology.pools[0].nodeSelector',
      /selector of Calico/,
    ],
  ])('%s', (_, input, path, message) => {
    const issues = issuesOf(input)
    expect(issues.map((issue) => issue.path)).toContain(path)
    expect(issues.find((issue) => issue.path === path)?.message).toMatch(message)
    for (const issue of issues) expect(issue.message).not.toMatch(/\n|Invalid input/)
  })

  it('names every problem at once', () => {
    const issues = issuesOf({ workers: -1, name: '../x', kubeproxymode: 'ipvs', extra: 1 })
    expect(issues.map(({ path }) => path).sort()).toEqual([
      'topology.extra',
      'topology.kubeproxymode',
      'topology.name',
      'topology.workers',
    ])
  })

  it('takes the place of the input from the caller', () => {
    const parsed = parseTopology({ workers: -1 }, ['labs', 2])
    expect(parsed.ok ? [] : parsed.issues.map(({ path, keys }) => ({ path, keys }))).toEqual([
      { path: 'labs[2].workers', keys: ['labs', 2, 'workers'] },
    ])
  })
})

describe('parseTopology', () => {
  it('never throws, and what it accepts it accepts again, unchanged', () => {
    const cidr = fc.oneof(
      fc.constantFrom(
        '192.168.0.0/16',
        '10.244.0.0/16',
        '10.96.0.0/16',
        'fd00:10:244::/56',
        'fd00:10:96::/112',
      ),
      fc.tuple(fc.ipV4(), fc.nat(33)).map(([address, prefix]) => `${address}/${String(prefix)}`),
      fc.tuple(fc.ipV6(), fc.nat(129)).map(([address, prefix]) => `${address}/${String(prefix)}`),
    )
    const input = fc.oneof(
      fc.anything(),
      fc.record(
        {
          workers: fc.integer({ min: -1, max: 17 }),
          ipFamily: fc.constantFrom('ipv4', 'ipv6', 'dual'),
          podSubnets: fc.array(cidr, { maxLength: 2 }),
          serviceSubnets: fc.array(cidr, { maxLength: 2 }),
          pools: fc.array(
            fc.record({ cidr, blockSize: fc.integer({ min: 19, max: 129 }) }, { requiredKeys: ['cidr'] }),
          ),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(input, (value) => {
        const parsed = parseTopology(value)
        if (!parsed.ok) {
          expect(parsed.issues.length).toBeGreaterThan(0)
          return
        }
        expect(accepted(parsed.topology)).toEqual(parsed.topology)
        for (const { cidr: text } of parsed.topology.pools) {
          const range = parseCidr(text)
          const homes = parsed.topology.podSubnets.map((subnet) => parseCidr(subnet))
          expect(homes.some((home) => home && range && contains(home, range))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('nearest', () => {
  it('finds a name with a slip in it and nothing far off', () => {
    expect(nearest('replica', ['replicas', 'name'])).toBe('replicas')
    expect(nearest('kubeproxymode', ['kubeProxyMode', 'pools'])).toBe('kubeProxyMode')
    expect(nearest('xyzzy', ['replicas', 'name'])).toBeUndefined()
    expect(nearest('a', [])).toBeUndefined()
  })
})
