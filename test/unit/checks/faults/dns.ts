import { ask } from '../consequences.js'
import { NGINX, REDIS, named, nxdomain, one, records, seen, without } from '../recorded.js'
import type { World } from '../recorded.js'
import { NAMES, NEEDS_A_NAME } from './expected.js'
import type { Fault } from './fault.js'
import { noNamesForDatabases, noNamesForRedis } from './nameless.js'
import { WORKER2, answers, sliceOf, timeouts } from './objects.js'

const nginx = (name: string): boolean => name === NGINX || name === 'nginx-headless'
const redis = (name: string): boolean => name === REDIS || name === 'redis-headless'

function corefile(world: World, from: string | RegExp, to: string): void {
  const part = world.observations.api.corefile
  if ('value' in part) part.value = part.value.replace(from, to)
}

/** Faults of the DNS server, and of the way to it. */
export const dnsFaults: readonly Fault[] = [
  {
    name: 'the DNS server does not see the slices of nginx any more',
    inject: (world) => {
      const slice = sliceOf(world, 'default/nginx-headless')
      const now = structuredClone(slice.endpoints)
      for (const [i, endpoint] of slice.endpoints.entries()) endpoint.addresses = [`192.168.60.24${i}`]
      ask(world)
      slice.endpoints = now
    },
    fails: [
      ...['dns.headless.a-set', 'dns.headless.endpointslices', 'dns.headless.srv'],
      ...['dns.deployment.dashed-ip', 'dns.ptr.dashed'],
    ],
    inconclusive: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'one node gets an old answer',
    inject: (world) =>
      answers(
        world,
        ({ name }) => redis(name),
        without((data) => data === '192.168.60.203'),
        [WORKER2],
      ),
    fails: ['dns.headless.a-set', 'dns.headless.endpointslices'],
  },
  {
    name: 'an address is answered twice',
    inject: (world) =>
      answers(
        world,
        ({ name, type }) => nginx(name) && type === 'A',
        (each) => each.records.push(...each.records.filter(({ data }) => data === '192.168.140.1')),
      ),
    fails: ['dns.headless.a-set', 'dns.headless.endpointslices'],
  },
  {
    name: 'the virtual IP in DNS is an old one',
    inject: (world) => {
      const service = one(seen(world.observations.api.services), named('nginx-clusterip'))
      const now = structuredClone(service)
      Object.assign(service.spec ?? {}, { clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] })
      ask(world)
      Object.assign(service, now)
      // What is asked for comes of what the API says, not of what the DNS server believes.
      answers(
        world,
        ({ name }) => name === '9.9.96.10.in-addr.arpa',
        (each) => {
          Object.assign(each.question, { name: '42.25.96.10.in-addr.arpa' })
          nxdomain(each)
        },
      )
    },
    fails: ['dns.clusterip.a-vip', 'dns.ptr.vip'],
  },
  {
    name: 'the DNS server also knows pods by their names',
    inject: (world) =>
      answers(world, ({ name }) => name.startsWith('nginx-deployment-'), records('192.168.60.194')),
    fails: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'the DNS server names endpoints after their pods (endpoint_pod_names)',
    inject: (world) => {
      corefile(world, 'pods insecure', 'pods insecure\n       endpoint_pod_names')
      ask(world)
    },
    fails: ['dns.deployment.dashed-ip', 'dns.headless.srv', 'dns.ptr.dashed'],
    inconclusive: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'the DNS server has an answer for every pod',
    inject: (world) => answers(world, ({ name }) => name.startsWith('redis-3.'), records('192.168.1.1')),
    fails: ['dns.pod.absent-ordinal'],
  },
  {
    name: 'the DNS server gives pods that are not Ready',
    inject: (world) =>
      answers(
        world,
        ({ name, type }) => name.startsWith('never-ready.fixtures') && type === 'A',
        records('192.168.140.9'),
      ),
    fails: ['dns.headless.a-set', 'dns.headless.endpointslices', 'dns.headless.not-ready'],
  },
  {
    name: 'the DNS server does not answer',
    inject: (world) => {
      timeouts(world)
      noNamesForRedis(world)
      noNamesForDatabases(world)
    },
    fails: [
      ...[...NAMES, 'redis.ping', 'kafka.broker.answers', 'kafka.bootstrap', 'kafka.write-read'],
      ...['grpc.headless.spread', 'external.reachable', 'postgres.service', 'postgres.pod-name'],
      ...['postgres.write', 'mysql.service', 'mysql.pod-name', 'mysql.write', 'mysql.replication.gtid'],
    ],
    inconclusive: [
      ...[...NEEDS_A_NAME, 'redis.replication.master', 'redis.replication.replica', 'redis.replication.lag'],
      ...['redis.replication.offset', 'redis.write-ack', 'redis.write-read', 'redis.readonly'],
      ...['kafka.broker.advertised', 'kafka.partitions.in-sync', 'grpc.clusterip.pinned'],
      ...['postgres.write-read', 'mysql.write-read', 'mysql.replica.refuses-writes'],
    ],
  },
  {
    name: 'only UDP is let through to the DNS server',
    inject: (world) =>
      answers(
        world,
        // What does not fit into UDP is asked for again over TCP.
        ({ by, name, type }) =>
          by === 'tcp' || (by === undefined && /(^|\.)many\.fixtures/.test(name) && type !== 'AAAA'),
        (each) => Object.assign(each, { status: 'TIMEOUT', records: [] }),
      ),
    fails: [
      ...['dns.tcp', 'dns.truncation', 'dns.headless.a-set', 'dns.headless.endpointslices'],
      'dns.headless.srv',
    ],
    inconclusive: ['dns.nodata', 'dns.search-path', 'dns.ttl'],
  },
  {
    name: 'something drops the mark of answers that were cut off',
    inject: (world) =>
      answers(
        world,
        ({ by }) => by === 'udp-512',
        (each) => delete each.truncated,
      ),
    fails: ['dns.truncation'],
  },
  {
    name: 'a template answers NXDOMAIN for IPv6',
    inject: (world) => answers(world, ({ type }) => type === 'AAAA', nxdomain),
    fails: ['dns.nodata'],
  },
  {
    name: 'another server answers for the names of addresses',
    inject: (world) => answers(world, ({ type }) => type === 'PTR', nxdomain),
    fails: ['dns.ptr.vip', 'dns.ptr.pod', 'dns.ptr.dashed'],
  },
  {
    name: 'records live shorter than configured',
    inject: (world) =>
      answers(
        world,
        () => true,
        ({ records: all }) => all.forEach((record) => (record.ttl = 5)),
      ),
    fails: ['dns.ttl'],
  },
  {
    name: 'the Corefile was changed and not read again',
    inject: (world) => corefile(world, 'ttl 30', 'ttl 60'),
    fails: ['dns.ttl'],
  },
  {
    name: 'a probe pod has no search path',
    inject: (world) => answers(world, ({ search }) => search, nxdomain, [WORKER2]),
    fails: ['dns.search-path'],
  },
]
