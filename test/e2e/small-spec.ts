const LEFT_OUT = ['postgres', 'kafka', 'mysql', 'grpc', 'externalDatabase', 'moon', 'webApi', 'fixtures']

/**
 * The spec of a lab as small as one can be that still has a headless service, a ClusterIP service and replication.
 *
 * @param topology fields of the topology beside the one worker, in YAML
 */
export const smallSpec = (name: string, topology = ''): string => `name: ${name}
topology:
  workers: 1
${topology}workloads:
  redis: { replicas: 2 }
${LEFT_OUT.map((workload) => `  ${workload}: { enabled: false }`).join('\n')}
`
