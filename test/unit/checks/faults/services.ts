import { follow, serve } from '../consequences.js'
import { named, one, remove, seen } from '../recorded.js'
import { NO_SERVICE, SILENT_REPLICA } from './expected.js'
import type { Fault } from './fault.js'
import { ipOf, keyed, podLike, podOf, readdress, sliceOf, slicesOf, specOf, stall } from './objects.js'
import { redis } from '../recorded.js'

/** Faults of services. */
export const serviceFaults: readonly Fault[] = [
  {
    name: 'nginx-headless is deleted',
    inject: (world) => {
      remove(seen(world.observations.api.services), named('nginx-headless'))
      follow(world)
    },
    fails: [
      ...['services.exists', 'endpointslices.addresses', 'dns.headless.a-set', 'dns.deployment.dashed-ip'],
      ...['dns.headless.srv', 'dns.ptr.dashed'],
    ],
    inconclusive: [
      ...[...NO_SERVICE, 'endpointslices.hostname.absent', 'dns.deployment.no-pod-name'],
      ...['dns.nodata', 'dns.tcp', 'dns.search-path', 'dns.ttl'],
    ],
  },
  {
    name: 'nginx-clusterip is deleted',
    inject: (world) => {
      remove(seen(world.observations.api.services), named('nginx-clusterip'))
      follow(world)
    },
    fails: ['services.exists', 'endpointslices.addresses', 'dns.clusterip.a-vip', 'dns.clusterip.srv'],
    inconclusive: [
      ...[...NO_SERVICE, 'dns.nodata', 'dns.ptr.vip', 'dns.search-path', 'dns.tcp', 'dns.ttl'],
      ...['kube-proxy.clusterip-rule', 'kube-proxy.endpoints', 'kube-proxy.affinity.rule'],
      'kube-proxy.every-backend',
    ],
  },
  {
    name: 'the selector of nginx-headless is changed',
    inject: (world) => {
      Object.assign(specOf(world, 'default/nginx-headless'), { selector: { app: 'web' } })
      follow(world)
    },
    fails: [
      ...['services.selector', 'services.endpoints', 'endpointslices.addresses', 'dns.headless.a-set'],
      ...['dns.deployment.dashed-ip', 'dns.headless.srv', 'dns.ptr.dashed'],
    ],
    inconclusive: [
      ...['services.target-port', 'endpointslices.hostname.absent', 'dns.deployment.no-pod-name'],
      ...['dns.nodata', 'dns.tcp', 'dns.search-path', 'dns.ttl'],
    ],
  },
  {
    name: 'the selector of web-api is that of nginx',
    inject: (world) => {
      Object.assign(specOf(world, 'default/web-api'), { selector: { app: 'nginx' } })
      follow(world)
    },
    fails: [
      ...['services.selector', 'endpointslices.addresses', 'kube-proxy.endpoints'],
      'kube-proxy.every-backend',
    ],
  },
  {
    name: 'nginx-clusterip is made headless',
    inject: (world) => {
      Object.assign(specOf(world, 'default/nginx-clusterip'), { clusterIP: 'None', clusterIPs: ['None'] })
      follow(world)
    },
    fails: ['services.type', 'services.ip-families', 'dns.clusterip.a-vip', 'dns.clusterip.srv'],
    inconclusive: [
      ...['dns.ptr.vip', 'kube-proxy.clusterip-rule', 'kube-proxy.endpoints', 'kube-proxy.affinity.rule'],
      ...['kube-proxy.every-backend', 'dns.nodata'],
    ],
  },
  {
    // CoreDNS knows the endpoints of a ClusterIP service by name, too: the pods keep theirs.
    name: 'nginx-headless is made a ClusterIP service',
    inject: (world) => {
      const vip = '10.96.7.7'
      Object.assign(specOf(world, 'default/nginx-headless'), { clusterIP: vip, clusterIPs: [vip] })
      follow(world)
    },
    fails: [
      ...['services.type', 'services.ip-families', 'dns.headless.a-set', 'dns.headless.endpointslices'],
      ...['dns.headless.srv', 'kube-proxy.no-headless-rule'],
    ],
  },
  {
    name: 'redis-headless is made a ClusterIP service',
    inject: (world) => {
      const vip = '10.96.7.8'
      Object.assign(specOf(world, 'default/redis-headless'), { clusterIP: vip, clusterIPs: [vip] })
      follow(world)
    },
    fails: [
      ...['services.type', 'services.ip-families', 'statefulsets.service', 'dns.headless.a-set'],
      ...['dns.headless.endpointslices', 'dns.headless.srv', 'kube-proxy.no-headless-rule'],
    ],
  },
  {
    name: 'the port of redis-headless loses its name',
    inject: (world) => {
      const { spec } = one(seen(world.observations.api.services), named('redis-headless'))
      for (const port of spec?.ports ?? []) Reflect.deleteProperty(port, 'name')
      follow(world)
    },
    fails: ['services.ports', 'dns.headless.srv'],
  },
  {
    name: 'the target port of web-api is a name that no container port has',
    inject: (world) => {
      const { spec } = one(seen(world.observations.api.services), named('web-api'))
      for (const port of spec?.ports ?? []) port.targetPort = 'web'
      follow(world)
    },
    fails: ['services.ports', 'services.target-port', 'kube-proxy.every-backend'],
  },
  {
    name: 'a service publishes pods that are not Ready',
    inject: (world) => {
      Object.assign(specOf(world, 'fixtures/never-ready'), { publishNotReadyAddresses: true })
      follow(world)
    },
    fails: [
      ...['services.publish-not-ready', 'endpointslices.addresses', 'dns.headless.a-set'],
      ...['dns.headless.not-ready', 'dns.headless.srv'],
    ],
  },
  {
    name: 'a service loses its session affinity',
    inject: (world) => {
      Object.assign(specOf(world, 'fixtures/sticky'), { sessionAffinity: 'None' })
      follow(world)
    },
    fails: ['services.traffic', 'kube-proxy.affinity.rule', 'kube-proxy.affinity.pinned'],
  },
  {
    name: 'a service keeps traffic on the node',
    inject: (world) => {
      Object.assign(specOf(world, 'default/nginx-clusterip'), { internalTrafficPolicy: 'Local' })
    },
    // Its rules are not the same on every node then: those checks are skipped.
    fails: ['services.traffic'],
  },
]

/** Faults of EndpointSlices. */
export const sliceFaults: readonly Fault[] = [
  {
    name: 'the slices keep the address of a pod that is gone',
    inject: (world) => {
      sliceOf(world, 'default/nginx-headless').endpoints.push({
        addresses: ['192.168.60.250'],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: 'gone', namespace: 'default' },
      })
      serve(world)
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.sum', 'endpointslices.orphans'],
      ...['dns.headless.a-set', 'dns.headless.srv'],
    ],
  },
  {
    name: 'the slices keep the old address of a pod that was made again',
    inject: (world) => {
      readdress(world, podOf(world, 'default/redis-1'), '192.168.60.230')
      serve(world)
      redis(world).servers['redis-1'] = { ping: '' }
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.orphans', 'dns.headless.a-set', 'dns.pod.a'],
      ...['dns.ptr.pod', 'redis.ping'],
    ],
    inconclusive: SILENT_REPLICA,
  },
  {
    name: 'a slice was written by hand beside that of the control plane',
    inject: (world) => {
      const ip = ipOf(podLike(world, 'default/multitool', 'headless-services-worker'))
      seen(world.observations.api.endpointSlices).push({
        metadata: {
          ...{ name: 'mine', namespace: 'default' },
          labels: { 'kubernetes.io/service-name': 'nginx-clusterip' },
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: [ip] }],
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      })
      serve(world)
      stall(world, 'default/nginx-clusterip', 'timeout', [`${ip}:80`])
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.sum', 'endpointslices.orphans'],
      ...['endpointslices.labels', 'kube-proxy.endpoints', 'kube-proxy.every-backend'],
    ],
  },
  {
    name: 'a slice is of a service that is not there',
    inject: (world) => {
      seen(world.observations.api.endpointSlices).push({
        metadata: {
          ...{ name: 'lost', namespace: 'moon' },
          labels: { 'kubernetes.io/service-name': 'gone' },
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['192.168.60.200'] }],
        ports: [],
      })
      serve(world)
    },
    fails: ['endpointslices.abandoned'],
  },
  {
    name: 'the slice of web-api is deleted and not written again',
    inject: (world) => {
      const gone = slicesOf(world, 'default/web-api')
      remove(seen(world.observations.api.endpointSlices), (slice) => gone.includes(slice as never))
      serve(world)
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.sum', 'endpointslices.address-type'],
      ...['services.endpoints', 'kube-proxy.clusterip-rule', 'kube-proxy.every-backend'],
    ],
    inconclusive: [
      ...['endpointslices.labels', 'endpointslices.node-name', 'endpointslices.target-ref'],
      ...['endpointslices.conditions', 'endpointslices.ports', 'kube-proxy.endpoints'],
      'kube-proxy.affinity.rule',
    ],
  },
  {
    name: 'one of four declared slices is deleted',
    inject: (world) => {
      remove(seen(world.observations.api.endpointSlices), keyed('fixtures/many-ipv4-4'))
      serve(world)
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.sum', 'dns.headless.a-set', 'dns.headless.srv'],
      'dns.truncation',
    ],
  },
  {
    name: 'a slice has another port',
    inject: (world) => {
      for (const port of sliceOf(world, 'default/mysql').ports ?? []) port.port = 3307
      serve(world)
      stall(world, 'default/mysql', 'timeout', [])
      const { mysql } = world.observations
      const primary = mysql['default/mysql']
      if (primary !== undefined && 'value' in primary) {
        const server = primary.value.servers['mysql-0']
        const hosts = server !== undefined && 'value' in server ? server.value.tour?.hosts : undefined
        Object.assign(hosts?.['mysql.default.svc.cluster.local'] ?? {}, {
          reached: [],
          error: "ERROR 2002 (HY000): Can't connect to server on 'mysql.default.svc.cluster.local' (115)",
        })
      }
    },
    fails: ['endpointslices.ports', 'kube-proxy.endpoints', 'kube-proxy.every-backend', 'mysql.service'],
  },
  {
    name: 'an endpoint names another node than that of its pod',
    inject: (world) => {
      const [endpoint] = sliceOf(world, 'default/nginx-headless').endpoints
      Object.assign(endpoint ?? {}, { nodeName: 'headless-services-control-plane' })
    },
    fails: ['endpointslices.node-name'],
  },
  {
    name: 'an endpoint refers to a former pod of the same name',
    inject: (world) => {
      const [endpoint] = sliceOf(world, 'default/redis-headless').endpoints
      Object.assign(endpoint?.targetRef ?? {}, { uid: 'of the former one' })
    },
    fails: ['endpointslices.target-ref'],
  },
  {
    name: 'an endpoint is said to be not ready, though its pod is',
    inject: (world) => {
      const [endpoint] = sliceOf(world, 'default/nginx-headless').endpoints
      Object.assign(endpoint?.conditions ?? {}, { ready: false })
      serve(world)
    },
    fails: [
      ...['endpointslices.conditions', 'endpointslices.addresses', 'dns.headless.a-set'],
      ...['dns.headless.srv', 'dns.deployment.dashed-ip', 'dns.ptr.dashed'],
    ],
    inconclusive: ['dns.deployment.no-pod-name'],
  },
  {
    name: 'the endpoints of redis lose their host names',
    inject: (world) => {
      for (const endpoint of sliceOf(world, 'default/redis-headless').endpoints)
        Reflect.deleteProperty(endpoint, 'hostname')
      serve(world)
      const { servers, write } = redis(world)
      for (const name of Object.keys(servers)) servers[name] = { ping: 'Name or service not known' }
      Object.assign(write, { set: '', acknowledged: '', removed: '' })
    },
    fails: ['endpointslices.hostname.present', 'dns.pod.a', 'dns.headless.srv', 'dns.ptr.pod', 'redis.ping'],
    inconclusive: [
      ...['dns.pod.absent-ordinal', 'dns.nodata', 'redis.replication.master', 'redis.replication.lag'],
      ...['redis.write-ack', ...SILENT_REPLICA],
    ],
  },
  {
    name: 'the endpoints of nginx get host names',
    inject: (world) => {
      for (const endpoint of sliceOf(world, 'default/nginx-headless').endpoints) endpoint.hostname = 'web'
      serve(world)
    },
    fails: [
      ...['endpointslices.hostname.absent', 'dns.deployment.dashed-ip', 'dns.headless.srv'],
      'dns.ptr.dashed',
    ],
    inconclusive: ['dns.deployment.no-pod-name'],
  },
]
