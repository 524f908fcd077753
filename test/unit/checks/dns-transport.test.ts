import { describe, expect, test } from 'vitest'
import type { CheckResult } from '../../../lab/report/model.js'
import { change, dnsResults } from './dns-world.js'
import { NAMESPACE, add, pod, service, slice } from './made.js'
import { broken, healthy, nxdomain, one } from './recorded.js'
import type { World } from './recorded.js'

const MANY = `many.${NAMESPACE}.svc.cluster.local`
const addresses = Array.from({ length: 40 }, (_, i) => `198.18.0.${i + 1}`)

const many = (ips: readonly string[] = addresses): World => {
  const made = slice(
    'many',
    ips.map((ip) => ({ addresses: [ip] })),
  )
  const services = [service('many', { clusterIP: 'None' })]
  return add(healthy(), { services, slices: [made], dns: { [MANY]: ips } })
}

const about = (world: World, id: string): CheckResult =>
  one(dnsResults(world, 'many'), (result) => result.id === id)
const timeout = (answer: object): void => void Object.assign(answer, { status: 'TIMEOUT', records: [] })

describe('dns.tcp', () => {
  test('passes where both give the same', () => expect(about(many(), 'dns.tcp').verdict).toBe('pass'))

  test('fails where TCP is not let through, and shows both', () => {
    const world = many(['198.18.0.1'])
    change(world, ({ by }) => by === 'tcp', timeout)
    expect(about(world, 'dns.tcp')).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { UDP: ['198.18.0.1'], TCP: 'TIMEOUT' } },
    })
  })

  test('fails where TCP gives less', () => {
    const world = many()
    change(
      world,
      ({ by }) => by === 'tcp',
      (answer) => answer.records.pop(),
    )
    expect(about(world, 'dns.tcp').verdict).toBe('fail')
  })

  test('proves nothing of a name that UDP does not know', () => {
    const world = many()
    change(world, ({ name }) => name === MANY, nxdomain)
    expect(about(world, 'dns.tcp').verdict).toBe('inconclusive')
  })

  test('is skipped where there is nothing to answer', () => {
    expect(about(many([]), 'dns.tcp').verdict).toBe('skipped')
  })
})

describe('dns.truncation', () => {
  test('passes where the answer is cut off in UDP and whole over TCP', () => {
    expect(about(many(), 'dns.truncation')).toMatchObject({
      verdict: 'pass',
      evidence: { observed: { UDP: 'cut off', TCP: 'all 40 addresses' } },
    })
  })

  test('fails where a part is given out for the whole', () => {
    const world = many()
    change(
      world,
      ({ by }) => by === 'udp-512',
      (answer) => delete answer.truncated,
    )
    expect(about(world, 'dns.truncation')).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { UDP: '28 addresses, and not marked as cut off' } },
    })
  })

  test('fails where TCP has not all, and says which are missing', () => {
    const world = many()
    change(
      world,
      ({ by }) => by === 'tcp',
      (answer) => answer.records.pop(),
    )
    expect(about(world, 'dns.truncation').evidence.observed).toMatchObject({
      TCP: { addresses: 39, missing: ['198.18.0.40'], surplus: [] },
    })
  })

  test('is inconclusive where a node was not answered', () => {
    const world = many()
    for (const node of world.lab.nodes) world.observations.dns[node] = broken('slow')
    expect(about(world, 'dns.truncation').verdict).toBe('inconclusive')
  })

  test('is not spoken of for an answer that fits', () => {
    expect(dnsResults(many(addresses.slice(0, 30)), 'many').map(({ id }) => id)).not.toContain(
      'dns.truncation',
    )
  })
})

describe('dns.ttl where a cache on each node answers', () => {
  const aged = (ttl: number, server: string): World => {
    const world = many()
    change(
      world,
      ({ name }) => name === MANY,
      (answer) => {
        answer.server = server
        for (const record of answer.records) record.ttl = ttl
      },
    )
    return world
  }

  test.each(['169.254.20.10', 'fe80::a'])('lets the records of %s be younger, not older', (server) => {
    expect(about(aged(7, server), 'dns.ttl').verdict).toBe('pass')
    expect(about(aged(31, server), 'dns.ttl').verdict).toBe('fail')
    expect(about(aged(7, '10.96.0.10'), 'dns.ttl').verdict).toBe('fail')
  })

  test('also where it answers under the address of the cluster’s DNS', () => {
    const world = aged(7, '10.96.0.10')
    world.lab.nodeLocalDns = true
    expect(about(world, 'dns.ttl').verdict).toBe('pass')
  })
})

describe('what other people’s clusters have', () => {
  test.each(['db.example.com', 'DB.example.com.'])('a service that stands for %s', (externalName) => {
    const name = `outside.${NAMESPACE}.svc.cluster.local`
    const world = add(healthy(), {
      services: [service('outside', { type: 'ExternalName', externalName })],
      dns: { [name]: ['db.example.com'] },
    })
    const verdicts = (): string[] => dnsResults(world, 'outside').map(({ id, verdict }) => `${id} ${verdict}`)
    expect(verdicts()).toEqual(['dns.external-name.cname pass'])
    change(world, (question) => question.name === name, nxdomain)
    expect(verdicts()).toEqual(['dns.external-name.cname fail'])
    for (const node of world.lab.nodes) world.observations.dns[node] = broken('slow')
    expect(verdicts()).toEqual(['dns.external-name.cname inconclusive'])
  })

  test('a service that stands for an address is skipped', () => {
    const services = [service('outside', { type: 'ExternalName', externalName: '192.0.2.1' })]
    const world = add(healthy(), { services, dns: {} })
    expect(dnsResults(world, 'outside').map(({ verdict }) => verdict)).toEqual(['skipped'])
  })

  test('long names of ports, and dots in names of pods, are asked for like others', () => {
    const labels = { app: 'old.style' }
    const port = 'a-port-name-of-more-than-15'
    const of = `dotted.${NAMESPACE}.svc.cluster.local`
    const world = healthy()
    world.declared.push({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'old.style', namespace: NAMESPACE } },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
    } as never)
    add(world, {
      services: [
        service('dotted', { clusterIP: 'None', selector: labels, ports: [{ name: port, port: 80 }] }),
      ],
      pods: [pod('old.style-x', { labels, ip: '192.168.60.9' })],
      controlled: [slice('dotted', [{ addresses: ['192.168.60.9'] }])],
      dns: {
        [of]: ['192.168.60.9'],
        [`192-168-60-9.${of}`]: ['192.168.60.9'],
        [`_${port}._tcp.${of}`]: [`0 100 80 192-168-60-9.${of}`],
      },
    })
    const found = dnsResults(world, 'dotted')
    expect(found.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id)).toEqual([
      'dns.headless.not-ready',
    ])
  })

  test('a port whose name makes no label cannot be asked for, and that is said', () => {
    const ports = [{ name: 'p'.repeat(63), port: 80 }]
    const services = [service('long', { clusterIP: '10.96.1.7', ports })]
    const world = add(healthy(), {
      services,
      dns: { [`long.${NAMESPACE}.svc.cluster.local`]: ['10.96.1.7'] },
    })
    const result = one(dnsResults(world, 'long'), ({ id }) => id === 'dns.clusterip.srv')
    expect(result).toMatchObject({ verdict: 'inconclusive' })
    expect(result.hint).toContain('cannot be asked for')
  })

  test('Deployment pods that have host names under the service have no names by address', () => {
    const labels = { app: 'named' }
    const of = `named.${NAMESPACE}.svc.cluster.local`
    const world = healthy()
    world.declared.push({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'named', namespace: NAMESPACE } },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
    } as never)
    add(world, {
      services: [service('named', { clusterIP: 'None', selector: labels })],
      pods: [pod('named-x', { labels, ip: '192.168.60.9', spec: { hostname: 'a', subdomain: 'named' } })],
      dns: { [of]: ['192.168.60.9'] },
    })
    const skipped = dnsResults(world, 'named').filter(({ verdict }) => verdict === 'skipped')
    expect(skipped.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['dns.deployment.dashed-ip', 'dns.deployment.no-pod-name', 'dns.ptr.dashed']),
    )
  })
})
