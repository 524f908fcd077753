/**
 * The library: constructs for services that are found by name, and the workloads of the lab built from them.
 * It needs cdk8s, cdk8s-plus-28 and constructs, and loads nothing of the program.
 */
export { DnsNameError, ServiceDns, type DnsName, type Protocol, type ServiceDnsProps } from './dns.js'
export { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE } from './dns.js'
export type { Labels } from './labels.js'
export type { DefaultChartProps, ExternalDatabaseProps } from './lab/default-chart.js'
export type { FixturesProps } from './lab/fixtures-chart.js'
export { Lab, type LabProps, type MoonProps } from './lab/lab.js'
export type { LabOptions } from './lab/namespaced-chart.js'
export { Credentials, requiredSecrets, type CredentialsProps, type RequiredSecret } from './credentials.js'
export { resources, scratch, type Resources } from './pod-defaults.js'
export {
  IngressPolicy,
  OWN_NAMESPACE,
  type IngressPolicyProps,
  type IngressPort,
  type IngressRule,
  type Peer,
} from './policies/ingress-policy.js'
export { ClusterIpService, type ClusterIpServiceProps } from './services/cluster-ip-service.js'
export { ExternalService, type ExternalServiceProps } from './services/external-service.js'
export { HeadlessService, type GovernedSet, type HeadlessServiceProps } from './services/headless-service.js'
export type { ServicePort } from './services/ports.js'
export type { IpFamily, IpFamilyPolicy, Service, ServiceProps } from './services/service.js'
export { ServicePair, type ServicePairProps } from './services/service-pair.js'
export { GrpcBackend, type GrpcBackendProps } from './workloads/grpc.js'
export { GrpcClient, type GrpcClientProps } from './workloads/grpc-client.js'
export { Kafka, type KafkaProps } from './workloads/kafka.js'
export { Multitool, type MultitoolProps } from './workloads/multitool.js'
export { Mysql, type MysqlProps } from './workloads/mysql.js'
export type { MysqlFlavour } from './workloads/mysql-flavours.js'
export { Nginx, type NginxProps, type NginxServices } from './workloads/nginx.js'
export {
  Postgres,
  type PostgresProps,
  type ReplicatedPostgresProps,
  type SinglePostgresProps,
} from './workloads/postgres.js'
export { Redis, type RedisAuth, type RedisProps, type RedisSentinel } from './workloads/redis.js'
export {
  StatefulWorkload,
  type StatefulUpdate,
  type StatefulWorkloadProps,
  type VolumeClaimRetention,
  type WorkloadIngress,
} from './workloads/stateful-workload.js'
export { ToolPod, type ToolPodProps } from './workloads/tool-pod.js'
export type { DataVolume, VolumeClaim } from './workloads/volume-claim.js'
