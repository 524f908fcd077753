/**
 * The library: constructs for services that are found by name, and the workloads of the lab built from them.
 * It needs cdk8s, cdk8s-plus-28 and constructs, and loads nothing of the program.
 */
export { DnsNameError, ServiceDns, type DnsName, type Protocol, type ServiceDnsProps } from './dns.js'
export { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE } from './dns.js'
export type { Labels } from './labels.js'
export { LabChart, type LabChartProps } from './lab-chart.js'
export { ClusterIpService, type ClusterIpServiceProps } from './services/cluster-ip-service.js'
export { HeadlessService, type HeadlessServiceProps } from './services/headless-service.js'
export type { Service, ServicePort, ServiceProps } from './services/service.js'
export { Multitool, type MultitoolProps } from './workloads/multitool.js'
export { Nginx, type NginxProps } from './workloads/nginx.js'
export { Redis, type RedisProps } from './workloads/redis.js'
