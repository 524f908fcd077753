import { calicoChecks } from './calico.js'
import type { Check } from './check.js'
import { clusterChecks } from './cluster.js'
import { dnsChecks } from './dns/index.js'
import { endpointSliceChecks } from './endpointslices/index.js'
import { externalChecks } from './external.js'
import { grpcChecks } from './grpc.js'
import { kafkaChecks } from './kafka.js'
import { kubeProxyChecks } from './kube-proxy/index.js'
import { mysqlChecks } from './mysql.js'
import { networkPolicyChecks } from './network-policy.js'
import { nodeChecks } from './nodes.js'
import { postgresChecks } from './postgres.js'
import { redisChecks } from './redis.js'
import { serviceChecks } from './services/index.js'
import { statefulSetChecks } from './statefulsets/index.js'
import { workloadChecks } from './workloads/index.js'

/** Every check there is, in the order of the report: from the ground up, so that the first failure is the cause. */
export const checks: readonly Check[] = [
  ...clusterChecks,
  ...nodeChecks,
  ...calicoChecks,
  ...workloadChecks,
  ...statefulSetChecks,
  ...serviceChecks,
  ...endpointSliceChecks,
  ...dnsChecks,
  ...kubeProxyChecks,
  ...networkPolicyChecks,
  ...redisChecks,
  ...postgresChecks,
  ...kafkaChecks,
  ...mysqlChecks,
  ...grpcChecks,
  ...externalChecks,
]
