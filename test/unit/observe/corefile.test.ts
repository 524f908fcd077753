import { describe, expect, test } from 'vitest'
import { dnsCacheSeconds, dnsTtl, servesReverse } from '../../../lab/observe/model/corefile.js'

/** As kubeadm 1.34 writes it. */
const kubeadm = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`

describe('dnsTtl', () => {
  test('is what the kubernetes plugin is told', () => expect(dnsTtl(kubeadm, 'cluster.local')).toBe(30))
  test('is 5 where it is told nothing', () =>
    expect(dnsTtl(kubeadm.replace('ttl 30', ''), 'cluster.local')).toBe(5))
  test('is not read from a remark', () =>
    expect(dnsTtl(kubeadm.replace('ttl 30', '# ttl 60'), 'cluster.local')).toBe(5))
  test('is unknown for a zone it does not serve', () =>
    expect(dnsTtl(kubeadm, 'other.example')).toBeUndefined())
})

describe('dnsCacheSeconds', () => {
  const cached = (cache: string): number =>
    dnsCacheSeconds(kubeadm.replace(/cache 30 \{[^}]*\}/, cache), 'cluster.local')

  test('is 0 where the cache leaves the zone out', () =>
    expect(dnsCacheSeconds(kubeadm, 'cluster.local')).toBe(0))
  test('is not 0 of the reverse zones, which that leaves in', () =>
    expect(dnsCacheSeconds(kubeadm, 'cluster.local', 'in-addr.arpa')).toBe(30))
  test('is 0 without a cache', () => expect(cached('')).toBe(0))
  test('is what the cache is told', () => expect(cached('cache 10')).toBe(10))
  test('is at most the TTL', () => expect(cached('cache 300')).toBe(30))
  test('is the TTL where the cache is told nothing', () => expect(cached('cache')).toBe(30))
  test('is not 0 when only answers of one kind are left out', () =>
    expect(cached('cache 30 {\n disable success cluster.local\n }')).toBe(30))
  test('is 0 when nothing at all is cached', () =>
    expect(cached('cache 30 {\n disable success\n disable denial\n }')).toBe(0))
})

describe('servesReverse', () => {
  const serves = (zones: string, ip: string, server = '.:53'): boolean =>
    servesReverse(`${server} {\n kubernetes ${zones} {\n ttl 30\n }\n}`, 'cluster.local', ip)

  test.each([
    ['cluster.local in-addr.arpa ip6.arpa', '10.96.0.1', true],
    ['cluster.local in-addr.arpa ip6.arpa', 'fd00::1', true],
    ['cluster.local in-addr.arpa', 'fd00::1', false],
    ['cluster.local', '10.96.0.1', false],
    ['cluster.local 10.96.0.0/16', '10.96.0.1', true],
    ['cluster.local 10.96.0.0/16', '192.168.0.1', false],
    ['cluster.local fd00::/64', 'fd00::1', true],
    ['cluster.local 168.192.in-addr.arpa.', '192.168.0.1', true],
    ['cluster.local 8.192.in-addr.arpa', '192.168.0.1', false],
    // Without zones the plugin serves those of its server block.
    ['', '10.96.0.1', true],
  ])('with the zones "%s", of %s: %s', (zones, ip, expected) => expect(serves(zones, ip)).toBe(expected))

  test('goes by the server block where the plugin names no zone', () => {
    expect(serves('', '10.96.0.1', 'cluster.local:53')).toBe(false)
    expect(serves('', '10.96.0.1', 'dns://cluster.local in-addr.arpa:53')).toBe(true)
  })
})
