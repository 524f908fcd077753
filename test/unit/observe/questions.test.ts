import { describe, expect, test } from 'vitest'
import { ServiceDns } from '../../../constructs/dns.js'
import { nameOf, readDeclared } from '../../../lab/observe/model/declared.js'
import { questionKey, questionsFor } from '../../../lab/observe/model/questions.js'
import { reverseName } from '../../../lab/observe/model/reverse.js'
import { ServiceNames, isAskable } from '../../../lab/observe/model/service-names.js'
import { healthy, recording, seen } from '../checks/recorded.js'
import type { Service } from '../../../lab/observe/model/declared.js'
import type { Pod } from '../../../lab/observe/model/pods.js'

test('everything that is declared is asked for, once, short names from the probe’s namespace', () => {
  const { declared, lab, observations } = healthy()
  const all = readDeclared(recording({ declared, lab, observations }).declared)
  // A StatefulSet, a virtual IP and a Deployment: of the others no more is asked.
  const asked = ['redis-headless', 'nginx-clusterip', 'nginx-headless']
  const objects = { ...all, services: all.services.filter((service) => asked.includes(nameOf(service))) }
  const pods = seen(observations.api.pods) as readonly Pod[]
  const services = seen(observations.api.services) as readonly Service[]
  const questions = questionsFor(objects, lab, 'default', pods, services).map(questionKey)
  expect(new Set(questions).size).toBe(questions.length)
  const both = (name: string): string[] => [`A ${name}.`, `AAAA ${name}.`]
  const expected = [
    ...both('redis-headless.default.svc.cluster.local'),
    'A redis-headless.default.svc.cluster.local. tcp',
    'SRV _redis._tcp.redis-headless.default.svc.cluster.local.',
    ...[0, 1, 2].flatMap((i) => both(`redis-${i}.redis-headless.default.svc.cluster.local`)),
    'A redis-3.redis-headless.default.svc.cluster.local.',
    ...['A redis-headless +search', 'A redis-0.redis-headless +search'],
    ...['A redis-1.redis-headless +search', 'A redis-2.redis-headless +search'],
    ...both('nginx-clusterip.default.svc.cluster.local'),
    'A nginx-clusterip.default.svc.cluster.local. tcp',
    'SRV _http._tcp.nginx-clusterip.default.svc.cluster.local.',
    'A nginx-clusterip +search',
    ...both('nginx-headless.default.svc.cluster.local'),
    'A nginx-headless.default.svc.cluster.local. tcp',
    'SRV _http._tcp.nginx-headless.default.svc.cluster.local.',
    'A nginx-headless +search',
  ]
  const ofPods = /^PTR|nginx-deployment-|A 192-168/
  expect(questions.filter((question) => !ofPods.test(question))).toEqual(expected)
  // The virtual IP, and each pod that has a name.
  expect(questions.filter((question) => question.startsWith('PTR'))).toHaveLength(1 + 3 + 2)
  expect(questionsFor(objects, lab, 'elsewhere', pods).map(questionKey)).toContain(
    'A redis-headless.default +search',
  )
})

describe('ServiceNames makes the names that ServiceDns makes', () => {
  const props = { service: 'db', namespace: 'shop', clusterDomain: 'example.org' }
  const [found, made] = [new ServiceNames(props), new ServiceDns(props)]
  test('of the service, its ports and its pods', () => {
    expect(found).toMatchObject({
      fqdn: made.fqdn,
      short: made.short,
      withNamespace: made.withNamespace,
    })
    expect(found.srv('http')).toBe(made.srv('http'))
    expect(found.srv('dns', 'UDP')).toBe(made.srv('dns', 'UDP'))
    expect(found.pod('db-0')).toEqual(made.pod('db-0'))
  })
  test.each(['10.0.0.1', 'fd00:10:244::', 'FD00:0::1'])('of %s', (ip) => {
    expect(found.podByAddress(ip)).toEqual(made.podByAddress(ip))
  })
  test('and more, which others may have', () => {
    expect(found.srv('a-port-of-more-than-15')).toBe('_a-port-of-more-than-15._tcp.db.shop.svc.example.org')
    expect(found.pod('a.b').fqdn).toBe('a.b.db.shop.svc.example.org')
  })
})

test.each<readonly [name: string, expected: boolean]>([
  ['a.b-c._tcp', true],
  [`${'a'.repeat(63)}.b`, true],
  [`${'a'.repeat(64)}.b`, false],
  [`${'a.'.repeat(126)}a`, true],
  [`${'a.'.repeat(126)}ab`, false],
  ...['', 'a..b', '-a', 'a b', '+a', '@a'].map((name) => [name, false] as const),
])('whether %s can be asked for: %s', (name, expected) => {
  expect(isAskable(name)).toBe(expected)
})

test('names of addresses', () => {
  expect(reverseName('192.168.1.20')).toBe('20.1.168.192.in-addr.arpa')
  // The example of RFC 3596.
  expect(reverseName('4321:0:1:2:3:4:567:89ab')).toBe(
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  )
  expect(reverseName('fd00::1')).toBe(`1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`)
})
