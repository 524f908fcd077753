import { describe, expect, it } from 'vitest'
import { findClashes, freeNodesSubnet, type HostNetworks } from '../../../topology/clashes.js'
import { topologyOf } from './fixtures.js'

const find = (host: Partial<HostNetworks>, input = {}) =>
  findClashes(topologyOf(input), { dockerNetworks: [], routes: [], ...host })

const network = (name: string, ...subnets: string[]) => ({ name, subnets, ours: false })

describe('findClashes', () => {
  it('finds none on a host with other ranges', () => {
    expect(
      find({
        dockerNetworks: [network('bridge', '172.17.0.0/16'), network('none')],
        routes: [{ destination: '172.17.0.0/16', device: 'docker0' }],
      }),
    ).toEqual([])
  })

  it('blocks on a Docker network and offers a range that is free', () => {
    expect(
      find({
        dockerNetworks: [network('bridge', '10.244.0.0/16'), network('shop', '192.168.16.0/20', 'fd00::/64')],
      }),
    ).toEqual([
      {
        severity: 'block',
        field: 'topology.podSubnets[0]',
        message: '192.168.0.0/16 overlaps 192.168.16.0/20 of the Docker network shop',
        fix: 'Remove the network if nothing needs it, or write another range for topology.podSubnets[0], for example 10.200.0.0/16.',
      },
    ])
  })

  it('blocks on the nodes’ own network, which cannot be removed beneath them', () => {
    const [clash] = find({ dockerNetworks: [{ name: 'kind', subnets: ['192.168.0.0/20'], ours: true }] })
    expect(clash).toMatchObject({
      severity: 'block',
      message: expect.stringContaining('which the nodes are on') as string,
    })
    expect(clash?.fix).toMatch(/^Tear the lab down, then write another range/)
  })

  it('blocks on a network the services lie in', () => {
    const [clash] = find({ dockerNetworks: [network('big', '10.0.0.0/8')] })
    expect(clash).toMatchObject({ severity: 'block', field: 'topology.serviceSubnets[0]' })
    expect(clash?.fix).toContain('for example 172.31.0.0/16')
  })

  it('warns of a route', () => {
    expect(find({ routes: [{ destination: '192.168.1.0/24', device: 'wlan0' }] })).toEqual([
      {
        severity: 'warn',
        field: 'topology.podSubnets[0]',
        message:
          "192.168.0.0/16 overlaps the host's route to 192.168.1.0/24 (wlan0): pods cannot reach what is there",
        fix: 'If pods need it, write another range for topology.podSubnets[0], for example 10.244.0.0/16.',
      },
    ])
  })

  it('warns of a route to one address', () => {
    expect(find({ routes: [{ destination: '192.168.1.1', device: 'tun0' }] })).toHaveLength(1)
  })

  it.each([
    ['the default route', 'default', 'eth0'],
    ['the default route as a range', '0.0.0.0/0', 'eth0'],
    ['a default route in halves', '128.0.0.0/1', 'tun0'],
    ['loopback', '192.168.7.7', 'lo'],
    ['another family', 'fd00::/8', 'eth0'],
    ['what is no range', 'unreachable', 'eth0'],
  ])('passes over %s', (_, destination, device) => {
    expect(find({ routes: [{ destination, device }] })).toEqual([])
  })

  it('does not report a Docker network a second time for its route', () => {
    const clashes = find({
      dockerNetworks: [network('shop', '192.168.16.0/20')],
      routes: [
        { destination: '192.168.16.0/20', device: 'br-0123456789ab' },
        { destination: '192.168.64.0/20', device: 'eth1' },
      ],
    })
    expect(
      clashes.map(({ severity, message }) => [severity, /192\.168\.(16|64)/.exec(message)?.[1]]),
    ).toEqual([
      ['block', '16'],
      ['warn', '64'],
    ])
  })

  it('looks at both families of a dual lab', () => {
    const clashes = find(
      {
        dockerNetworks: [network('six', 'fd00:10::/32')],
        routes: [{ destination: '10.96.0.0/12', device: 'eth0' }],
      },
      { ipFamily: 'dual' },
    )
    expect(clashes.map(({ severity, field }) => [severity, field])).toEqual([
      ['block', 'topology.podSubnets[1]'],
      ['warn', 'topology.serviceSubnets[0]'],
      ['block', 'topology.serviceSubnets[1]'],
    ])
  })

  it('offers nothing where nothing is free', () => {
    const [clash] = find({ dockerNetworks: [network('all', '0.0.0.0/0')] })
    expect(clash?.fix).toMatch(/write another range for topology\.podSubnets\[0\]\.$/)
  })
})

describe('freeNodesSubnet', () => {
  const free = (host: Partial<HostNetworks>, input = {}) =>
    freeNodesSubnet(topologyOf(input), { dockerNetworks: [], routes: [], ...host })

  it('is the first that nobody uses: no Docker network, no route, and not the lab itself', () => {
    expect(free({})).toBe('172.18.0.0/16')
    expect(free({ dockerNetworks: [network('shop', '172.18.3.0/24')] })).toBe('172.19.0.0/16')
    expect(free({ routes: [{ destination: '172.16.0.0/14', device: 'tun0' }] })).toBe('172.20.0.0/16')
    expect(free({}, { podSubnets: ['172.16.0.0/13'] })).toBe('172.24.0.0/16')
  })

  it('is never in the range of the pods, wherever the rest of the host is', () => {
    const routes = [{ destination: '172.16.0.0/12', device: 'tun0' }]
    expect(free({ routes })).toBe('10.224.0.0/16')
    expect(free({ routes }, { podSubnets: ['10.244.0.0/16'] })).toBe('192.168.0.0/20')
  })

  it('is none where all are taken', () => {
    const taken = ['172.16.0.0/12', '192.168.0.0/16', '10.0.0.0/8']
    expect(free({ dockerNetworks: [network('all', ...taken)] })).toBeUndefined()
  })
})
