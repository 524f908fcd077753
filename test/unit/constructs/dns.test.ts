import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DnsNameError, ServiceDns } from '../../../constructs/dns.js'

const redis = new ServiceDns({ service: 'redis-headless' })
const nginx = new ServiceDns({ service: 'nginx-headless', namespace: 'moon', clusterDomain: 'lab.example' })

describe('the names of document 001', () => {
  test('of a Service', () => {
    expect(redis.fqdn).toBe('redis-headless.default.svc.cluster.local')
    expect(redis.short).toBe('redis-headless')
    expect(redis.withNamespace).toBe('redis-headless.default')
  })

  test('of a pod with a host name', () => {
    expect(redis.pod('redis-0')).toEqual({
      fqdn: 'redis-0.redis-headless.default.svc.cluster.local',
      short: 'redis-0.redis-headless',
      withNamespace: 'redis-0.redis-headless.default',
    })
  })

  test('of SRV records', () => {
    expect(redis.srv('redis')).toBe('_redis._tcp.redis-headless.default.svc.cluster.local')
    expect(redis.srv('dns', 'UDP')).toBe('_dns._udp.redis-headless.default.svc.cluster.local')
  })
})

test('namespace and cluster domain are in every name', () => {
  expect(nginx.fqdn).toBe('nginx-headless.moon.svc.lab.example')
  expect(nginx.pod('a').fqdn).toBe('a.nginx-headless.moon.svc.lab.example')
  expect(nginx.podByAddress('192.168.156.5').fqdn).toBe('192-168-156-5.nginx-headless.moon.svc.lab.example')
  expect(nginx.srv('http')).toBe('_http._tcp.nginx-headless.moon.svc.lab.example')
})

describe('the label CoreDNS takes from an address', () => {
  const label = (address: string) => redis.podByAddress(address).short.split('.')[0]

  test.each([
    ['192.168.156.5', '192-168-156-5'],
    ['fd00:10:244::5', 'fd00-10-244--5'],
    // Any notation gives the canonical one, which is what EndpointSlices hold.
    ['FD00:0010:0244:0000:0000:0000:0000:0005', 'fd00-10-244--5'],
    // A label may not end in a dash.
    ['fd00:10::', 'fd00-10--0'],
  ])('%s → %s', (address, expected) => {
    expect(label(address)).toBe(expected)
  })

  test.each(['', 'redis-0', '192.168.156', '192.168.156.256', 'fe80::1%eth0', '::1'])(
    '%j has none',
    (address) => {
      expect(() => redis.podByAddress(address)).toThrow(DnsNameError)
    },
  )
})

describe('what cannot be a name is refused, and the message says which part', () => {
  test.each([
    ['service name', () => new ServiceDns({ service: '0-redis' })],
    ['namespace', () => new ServiceDns({ service: 'redis', namespace: 'Moon' })],
    ['cluster domain', () => new ServiceDns({ service: 'redis', clusterDomain: 'cluster.local.' })],
    ['host name', () => redis.pod('redis.0')],
    ['port name', () => redis.srv('_redis')],
  ])('%s', (part, make) => {
    expect(make).toThrow(DnsNameError)
    expect(make).toThrow(part)
  })

  test('a name that is too long as a whole, though each label is not', () => {
    const label = 'x'.repeat(63)
    const longest = new ServiceDns({
      service: label,
      namespace: label,
      clusterDomain: `${label}.${'x'.repeat(57)}`,
    })
    expect(longest.fqdn).toHaveLength(253)
    expect(() => longest.pod('p')).toThrow('has 255 characters')
    expect(() => longest.srv('p')).toThrow('at most 253')
    expect(
      () => new ServiceDns({ service: label, namespace: label, clusterDomain: `${label}.${label}` }),
    ).toThrow(DnsNameError)
  })
})

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Labels of RFC 1035, hence of RFC 1123 too. */
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/)
const domain = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))

describe('for all names', () => {
  test('every label is a DNS label, and the parts can be read back', () => {
    fc.assert(
      fc.property(label, label, domain, label, (service, namespace, clusterDomain, host) => {
        const dns = new ServiceDns({ service, namespace, clusterDomain })
        const pod = dns.pod(host).fqdn
        expect(pod.split('.')).toEqual([host, service, namespace, 'svc', ...clusterDomain.split('.')])
        for (const part of pod.split('.')) expect(part).toMatch(LABEL)
      }),
    )
  })

  test('short, with namespace and whole are beginnings of each other', () => {
    fc.assert(
      fc.property(label, label, label, (service, namespace, host) => {
        const dns = new ServiceDns({ service, namespace })
        for (const name of [dns, dns.pod(host), dns.podByAddress('10.0.0.1')]) {
          expect(name.withNamespace.startsWith(`${name.short}.`)).toBe(true)
          expect(name.fqdn.startsWith(`${name.withNamespace}.svc.`)).toBe(true)
        }
      }),
    )
  })

  test('addresses that differ have names that differ, and each name is one label', () => {
    // An address of zeros in front begins with a dash, so it has no name; no pod has such an address.
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((ip) => /^0*[1-9a-f]/.test(ip) && !ip.includes('.')),
    )
    fc.assert(
      fc.property(address, address, (a, b) => {
        const [first, second] = [redis.podByAddress(a).fqdn, redis.podByAddress(b).fqdn]
        expect(first.split('.')).toHaveLength(redis.fqdn.split('.').length + 1)
        expect(redis.podByAddress(a.toUpperCase()).fqdn).toBe(first)
        if (canonical(a) !== canonical(b)) expect(first).not.toBe(second)
      }),
      { numRuns: 300 },
    )
  })

  test('arbitrary text gives a valid name or a DnsNameError, nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        for (const make of [
          () => new ServiceDns({ service: text }).fqdn,
          () => new ServiceDns({ service: 'a', namespace: text }).fqdn,
          () => new ServiceDns({ service: 'a', clusterDomain: text }).fqdn,
          () => redis.pod(text).fqdn,
          () => redis.podByAddress(text).fqdn,
        ]) {
          try {
            for (const part of make().split('.')) expect(part).toMatch(LABEL)
          } catch (error) {
            expect(error).toBeInstanceOf(DnsNameError)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** One text for each address, made another way than the code does: all groups in full. */
function canonical(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(':')
}
