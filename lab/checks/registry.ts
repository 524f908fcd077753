import type { Check } from './check.js'
import { dnsChecks } from './dns/index.js'
import { endpointSliceChecks } from './endpointslices.js'
import { kubeProxyChecks } from './kube-proxy.js'
import { nodeChecks } from './nodes.js'
import { redisChecks } from './redis.js'
import { serviceChecks } from './services.js'
import { statefulSetChecks } from './statefulsets.js'
import { workloadChecks } from './workloads.js'

/** Every check there is, in the order of the report: from the ground up, so that the first failure is the cause. */
export const checks: readonly Check[] = [
  ...nodeChecks,
  ...workloadChecks,
  ...statefulSetChecks,
  ...serviceChecks,
  ...endpointSliceChecks,
  ...dnsChecks,
  ...redisChecks,
  ...kubeProxyChecks,
]
