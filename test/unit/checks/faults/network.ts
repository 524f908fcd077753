import { serve, writeSlices } from '../consequences.js'
import { rulesOfPort } from '../kube-rules.js'
import { iptables, named, one, remove, seen } from '../recorded.js'
import type { World } from '../recorded.js'
import { NAMES, NEEDS_A_NAME } from './expected.js'
import type { Fault } from './fault.js'
import { externalAnswers, grpcAnswers } from './nameless.js'
import { WORKER, WORKER2, podLike, podOf, release, routesOf, stall, timeouts, trafficOf } from './objects.js'

const isNginx = ({ comment = '' }: { comment?: string }): boolean =>
  comment.startsWith('default/nginx-clusterip:')

/** Faults of kube-proxy. */
export const proxyFaults: readonly Fault[] = [
  {
    name: 'kube-proxy knows no endpoint of nginx-clusterip',
    inject: (world) => {
      const rules = iptables(world, WORKER2)
      remove(rules, isNginx)
      const of = { of: 'default/nginx-clusterip:http', vip: '10.96.25.42', port: 80, backends: [] }
      ;(rules as object[]).push(...rulesOfPort(of))
    },
    fails: ['kube-proxy.clusterip-rule'],
    inconclusive: ['kube-proxy.endpoints', 'kube-proxy.affinity.rule'],
  },
  {
    name: 'a rule for a headless service is written by hand',
    inject: (world) =>
      iptables(world, WORKER2).push({
        ...{ table: 'nat', chain: 'KUBE-SERVICES', comment: 'mine', destination: '192.168.140.1/32' },
        rule: '-A KUBE-SERVICES -d 192.168.140.1/32 -p tcp -m comment --comment mine -j RETURN',
        jump: 'RETURN',
      }),
    fails: ['kube-proxy.no-headless-rule'],
  },
  {
    name: 'a node lost the rule of the virtual IP',
    inject: (world) => remove(iptables(world, WORKER2), isNginx),
    fails: ['kube-proxy.clusterip-rule'],
    inconclusive: ['kube-proxy.endpoints', 'kube-proxy.affinity.rule'],
  },
  {
    name: 'a node leads to one of two pods only',
    inject: (world) => {
      const rules = iptables(world, WORKER2)
      remove(rules, ({ comment = '' }) => comment.startsWith('default/web-api:'))
      const backends = ['192.168.60.197:8080']
      ;(rules as object[]).push(
        ...rulesOfPort({ of: 'default/web-api:http', vip: '10.96.202.255', port: 80, backends }),
      )
    },
    fails: ['kube-proxy.endpoints'],
  },
  {
    name: 'a node does not refuse what leads nowhere',
    inject: (world) => {
      remove(iptables(world, WORKER2), ({ comment = '' }) => comment.startsWith('fixtures/no-endpoints:'))
      const [attempt] = seen(one([world.observations.reach[WORKER2]], Boolean))
      Object.assign(attempt ?? {}, { outcome: 'timeout' })
    },
    fails: ['kube-proxy.clusterip-rule', 'kube-proxy.refused'],
    inconclusive: ['kube-proxy.endpoints'],
  },
  {
    name: 'a pod behind a virtual IP does not listen any more',
    inject: (world) => stall(world, 'default/web-api', 'refused', ['192.168.140.8:8080']),
    fails: ['kube-proxy.every-backend'],
  },
  {
    // The DNS server is behind a virtual IP, too.
    name: 'kube-proxy writes nothing on a node',
    inject: (world) => {
      remove(iptables(world, WORKER), ({ chain }) => chain.startsWith('KUBE-'))
      timeouts(world, [WORKER])
      const [attempt] = seen(one([world.observations.reach[WORKER]], Boolean))
      Object.assign(attempt ?? {}, { outcome: 'timeout' })
      for (const key of Object.keys(world.observations.traffic))
        if (trafficOf(world, key).node === WORKER) {
          stall(world, key, 'timeout', [])
          Object.assign(trafficOf(world, key), { made: 1, reached: {} })
        }
      externalAnswers(world, WORKER).splice(0)
      for (const service of ['grpc-backend', 'grpc-backend-clusterip'])
        Object.assign(grpcAnswers(world, service), { answers: {}, error: 'Name resolution failed' })
    },
    fails: [
      ...[...NAMES, 'kube-proxy.clusterip-rule', 'kube-proxy.refused', 'kube-proxy.every-backend'],
      ...['kube-proxy.affinity.pinned', 'external.reachable', 'grpc.headless.spread'],
    ],
    inconclusive: [
      ...[...NEEDS_A_NAME, 'kube-proxy.no-headless-rule', 'kube-proxy.endpoints', 'kube-proxy.affinity.rule'],
      'grpc.clusterip.pinned',
    ],
  },
]

/** Faults of NetworkPolicies. */
export const policyFaults: readonly Fault[] = [
  {
    name: 'a policy is removed',
    inject: (world) => {
      remove(
        seen(world.observations.api.networkPolicies),
        ({ metadata }) => metadata?.namespace === 'default' && metadata.name === 'redis',
      )
      outcomes(world, 'default/redis', { 6379: 'open', 1: 'refused' })
    },
    fails: ['network-policy.exists', 'network-policy.refused', 'network-policy.unlisted-port'],
  },
  {
    name: 'a second policy lets everybody in',
    inject: (world) => {
      const policy = {
        metadata: { name: 'open', namespace: 'default' },
        spec: { podSelector: { matchLabels: { app: 'nginx' } }, ingress: [{}], policyTypes: ['Ingress'] },
      }
      seen(world.observations.api.networkPolicies).push(policy)
      outcomes(world, 'default/nginx', { 80: 'open', 1: 'refused' })
    },
    fails: ['network-policy.refused', 'network-policy.unlisted-port'],
  },
  {
    name: 'a policy names another port',
    inject: (world) => {
      const policy = one(seen(world.observations.api.networkPolicies), named('web-api'))
      for (const rule of policy.spec?.ingress ?? []) Object.assign(rule.ports?.[0] ?? {}, { port: 80 })
      outcomes(world, 'default/web-api', { 8080: 'timeout' })
      stall(world, 'default/web-api', 'timeout', ['192.168.140.8:8080'])
    },
    fails: ['network-policy.exists', 'network-policy.allowed'],
    inconclusive: ['network-policy.refused', 'kube-proxy.every-backend'],
  },
  {
    // Not that a closed port refuses by itself, and so says nothing where nothing is dropped.
    name: 'nothing enforces policies',
    inject: (world) => {
      for (const key of Object.keys(world.observations.policies))
        outcomes(world, key, { 1: 'refused' }, 'open')
    },
    fails: ['network-policy.refused', 'network-policy.enforced'],
    inconclusive: ['network-policy.unlisted-port'],
  },
  {
    name: 'the label of a pod is swapped, so that its policy selects nothing',
    inject: (world) => {
      Object.assign(podOf(world, 'moon/tmp01').metadata?.labels ?? {}, { app: 'tmp02' })
      const part = one([world.observations.policies['moon/tmp01']], Boolean)
      seen(part).attempts.splice(0)
    },
    fails: ['network-policy.selects-pods'],
    inconclusive: ['network-policy.unlisted-port'],
  },
]

/** Faults of Calico. */
export const calicoFaults: readonly Fault[] = [
  {
    name: "Calico's agent on a node is not Ready",
    inject: (world) => {
      const pod = one(seen(world.observations.api.calicoPods), ({ spec }) => spec?.nodeName === WORKER)
      one(pod.status?.conditions ?? [], ({ type }) => type === 'Ready').status = 'False'
    },
    fails: ['calico.node.ready'],
  },
  {
    name: 'Calico took another interface of a node for its address',
    inject: (world) => {
      const node = one(seen(world.observations.api.nodes), named(WORKER2))
      Object.assign(node.metadata?.annotations ?? {}, { 'projectcalico.org/IPv4Address': '10.10.0.5/24' })
    },
    // The routes are not yet those that Felix makes of it.
    fails: ['calico.node.address', 'calico.route.nodes'],
  },
  {
    name: 'the IP pool does not translate what leaves it',
    inject: (world) => Object.assign(pool(world), { natOutgoing: false }),
    fails: ['calico.pools'],
  },
  {
    name: 'the IP pool is another range',
    inject: (world) => Object.assign(pool(world), { cidr: '10.100.0.0/16' }),
    fails: ['calico.pools', 'calico.block.own'],
    inconclusive: ['calico.route.nodes'],
  },
  {
    name: 'the IP pool encapsulates always, and the routes do not follow',
    inject: (world) => {
      Object.assign(pool(world), { vxlanMode: 'Always' })
      const [from, to] = ['172.18.0.3', '172.18.0.5']
      Object.assign(world.observations.calico[WORKER] ?? {}, {
        wire: {
          value: {
            ...{ pod: 'default/multitool-7fsfs', node: WORKER2, inner: ['192.168.60.198', '192.168.140.5'] },
            packets: [
              { vxlan: false, from, to },
              { vxlan: false, from: to, to: from },
            ],
          },
          ...{ source: 'tcpdump', durationMs: 1 },
        },
      })
    },
    fails: ['calico.pools', 'calico.route.nodes', 'calico.vxlan'],
  },
  {
    name: 'two nodes have the same block',
    inject: (world) => {
      const affinities = seen(one([world.observations.api.blockAffinities], Boolean)) ?? []
      const own = one(affinities, ({ spec }) => spec.node === WORKER2)
      affinities.push({ ...structuredClone(own), spec: { ...own.spec, node: WORKER } })
    },
    fails: ['calico.block.owner', 'calico.route.nodes'],
  },
  {
    name: "a pod's address is outside of its node's block, from another CNI",
    inject: (world) => {
      const pod = podLike(world, 'default/web-api', WORKER2)
      release(world, pod.status?.podIP ?? '')
      Object.assign(pod.status ?? {}, { podIP: '10.244.1.7', podIPs: [{ ip: '10.244.1.7' }] })
      writeSlices(world)
      serve(world)
      stall(world, 'default/web-api', 'timeout', ['10.244.1.7:8080'])
    },
    fails: ['calico.pod.address', 'calico.route.pods', 'kube-proxy.every-backend'],
  },
  {
    name: 'the route to a pod is lost',
    inject: (world) => {
      const pod = podLike(world, 'moon/app', WORKER2)
      remove(routesOf(world, WORKER2), ({ dst }) => dst === pod.status?.podIP)
      stall(world, 'moon/regular-svc', 'timeout', [`${pod.status?.podIP ?? ''}:80`])
    },
    fails: ['calico.route.pods', 'kube-proxy.every-backend'],
  },
  {
    name: 'pods of one node do not reach each other',
    inject: (world) => {
      const paths = seen(one([world.observations.calico[WORKER2]?.paths], Boolean))
      for (const path of paths) if (path.node === WORKER2) path.outcome = 'timeout'
    },
    fails: ['calico.path.same-node'],
  },
]

function pool(world: World): object {
  const pools = seen(one([world.observations.api.ipPools], Boolean)) ?? []
  return pools[0]?.spec ?? {}
}

/** What comes of the connections that were tried for a policy, by port. */
function outcomes(world: World, key: string, by: Record<number, string>, others?: string): void {
  for (const attempt of seen(one([world.observations.policies[key]], Boolean)).attempts)
    Object.assign(attempt, { outcome: by[attempt.port] ?? others ?? attempt.outcome })
}
