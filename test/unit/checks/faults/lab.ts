import { follow } from '../consequences.js'
import { broken, named, one, redis, remove, seen } from '../recorded.js'
import type { World } from '../recorded.js'
import { NAMES, NEEDS_A_NAME, SILENT_REPLICA } from './expected.js'
import type { Fault } from './fault.js'
import { kafkaClient, mysqlTour, postgresTour } from './nameless.js'
import { WORKER, WORKER2, podLike, podOf, readdress, removePod, say, stall } from './objects.js'

/** Faults of the nodes. */
export const nodeFaults: readonly Fault[] = [
  {
    // For the first seconds: the API server has not noticed yet, and Kafka has just elected anew.
    name: 'a node container is paused',
    inject: pauseWorker,
    fails: [
      ...['nodes.containerlab', 'nodes.kind', 'redis.ping', 'redis.write-ack', 'kube-proxy.every-backend'],
      ...['network-policy.allowed', 'calico.path.cross-node', 'postgres.service', 'postgres.pod-name'],
      ...['postgres.write-read', 'mysql.replication.gtid', 'mysql.pod-name', 'mysql.service'],
      ...['mysql.write-read', 'kafka.broker.answers', 'kafka.partitions.in-sync', 'kafka.bootstrap'],
    ],
    inconclusive: [
      ...[...NAMES, ...NEEDS_A_NAME, ...SILENT_REPLICA, 'redis.init-log', 'kube-proxy.clusterip-rule'],
      ...['kube-proxy.endpoints', 'kube-proxy.affinity.rule', 'kube-proxy.no-headless-rule'],
      ...['kube-proxy.refused', 'kube-proxy.affinity.pinned', 'calico.route.nodes', 'calico.route.pods'],
      ...['calico.path.same-node', 'external.reachable', 'grpc.headless.spread', 'grpc.clusterip.pinned'],
      ...['postgres.answers', 'postgres.primary.one', 'postgres.role.label', 'postgres.replication.source'],
      ...['mysql.answers', 'mysql.primary.one', 'mysql.replica.read-only', 'mysql.replication.running'],
      ...['mysql.replication.source', 'mysql.replica.refuses-writes', 'kafka.node-id'],
      ...['kafka.quorum.voters', 'kafka.quorum.leader', 'kafka.broker.advertised'],
      ...['network-policy.refused', 'network-policy.unlisted-port'],
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
    fails: ['nodes.kubernetes', 'nodes.ready', 'calico.block.owner'],
    inconclusive: ['calico.node.address', 'calico.route.nodes'],
  },
  {
    // Its pods go on: it is the kubelet that says so, not its silence.
    name: 'a node is not Ready',
    inject: (world) => {
      const node = one(seen(world.observations.api.nodes), named(WORKER2))
      one(node.status?.conditions ?? [], ({ type }) => type === 'Ready').status = 'False'
    },
    fails: ['nodes.ready'],
  },
]

/** Faults of workloads. */
export const workloadFaults: readonly Fault[] = [
  {
    name: 'a nginx pod is not Ready',
    inject: (world) => {
      say(podLike(world, 'default/nginx-deployment', WORKER), false)
      follow(world)
    },
    fails: ['workloads.ready'],
  },
  {
    name: 'web-api is scaled to 1',
    inject: (world) => {
      removePod(world, `default/${podLike(world, 'default/web-api', WORKER2).metadata?.name ?? ''}`)
      follow(world)
    },
    fails: ['workloads.ready'],
  },
  {
    name: 'a rollout stands still',
    inject: (world) => {
      const deployment = one(seen(world.observations.api.deployments), named('nginx-deployment'))
      Object.assign(deployment.status ?? {}, { updatedReplicas: 1 })
    },
    fails: ['workloads.updated'],
  },
  {
    name: 'the multitool of a node is gone',
    inject: (world) => {
      const gone = 'default/multitool-7fsfs'
      removePod(world, gone)
      const { dns, reach, external, calico, traffic, policies } = world.observations
      const none = (): ReturnType<typeof broken> => broken(`no ready probe pod on node ${WORKER2}`)
      dns[WORKER2] = none()
      reach[WORKER2] = none()
      seen(external['default/external-db'])[WORKER2] = none()
      Object.assign(calico[WORKER2] ?? {}, { paths: none() })
      // What it would have done for the whole is done by another.
      for (const part of Object.values(traffic)) {
        if ('value' in part && part.value.from === gone) part.value.from = 'default/multitool-gswrv'
      }
      for (const part of Object.values(policies)) {
        for (const attempt of seen(part).attempts) {
          if (attempt.from === gone) attempt.from = 'default/multitool-gswrv'
          if (attempt.to === gone)
            Object.assign(attempt, { to: 'default/multitool-gswrv', ip: '192.168.60.198' })
        }
      }
    },
    fails: ['workloads.ready', 'workloads.every-node'],
    inconclusive: [
      ...[...NAMES, ...NEEDS_A_NAME, 'kube-proxy.refused', 'external.reachable', 'calico.path.same-node'],
      'calico.path.cross-node',
    ],
  },
  {
    name: 'two redis pods share a node',
    inject: (world) => {
      readdress(world, podOf(world, 'default/redis-2'), '192.168.140.50', WORKER2)
      follow(world)
    },
    fails: ['workloads.spread'],
  },
]

/** Faults of StatefulSets. */
export const statefulSetFaults: readonly Fault[] = [
  {
    name: 'redis is scaled to 2',
    inject: (world) => {
      scale(world, 2)
      removePod(world, 'default/redis-2')
      follow(world)
      world.observations.initLogs['default/redis-2/wait-for-master'] = broken('404')
      const { servers, write } = redis(world)
      servers['redis-2'] = { ping: 'Could not connect to Redis: Name or service not known' }
      const master = servers['redis-0']?.replication ?? {}
      master['connected_slaves'] = '1'
      Reflect.deleteProperty(master, 'slave1')
      write.acknowledged = '1'
    },
    fails: [
      ...['workloads.ready', 'statefulsets.replicas', 'dns.pod.a', 'redis.ping'],
      ...['redis.replication.master', 'redis.write-ack'],
    ],
    inconclusive: [...SILENT_REPLICA, 'redis.init-log', 'dns.ptr.pod'],
  },
  {
    name: 'redis is scaled to 4',
    inject: (world) => {
      scale(world, 4)
      const pod = structuredClone(podOf(world, 'default/redis-1'))
      Object.assign(pod.metadata ?? {}, { name: 'redis-3', uid: 'of the fourth' })
      Object.assign(pod.metadata?.labels ?? {}, {
        'apps.kubernetes.io/pod-index': '3',
        'statefulset.kubernetes.io/pod-name': 'redis-3',
      })
      Object.assign(pod.spec ?? {}, { hostname: 'redis-3' })
      Object.assign(pod.status ?? {}, { podIP: '192.168.60.254', podIPs: [] })
      readdress(world, pod, '192.168.60.220')
      seen(world.observations.api.pods).push(pod)
      follow(world)
      const { servers, write } = redis(world)
      Object.assign(servers['redis-0']?.replication ?? {}, {
        connected_slaves: '3',
        slave2:
          'ip=redis-3.redis-headless.default.svc.cluster.local,port=6379,state=online,offset=26575,lag=0',
      })
      write.acknowledged = '3'
    },
    fails: [
      ...['workloads.ready', 'statefulsets.replicas', 'dns.pod.absent-ordinal', 'redis.replication.master'],
      'redis.write-ack',
    ],
  },
  {
    // Its name in DNS follows.
    name: 'a StatefulSet pod has another host name',
    inject: (world) => {
      const { spec } = podOf(world, 'default/redis-2')
      if (spec) spec.hostname = 'other'
      follow(world)
      redis(world).servers['redis-2'] = { ping: 'Could not connect to Redis: Name or service not known' }
    },
    fails: [
      ...['statefulsets.identity', 'endpointslices.hostname.present', 'dns.pod.a', 'dns.ptr.pod'],
      'redis.ping',
    ],
    inconclusive: SILENT_REPLICA,
  },
  {
    name: 'a pod of a StatefulSet lost the label with its ordinal',
    inject: (world) => {
      const labels = podOf(world, 'default/redis-1').metadata?.labels ?? {}
      Reflect.deleteProperty(labels, 'apps.kubernetes.io/pod-index')
    },
    fails: ['statefulsets.ordinals'],
  },
  {
    name: 'a StatefulSet updates its pods when they are deleted',
    inject: (world) => {
      const set = one(seen(world.observations.api.statefulSets), named('redis'))
      Object.assign(set.spec ?? {}, { updateStrategy: { type: 'OnDelete' } })
    },
    fails: ['statefulsets.revision'],
  },
  {
    name: 'a volume claim is lost',
    inject: (world) => {
      const claims = seen(world.observations.api.persistentVolumeClaims)
      Object.assign(one(claims, named('data-postgres-1')).status ?? {}, { phase: 'Lost' })
    },
    fails: ['statefulsets.volumes'],
  },
]

function scale(world: World, replicas: number): void {
  const set = one(seen(world.observations.api.statefulSets), named('redis'))
  Object.assign(set.spec ?? {}, { replicas })
  Object.assign(set.status ?? {}, { replicas, readyReplicas: replicas })
}

function pauseWorker(world: World): void {
  const { observations } = world
  const { containers, dns, calico, reach, traffic, policies, external } = observations
  const none = (): ReturnType<typeof broken> => broken('no answer within 5 s')
  for (const list of [containers.containerlab, containers.kind])
    one(seen(list), ({ name }) => name === WORKER).state = 'paused'
  dns[WORKER] = none()
  observations.iptables[WORKER] = none()
  reach[WORKER] = none()
  seen(external['default/external-db'])[WORKER] = none()
  calico[WORKER] = { routes: none(), paths: none() }
  for (const node of world.lab.nodes) {
    const paths = calico[node]?.paths
    if (paths === undefined || 'error' in paths) continue
    for (const path of paths.value) if (path.node === WORKER) path.outcome = 'timeout'
  }
  const pods = seen(observations.api.pods).filter(({ spec }) => spec?.nodeName === WORKER)
  const here = new Set(pods.map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`))
  const ips = pods.map(({ status }) => status?.podIP ?? '')
  for (const [key, part] of Object.entries(traffic)) {
    if ('error' in part) continue
    const silent = Object.keys(part.value.reached).filter((to) => ips.includes(to.split(':')[0] ?? ''))
    if (here.has(part.value.from)) traffic[key] = none()
    else if (silent.length > 0) stall(world, key, 'timeout', silent.slice(0, 1))
  }
  for (const part of Object.values(policies)) {
    for (const attempt of seen(part).attempts) {
      if (here.has(attempt.from)) {
        delete (attempt as { outcome?: string }).outcome
        attempt.error = 'no answer within 5 s'
      } else if (here.has(attempt.to)) attempt.outcome = 'timeout'
    }
  }
  redis(world).servers['redis-1'] = { ping: '' }
  redis(world).write.acknowledged = '1'
  observations.initLogs['default/redis-1/wait-for-master'] = none()
  observations.grpc['default/grpc-client'] = none()
  seen(observations.postgres['database/postgres']).servers['postgres-1'] = none()
  const postgres = postgresTour(world).hosts
  const late = 'psql: error: connection to server failed: timeout expired'
  postgres['postgres-1.postgres-headless.database.svc.cluster.local'] = { reached: [], error: late }
  Object.assign(postgres['postgres.database.svc.cluster.local'] ?? {}, {
    reached: [{ address: '192.168.112.200', inRecovery: false }],
    error: late,
  })
  seen(observations.mysql['default/mysql']).servers['mysql-1'] = none()
  const mysql = mysqlTour(world).hosts
  const lost = "ERROR 2002 (HY000): Can't connect to server (110)"
  mysql['mysql-1.mysql-headless.default.svc.cluster.local'] = { reached: [], error: lost }
  Object.assign(mysql['mysql.default.svc.cluster.local'] ?? {}, { reached: ['mysql-0'], error: lost })
  const kafka = seen(observations.kafka['streaming/kafka'])
  kafka.nodes['kafka-0'] = none()
  for (const name of ['kafka-1', 'kafka-2']) {
    const part = kafka.nodes[name]
    if (part !== undefined) Object.assign(seen(part), { leader: 1, epoch: 5 })
  }
  const client = kafkaClient(world)
  for (const [address, answer] of Object.entries(client.bootstraps)) {
    if (address.startsWith('kafka-0.')) client.bootstraps[address] = { error: 'Local: Timed out' }
    else if ('brokers' in answer) remove(answer.brokers, ({ id }) => id === 0)
  }
  for (const { partitions } of client.topics ?? [])
    for (const partition of partitions) Object.assign(partition, { leader: 1, inSync: [1, 2] })
}
