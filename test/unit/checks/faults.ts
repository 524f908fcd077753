import type { V1Endpoint } from '@kubernetes/client-node'
import type { IptablesRule } from '../../../lab/observe/model/observations.js'
import type { Plain } from '../../../lab/observe/model/plain.js'
import type { Mutable, World } from './recorded.js'
import {
  NGINX,
  REDIS,
  answer,
  broken,
  named,
  iptables,
  nxdomain,
  one,
  records,
  redis,
  remove,
  seen,
  under,
  without,
} from './recorded.js'

/** A single fault, as the whole of the observations shows it, and what has to be found. */
export interface Fault {
  readonly name: string
  readonly inject: (world: World) => void
  /** The ids of the checks that fail: these and no others. */
  readonly fails: readonly string[]
  /** The ids that cannot be judged any more where nothing of the same id fails: these and no others. */
  readonly inconclusive?: readonly string[]
}

const WORKER2 = 'headless-services-worker2'
const ALL_DNS = [
  'dns.clusterip.a-vip',
  'dns.headless.a-set',
  'dns.pod.a',
  'dns.pod.absent-ordinal',
  'dns.deployment.dashed-ip',
  'dns.deployment.no-pod-name',
  'dns.clusterip.srv',
  'dns.headless.srv',
  'dns.search-path',
  'dns.ttl',
]

export const faults: readonly Fault[] = [
  {
    name: 'a node container is paused',
    inject: (world) => {
      const { containers, dns, iptables } = world.observations
      one(seen(containers.containerlab), ({ name }) => name === WORKER2).state = 'paused'
      one(seen(containers.kind), ({ name }) => name === WORKER2).state = 'paused'
      dns[WORKER2] = broken('no answer within 6 s')
      iptables[WORKER2] = broken('exit code 1: container is paused')
      // redis-1 is there. The master has not noticed yet.
      const { servers, write } = redis(world)
      servers['redis-1'] = { ping: '' }
      write.acknowledged = '1'
    },
    fails: ['nodes.containerlab', 'nodes.kind', 'redis.ping', 'redis.write-ack'],
    inconclusive: [
      ...ALL_DNS,
      'redis.replication.replica',
      'redis.write-read',
      'redis.readonly',
      'kube-proxy.clusterip-rule',
      'kube-proxy.no-headless-rule',
    ],
  },
  {
    name: 'a stranger carries the label of the cluster',
    inject: (world) => seen(world.observations.containers.kind).push({ name: 'stranger', state: 'running' }),
    fails: ['nodes.kind'],
  },
  {
    name: 'a Node object was deleted',
    inject: (world) => remove(seen(world.observations.api.nodes), named(WORKER2)),
    fails: ['nodes.kubernetes', 'nodes.ready'],
  },
  {
    name: 'a node is not Ready',
    inject: (world) => {
      const node = one(seen(world.observations.api.nodes), named(WORKER2))
      one(node.status?.conditions ?? [], ({ type }) => type === 'Ready').status = 'Unknown'
    },
    fails: ['nodes.ready'],
  },
  {
    name: 'a nginx pod is not Ready',
    inject: (world) => {
      const pod = one(seen(world.observations.api.pods), isNginx)
      one(pod.status?.conditions ?? [], ({ type }) => type === 'Ready').status = 'False'
      const ip = pod.status?.podIP ?? ''
      endpoints(world, 'nginx').forEach((endpoint) => {
        if (endpoint.addresses.includes(ip)) endpoint.conditions = { ready: false, serving: false }
      })
      forget(world, ip)
    },
    fails: ['workloads.ready'],
  },
  {
    name: 'the multitool of a node is gone',
    inject: (world) => {
      remove(
        seen(world.observations.api.pods),
        ({ metadata, spec }) => metadata?.labels?.['app'] === 'multitool' && spec?.nodeName === WORKER2,
      )
      world.observations.dns[WORKER2] = broken('no ready probe pod on node')
    },
    fails: ['workloads.ready', 'workloads.every-node'],
    inconclusive: ALL_DNS,
  },
  {
    name: 'two redis pods share a node',
    inject: (world) => {
      const spec = one(seen(world.observations.api.pods), named('redis-2')).spec
      if (spec) spec.nodeName = WORKER2
    },
    fails: ['workloads.spread'],
  },
  {
    name: 'redis is scaled to 2',
    inject: (world) => {
      const { api, initLogs } = world.observations
      const ip = one(seen(api.pods), named('redis-2')).status?.podIP ?? ''
      scale(world, 2)
      remove(seen(api.pods), named('redis-2'))
      for (const slice of seen(api.endpointSlices)) {
        remove(slice.endpoints, ({ addresses }) => addresses.includes(ip))
      }
      answer(world, (name) => name.startsWith('redis-2.'), nxdomain)
      answer(
        world,
        under('redis-headless'),
        without((data) => data === ip || data.includes('redis-2.')),
      )
      initLogs['default/redis-2/wait-for-master'] = broken('404')
      const { servers, write } = redis(world)
      servers['redis-2'] = { ping: 'Could not connect to Redis: Name or service not known' }
      const master = servers['redis-0']?.replication ?? {}
      master['connected_slaves'] = '1'
      const second = Object.keys(master).find(
        (key) => /^slave\d/.test(key) && master[key]?.includes('redis-2.'),
      )
      Reflect.deleteProperty(master, second ?? '')
      write.acknowledged = '1'
    },
    fails: [
      'workloads.ready',
      'statefulsets.replicas',
      'dns.pod.a',
      'redis.ping',
      'redis.replication.master',
      'redis.write-ack',
    ],
    inconclusive: ['redis.replication.replica', 'redis.write-read', 'redis.readonly', 'redis.init-log'],
  },
  {
    name: 'redis is scaled to 4',
    inject: (world) => {
      const { api } = world.observations
      scale(world, 4)
      const pod = structuredClone(one(seen(api.pods), named('redis-2')))
      Object.assign(pod.metadata ?? {}, { name: 'redis-3' })
      Object.assign(pod.spec ?? {}, { hostname: 'redis-3' })
      const ip = '192.168.112.200'
      Object.assign(pod.status ?? {}, { podIP: ip, podIPs: [{ ip }] })
      seen(api.pods).push(pod)
      const slice = one(
        seen(api.endpointSlices),
        ({ metadata }) => metadata?.name?.startsWith('redis-') === true,
      )
      slice.endpoints.push({ addresses: [ip], hostname: 'redis-3', targetRef: { name: 'redis-3' } })
      const add = (data: string): void =>
        answer(
          world,
          (name) =>
            name === (data === ip ? REDIS : `_redis._tcp.${REDIS}`) ||
            (data === ip && name === 'redis-headless'),
          (one) => one.records.push({ name: one.question.name, ttl: 30, type: one.question.type, data }),
        )
      add(ip)
      add(`0 25 6379 redis-3.${REDIS}`)
      answer(world, (name) => name === `redis-3.${REDIS}`, records(ip))
      const { servers, write } = redis(world)
      Object.assign(servers['redis-0']?.replication ?? {}, {
        connected_slaves: '3',
        slave2: `ip=redis-3.${REDIS},port=6379,state=online,offset=0,lag=0`,
      })
      write.acknowledged = '3'
    },
    fails: [
      'workloads.ready',
      'statefulsets.replicas',
      'dns.pod.absent-ordinal',
      'redis.replication.master',
      'redis.write-ack',
    ],
  },
  {
    name: 'a StatefulSet pod has another host name',
    inject: (world) => {
      const spec = one(seen(world.observations.api.pods), named('redis-2')).spec
      if (spec) spec.hostname = 'other'
    },
    // Its name in DNS is expected to follow.
    fails: ['statefulsets.identity', 'dns.headless.srv'],
  },
  {
    name: 'nginx-headless is deleted',
    inject: (world) => {
      const { api } = world.observations
      remove(seen(api.services), named('nginx-headless'))
      remove(
        seen(api.endpointSlices),
        ({ metadata }) => metadata?.name?.startsWith('nginx-headless') === true,
      )
      answer(world, under('nginx-headless'), nxdomain)
    },
    fails: [
      'services.exists',
      'endpointslices.addresses',
      'dns.headless.a-set',
      'dns.deployment.dashed-ip',
      'dns.headless.srv',
    ],
    inconclusive: [
      'services.type',
      'services.ports',
      'services.selector',
      'endpointslices.hostname.absent',
      'dns.deployment.no-pod-name',
      'dns.search-path',
      'dns.ttl',
    ],
  },
  {
    name: 'nginx-clusterip is deleted',
    inject: (world) => {
      const { api } = world.observations
      remove(seen(api.services), named('nginx-clusterip'))
      remove(
        seen(api.endpointSlices),
        ({ metadata }) => metadata?.name?.startsWith('nginx-clusterip') === true,
      )
      answer(world, under('nginx-clusterip'), nxdomain)
      for (const node of world.lab.nodes) {
        remove(
          iptables(world, node),
          ({ comment }) => comment?.startsWith('default/nginx-clusterip') === true,
        )
      }
    },
    fails: ['services.exists', 'endpointslices.addresses', 'dns.clusterip.a-vip', 'dns.clusterip.srv'],
    inconclusive: [
      'services.type',
      'services.ports',
      'services.selector',
      'dns.search-path',
      'dns.ttl',
      'kube-proxy.clusterip-rule',
    ],
  },
  {
    name: 'the selector of nginx-headless is changed',
    inject: (world) => {
      const { api } = world.observations
      Object.assign(one(seen(api.services), named('nginx-headless')).spec ?? {}, { selector: { app: 'web' } })
      // The API gives null for a slice without endpoints.
      Object.assign(
        one(
          seen(api.endpointSlices),
          ({ metadata }) => metadata?.name?.startsWith('nginx-headless') === true,
        ),
        { endpoints: null },
      )
      answer(world, under('nginx-headless'), nxdomain)
    },
    fails: [
      'services.selector',
      'endpointslices.addresses',
      'dns.headless.a-set',
      'dns.deployment.dashed-ip',
      'dns.headless.srv',
    ],
    inconclusive: [
      'endpointslices.hostname.absent',
      'dns.deployment.no-pod-name',
      'dns.search-path',
      'dns.ttl',
    ],
  },
  {
    name: 'nginx-clusterip is made headless',
    inject: (world) => {
      const { api } = world.observations
      const ips = nginxIps(world)
      Object.assign(one(seen(api.services), named('nginx-clusterip')).spec ?? {}, { clusterIP: 'None' })
      answer(world, (name) => /^nginx-clusterip(\.|$)/.test(name), records(...ips))
      answer(
        world,
        (name) => name.startsWith('_http._tcp.nginx-clusterip'),
        records(
          ...ips.map((ip) => `0 50 80 ${ip.replaceAll('.', '-')}.nginx-clusterip.default.svc.cluster.local`),
        ),
      )
      for (const node of world.lab.nodes) {
        remove(
          iptables(world, node),
          ({ comment }) => comment?.startsWith('default/nginx-clusterip') === true,
        )
      }
    },
    fails: ['services.type', 'dns.clusterip.a-vip', 'dns.clusterip.srv'],
    inconclusive: ['kube-proxy.clusterip-rule'],
  },
  {
    name: 'nginx-headless is made a ClusterIP service',
    inject: (world) => {
      const vip = '10.96.7.7'
      Object.assign(one(seen(world.observations.api.services), named('nginx-headless')).spec ?? {}, {
        clusterIP: vip,
      })
      answer(world, (name) => name.endsWith(`.${NGINX}`), nxdomain)
      answer(world, (name) => name === NGINX || name === 'nginx-headless', records(vip))
      answer(world, (name) => name === `_http._tcp.${NGINX}`, records(`0 100 80 ${NGINX}`))
      for (const node of world.lab.nodes)
        iptables(world, node).push(rule('default/nginx-headless:http cluster IP', vip))
    },
    fails: [
      'services.type',
      'dns.headless.a-set',
      'dns.deployment.dashed-ip',
      'dns.headless.srv',
      'kube-proxy.no-headless-rule',
    ],
    inconclusive: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'the port of redis-headless loses its name',
    inject: (world) => {
      const service = one(seen(world.observations.api.services), named('redis-headless'))
      for (const port of service.spec?.ports ?? []) Reflect.deleteProperty(port, 'name')
      answer(world, (name) => name === `_redis._tcp.${REDIS}`, nxdomain)
    },
    fails: ['services.ports', 'dns.headless.srv'],
  },
  {
    name: 'the slices keep the address of a pod that is gone',
    inject: (world) => {
      const ip = '192.168.60.250'
      const slice = one(
        seen(world.observations.api.endpointSlices),
        ({ metadata }) => metadata?.name?.startsWith('nginx-headless') === true,
      )
      slice.endpoints.push({ addresses: [ip], conditions: { ready: true } })
      answer(
        world,
        (name) => name === NGINX || name === 'nginx-headless',
        (one) => one.records.push({ name: NGINX, ttl: 30, type: 'A', data: ip }),
      )
      answer(
        world,
        (name) => name === `_http._tcp.${NGINX}`,
        (one) =>
          one.records.push({
            name: one.question.name,
            ttl: 30,
            type: 'SRV',
            data: `0 33 80 192-168-60-250.${NGINX}`,
          }),
      )
    },
    fails: ['endpointslices.addresses', 'dns.headless.a-set', 'dns.headless.srv'],
  },
  {
    name: 'the DNS server does not see the slices of nginx any more',
    inject: (world) =>
      answer(world, (name) => name === NGINX || name === 'nginx-headless', records('192.168.1.1')),
    fails: ['dns.headless.a-set'],
  },
  {
    name: 'one node gets an old answer',
    inject: (world) =>
      answer(
        world,
        (name) => name === REDIS || name === 'redis-headless',
        without((data) => data === '192.168.140.7'),
        [WORKER2],
      ),
    fails: ['dns.headless.a-set'],
  },
  {
    name: 'an address is answered twice',
    inject: (world) =>
      answer(
        world,
        (name) => name === NGINX || name === 'nginx-headless',
        (one) => one.records.push(...one.records.slice(0, 1)),
      ),
    fails: ['dns.headless.a-set'],
  },
  {
    name: 'the virtual IP in DNS is an old one',
    inject: (world) => answer(world, (name) => /^nginx-clusterip(\.|$)/.test(name), records('10.96.9.9')),
    fails: ['dns.clusterip.a-vip'],
  },
  {
    name: 'the endpoints of redis lose their host names',
    inject: (world) => {
      const ips: string[] = []
      for (const endpoint of endpoints(world, 'redis')) {
        Reflect.deleteProperty(endpoint, 'hostname')
        ips.push(...endpoint.addresses)
      }
      answer(world, (name) => /^redis-\d\./.test(name), nxdomain)
      answer(
        world,
        (name) => name === `_redis._tcp.${REDIS}`,
        records(...ips.map((ip) => `0 33 6379 ${ip.replaceAll('.', '-')}.${REDIS}`)),
      )
      const { servers, write } = redis(world)
      for (const name of Object.keys(servers)) servers[name] = { ping: 'Name or service not known' }
      Object.assign(write, { set: '', acknowledged: '', removed: '' })
    },
    fails: ['endpointslices.hostname.present', 'dns.pod.a', 'dns.headless.srv', 'redis.ping'],
    inconclusive: [
      'dns.pod.absent-ordinal',
      'redis.replication.master',
      'redis.replication.replica',
      'redis.write-ack',
      'redis.write-read',
      'redis.readonly',
    ],
  },
  {
    name: 'the endpoints of nginx get host names',
    inject: (world) => {
      for (const endpoint of endpoints(world, 'nginx-headless')) endpoint.hostname = 'web'
    },
    fails: ['endpointslices.hostname.absent'],
  },
  {
    name: 'the DNS server also knows pods by their names',
    inject: (world) =>
      answer(world, (name) => name.startsWith('nginx-deployment-'), records('192.168.60.195')),
    fails: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'the DNS server has an answer for every pod',
    inject: (world) => answer(world, (name) => name.startsWith('redis-3.'), records('192.168.1.1')),
    fails: ['dns.pod.absent-ordinal'],
  },
  {
    name: 'the DNS server does not answer',
    inject: (world) =>
      answer(
        world,
        () => true,
        (one) => {
          one.status = 'TIMEOUT'
          one.records = []
        },
      ),
    fails: [
      'dns.clusterip.a-vip',
      'dns.headless.a-set',
      'dns.pod.a',
      'dns.deployment.dashed-ip',
      'dns.clusterip.srv',
      'dns.headless.srv',
    ],
    inconclusive: ['dns.pod.absent-ordinal', 'dns.deployment.no-pod-name', 'dns.search-path', 'dns.ttl'],
  },
  {
    name: 'records live shorter than configured',
    inject: (world) =>
      answer(
        world,
        () => true,
        ({ records }) => records.forEach((record) => (record.ttl = 5)),
      ),
    fails: ['dns.ttl'],
  },
  {
    name: 'the Corefile was changed and not read again',
    inject: (world) => {
      const { corefile } = world.observations.api
      if ('value' in corefile) corefile.value = corefile.value.replace('ttl 30', 'ttl 60')
    },
    fails: ['dns.ttl'],
  },
  {
    name: 'a probe pod has no search path',
    inject: (world) => answer(world, (name) => !name.endsWith('svc.cluster.local'), nxdomain, [WORKER2]),
    fails: ['dns.search-path'],
  },
  {
    name: 'a replica takes writes',
    inject: (world) => {
      const server = redis(world).servers['redis-1']
      Object.assign(server?.replication ?? {}, { slave_read_only: '0' })
      Object.assign(server ?? {}, { write: 'OK' })
    },
    fails: ['redis.replication.replica', 'redis.readonly'],
  },
  {
    name: 'a replica follows another master',
    inject: (world) => {
      const { servers, write } = redis(world)
      Object.assign(servers['redis-2'] ?? {}, { read: '' })
      Object.assign(servers['redis-2']?.replication ?? {}, {
        master_host: 'elsewhere',
        master_link_status: 'down',
      })
      const master = servers['redis-0']?.replication ?? {}
      Object.assign(master, { connected_slaves: '1' })
      for (const [field, value] of Object.entries(master)) {
        if (/^slave\d/.test(field) && value.includes('redis-2.')) Reflect.deleteProperty(master, field)
      }
      write.acknowledged = '1'
    },
    fails: ['redis.replication.master', 'redis.replication.replica', 'redis.write-ack', 'redis.write-read'],
  },
  {
    name: 'a replica announces its address instead of its name',
    inject: (world) => {
      const master = redis(world).servers['redis-0']?.replication ?? {}
      master['slave0'] = 'ip=192.168.140.7,port=6379,state=online,offset=0,lag=0'
    },
    fails: ['redis.replication.master'],
  },
  {
    name: 'the master refuses writes',
    inject: (world) =>
      Object.assign(redis(world).write, { set: 'OOM command not allowed', acknowledged: '0' }),
    fails: ['redis.write-ack'],
    inconclusive: ['redis.write-read'],
  },
  {
    name: 'the master is silent',
    inject: (world) => {
      const { servers, write } = redis(world)
      servers['redis-0'] = { ping: '' }
      Object.assign(write, { set: '', acknowledged: '', removed: '' })
      for (const name of ['redis-1', 'redis-2']) {
        Reflect.deleteProperty(servers[name] ?? {}, 'read')
        Reflect.deleteProperty(servers[name] ?? {}, 'write')
      }
    },
    fails: ['redis.ping'],
    inconclusive: ['redis.replication.master', 'redis.write-ack', 'redis.write-read', 'redis.readonly'],
  },
  {
    name: 'a replica started without waiting for the master',
    inject: (world) => {
      const log = world.observations.initLogs['default/redis-1/wait-for-master']
      Object.assign(log ?? {}, { value: 'nothing to do\n' })
    },
    fails: ['redis.init-log'],
  },
  {
    name: 'kube-proxy knows no endpoint of nginx-clusterip',
    inject: (world) => {
      const rules = iptables(world, WORKER2)
      const own = one(rules, ({ comment }) => comment === 'default/nginx-clusterip:http cluster IP')
      Object.assign(own, {
        table: 'filter',
        comment: 'default/nginx-clusterip:http has no endpoints',
        jump: 'REJECT',
      })
    },
    fails: ['kube-proxy.clusterip-rule'],
  },
  {
    name: 'a rule for a headless service is written by hand',
    inject: (world) => iptables(world, WORKER2).push(rule('mine', '192.168.60.195')),
    fails: ['kube-proxy.no-headless-rule'],
  },
  {
    name: 'a node lost the rule of the virtual IP',
    inject: (world) =>
      remove(
        iptables(world, WORKER2),
        ({ comment }) => comment?.startsWith('default/nginx-clusterip') === true,
      ),
    fails: ['kube-proxy.clusterip-rule'],
  },
  {
    name: 'kube-proxy writes nothing on a node',
    inject: (world) => remove(iptables(world, WORKER2), ({ chain }) => chain.startsWith('KUBE-')),
    fails: ['kube-proxy.clusterip-rule'],
    inconclusive: ['kube-proxy.no-headless-rule'],
  },
]

function isNginx({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean {
  return metadata?.labels?.['app'] === 'nginx'
}

function nginxIps(world: World): string[] {
  return seen(world.observations.api.pods)
    .filter(isNginx)
    .map(({ status }) => status?.podIP ?? '')
}

/** The endpoints in the slices whose name begins so. */
function endpoints(world: World, slice: string): Mutable<Plain<V1Endpoint>>[] {
  return seen(world.observations.api.endpointSlices)
    .filter(({ metadata }) => metadata?.name?.startsWith(slice) === true)
    .flatMap((one) => one.endpoints)
}

/** Takes an address out of all answers. */
function forget(world: World, ip: string): void {
  const dashed = ip.replaceAll('.', '-')
  answer(world, (name) => name.startsWith(dashed), nxdomain)
  answer(
    world,
    () => true,
    without((data) => data === ip || data.includes(dashed)),
  )
}

function scale(world: World, replicas: number): void {
  const set = one(seen(world.observations.api.statefulSets), named('redis'))
  Object.assign(set.spec ?? {}, { replicas })
  Object.assign(set.status ?? {}, { replicas, readyReplicas: replicas })
}

function rule(comment: string, destination: string): IptablesRule {
  return {
    table: 'nat',
    chain: 'KUBE-SERVICES',
    rule: `-A KUBE-SERVICES -d ${destination}/32 -p tcp -m comment --comment "${comment}" -j KUBE-SVC-X`,
    comment,
    destination: `${destination}/32`,
    protocol: 'tcp',
    dport: '80',
    jump: 'KUBE-SVC-X',
  }
}
