/** What is asked of DNS on every node. */
export const NAMES = [
  'dns.clusterip.a-vip',
  'dns.clusterip.srv',
  'dns.headless.a-set',
  'dns.headless.endpointslices',
  'dns.headless.srv',
  'dns.pod.a',
  'dns.deployment.dashed-ip',
  'dns.ptr.vip',
  'dns.ptr.pod',
  'dns.ptr.dashed',
  'dns.truncation',
]
/** What needs an answer to something else first. */
export const NEEDS_A_NAME = [
  'dns.headless.not-ready',
  'dns.pod.absent-ordinal',
  'dns.deployment.no-pod-name',
  'dns.nodata',
  'dns.tcp',
  'dns.search-path',
  'dns.ttl',
]
/** What is said of a replica that does not answer by its name. */
export const SILENT_REPLICA = [
  'redis.replication.replica',
  'redis.replication.offset',
  'redis.write-read',
  'redis.readonly',
]
/** What a service that is gone leaves to nothing. */
export const NO_SERVICE = [
  ...['services.type', 'services.ports', 'services.ip-families', 'services.publish-not-ready'],
  ...['services.traffic', 'services.selector', 'services.target-port', 'services.endpoints'],
  ...['endpointslices.sum', 'endpointslices.orphans', 'endpointslices.ports', 'endpointslices.labels'],
  ...['endpointslices.address-type', 'endpointslices.node-name', 'endpointslices.target-ref'],
  'endpointslices.conditions',
]
