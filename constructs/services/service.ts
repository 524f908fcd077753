import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE, DnsNameError, ServiceDns, type Protocol } from '../dns.js'
import type { Labels } from '../labels.js'
import { portNameProblem } from '../names.js'
import { addRules } from '../validation.js'
import { selectsPods } from './selection.js'

/** A port of a Service. */
export interface ServicePort {
  /** At most 15 of a-z, 0-9 and '-', with a letter (RFC 6335). It is the first label of the SRV name. */
  readonly name: string
  /** Port clients connect to, 1 to 65535. A headless Service has no proxy: there they reach the pod on it as it is. */
  readonly port: number
  /**
   * Port of the container, as a number or by its name.
   * @default the same as `port`
   */
  readonly targetPort?: number | string
  /** @default 'TCP' */
  readonly protocol?: Protocol
}

/** What {@link HeadlessService} and {@link ClusterIpService} have in common. */
export interface ServiceProps {
  /** Name of the Service, taken as it is: a label of RFC 1035. */
  readonly name: string
  /** Labels of the pods behind it; some workload of the chart must carry them. */
  readonly selector: Labels
  /** At least one. */
  readonly ports: readonly ServicePort[]
  /**
   * Labels of the Service itself.
   * @default those of the chart
   */
  readonly labels?: Labels
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/** The fields of the object in which the kinds of Services differ. */
export type ServiceKindSpec = Pick<k8s.ServiceSpec, 'type' | 'clusterIp' | 'publishNotReadyAddresses'>

/**
 * A Service with a selector. Its namespace is the chart's.
 *
 * Synthesis fails, with the path of the construct, on a name, namespace or cluster domain that DNS does not
 * allow, a bad or repeated port, no port at all, and a selector that no workload of the chart matches.
 */
export abstract class Service extends Construct {
  readonly serviceName: string
  readonly namespace: string
  readonly ports: readonly ServicePort[]
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly apiObject: k8s.KubeService
  private readonly clusterDomain: string

  protected constructor(scope: Construct, id: string, props: ServiceProps, kindSpec: ServiceKindSpec) {
    super(scope, id)
    this.serviceName = props.name
    this.namespace = Chart.of(this).namespace ?? DEFAULT_NAMESPACE
    this.ports = props.ports
    this.clusterDomain = props.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN

    this.apiObject = new k8s.KubeService(this, 'service', {
      metadata: { name: props.name, labels: { ...props.labels } },
      spec: { ...kindSpec, selector: { ...props.selector }, ports: props.ports.map(toServicePort) },
    })
    addRules(
      this,
      () => dnsProblem(() => this.dns),
      () => portProblems(props.ports),
      selectsPods(this, this.namespace, props.selector),
    )
  }

  /**
   * The DNS names of this Service.
   * @throws DnsNameError when its name, namespace or cluster domain is not allowed in DNS.
   */
  get dns(): ServiceDns {
    return new ServiceDns({
      service: this.serviceName,
      namespace: this.namespace,
      clusterDomain: this.clusterDomain,
    })
  }

  /**
   * The name of the SRV records of one of its ports: `_redis._tcp.redis-headless.default.svc.cluster.local`.
   * @throws RangeError when it has no port of that name.
   */
  srv(portName: string): string {
    const port = this.ports.find((candidate) => candidate.name === portName)
    if (port === undefined) throw new RangeError(`${this.node.path}: no port ${JSON.stringify(portName)}`)
    return this.dns.srv(port.name, port.protocol)
  }
}

function dnsProblem(make: () => ServiceDns): string | undefined {
  try {
    make()
    return undefined
  } catch (error) {
    if (error instanceof DnsNameError) return error.message
    throw error
  }
}

function toServicePort(port: ServicePort): k8s.ServicePort {
  const target = port.targetPort ?? port.port
  return {
    name: port.name,
    port: port.port,
    protocol: port.protocol ?? 'TCP',
    targetPort:
      typeof target === 'number' ? k8s.IntOrString.fromNumber(target) : k8s.IntOrString.fromString(target),
  }
}

function portProblems(ports: readonly ServicePort[]): string[] {
  const problems: string[] = []
  const named = (what: string, name: string): void => {
    const problem = portNameProblem(name)
    if (problem !== undefined) problems.push(`${what} ${problem}`)
  }
  const numbered = (what: string, value: number): void => {
    if (!Number.isInteger(value) || value < 1 || value > 65535)
      problems.push(`${what} is ${value}; write a whole number, 1 to 65535`)
  }
  if (ports.length === 0) problems.push('has no port')
  for (const [index, port] of ports.entries()) {
    named('port name', port.name)
    numbered(`port ${JSON.stringify(port.name)}`, port.port)
    if (typeof port.targetPort === 'string') named('target port', port.targetPort)
    if (typeof port.targetPort === 'number') numbered('target port', port.targetPort)
    if (ports.findIndex((other) => other.name === port.name) < index)
      problems.push(`port name ${JSON.stringify(port.name)} is used twice`)
  }
  return problems
}
