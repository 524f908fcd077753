import { mysqlFaults, postgresFaults, redisFaults } from './faults/databases.js'
import { dnsFaults } from './faults/dns.js'
import type { Fault } from './faults/fault.js'
import { nodeFaults, statefulSetFaults, workloadFaults } from './faults/lab.js'
import { calicoFaults, policyFaults, proxyFaults } from './faults/network.js'
import { externalFaults, grpcFaults, kafkaFaults } from './faults/others.js'
import { serviceFaults, sliceFaults } from './faults/services.js'

export type { Fault } from './faults/fault.js'

/** All faults, by the pack that they are first of all for. */
export const faultsOf: Readonly<Record<string, readonly Fault[]>> = {
  nodes: nodeFaults,
  workloads: workloadFaults,
  statefulsets: statefulSetFaults,
  services: serviceFaults,
  endpointslices: sliceFaults,
  dns: dnsFaults,
  'kube-proxy': proxyFaults,
  'network-policy': policyFaults,
  calico: calicoFaults,
  redis: redisFaults,
  postgres: postgresFaults,
  kafka: kafkaFaults,
  mysql: mysqlFaults,
  grpc: grpcFaults,
  external: externalFaults,
}

export const faults: readonly Fault[] = Object.values(faultsOf).flat()
