import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE, DnsNameError, ServiceDns } from '../dns.js'
import type { Labels } from '../labels.js'
import { labelProblems } from '../names.js'
import { oneOfAName } from '../one-of-a-name.js'
import { addRules } from '../validation.js'
import { portProblems, type ServicePort } from './ports.js'
import { governsItsSets, selectsPods } from './selection.js'

/** A family of addresses, as Kubernetes spells it. */
export type IpFamily = 'IPv4' | 'IPv6'

/** Whether a Service has addresses of one family or of both, as Kubernetes spells it. */
export type IpFamilyPolicy = 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'

/** What {@link HeadlessService} and {@link ClusterIpService} have in common. */
export interface ServiceProps {
  /** Name of the Service, taken as it is: a label of RFC 1035. */
  readonly name: string
  /** Labels of the pods behind it; some workload of the chart must carry them. */
  readonly selector: Labels
  /**
   * Labels that it selects by beside `selector`, and that pods are given only while they run, such as the role
   * that Patroni writes on them. No workload of the chart is expected to carry them.
   * @default - none
   */
  readonly runtimeSelector?: Labels
  /** At least one. */
  readonly ports: readonly ServicePort[]
  /**
   * Labels of the Service itself.
   * @default those of the chart
   */
  readonly labels?: Labels
  /**
   * Families of its addresses, the first one first: one or two, each once.
   * @default - the cluster's first
   */
  readonly ipFamilies?: readonly IpFamily[]
  /**
   * Whether it has one family or two.
   * @default - SingleStack, by the API server
   */
  readonly ipFamilyPolicy?: IpFamilyPolicy
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/** The fields of the object in which the kinds of Services differ. */
export type ServiceKindSpec = Pick<
  k8s.ServiceSpec,
  'type' | 'clusterIp' | 'publishNotReadyAddresses' | 'sessionAffinity'
>

/**
 * A Service with a selector. Its namespace is the chart's.
 *
 * Synthesis fails, with the path of the construct, on a name, namespace or cluster domain that DNS does not
 * allow, a name that another Service of the chart has, a bad or repeated port, no port at all, a bad label, a
 * selector that no workload of the chart matches, a target port that their containers have by no such name or only
 * with another protocol, and a StatefulSet among them whose `serviceName` is no headless Service that selects its
 * pods.
 */
export abstract class Service extends Construct {
  /** Name of the Service. */
  readonly serviceName: string
  /** Namespace of the Service: that of its chart. */
  readonly namespace: string
  /** Labels of the pods behind it, those that pods get while they run not counted. */
  readonly selector: Labels
  /** Its ports, as given. */
  readonly ports: readonly ServicePort[]
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly apiObject: k8s.KubeService
  private readonly clusterDomain: string

  protected constructor(scope: Construct, id: string, props: ServiceProps, kindSpec: ServiceKindSpec) {
    super(scope, id)
    this.serviceName = props.name
    this.namespace = Chart.of(this).namespace ?? DEFAULT_NAMESPACE
    this.selector = props.selector
    this.ports = props.ports
    this.clusterDomain = props.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN

    this.apiObject = new k8s.KubeService(this, 'service', {
      metadata: { name: props.name, labels: { ...props.labels } },
      spec: {
        ...kindSpec,
        ...families(props),
        selector: { ...props.selector, ...props.runtimeSelector },
        ports: props.ports.map(toServicePort),
      },
    })
    addRules(
      this,
      () => dnsProblem(() => this.dns),
      () => portProblems(props.ports),
      () => familyProblem(props),
      () => labelProblems('labels', props.labels),
      () => labelProblems('selector', { ...props.selector, ...props.runtimeSelector }),
      selectsPods({
        service: this,
        namespace: this.namespace,
        selector: props.selector,
        targetPorts: props.ports.flatMap(({ targetPort, protocol = 'TCP' }) =>
          typeof targetPort === 'string' ? [{ name: targetPort, protocol }] : [],
        ),
      }),
      governsItsSets({
        service: this,
        namespace: this.namespace,
        selector: props.selector,
        headless: kindSpec.clusterIp === 'None',
      }),
    )
    oneOfAName(this)
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

/** The rule's words for names that cannot exist. */
export function dnsProblem(make: () => unknown): string | undefined {
  try {
    make()
    return undefined
  } catch (error) {
    if (error instanceof DnsNameError) return error.message
    throw error
  }
}

/** The fields of the object for the families asked for. */
export function families(
  props: Pick<ServiceProps, 'ipFamilies' | 'ipFamilyPolicy'>,
): Pick<k8s.ServiceSpec, 'ipFamilies' | 'ipFamilyPolicy'> {
  const { ipFamilies, ipFamilyPolicy } = props
  return {
    ...(ipFamilies === undefined ? {} : { ipFamilies: [...ipFamilies] }),
    ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
  }
}

/** What the API server would say of the families. */
export function familyProblem(
  props: Pick<ServiceProps, 'ipFamilies' | 'ipFamilyPolicy'>,
): string | undefined {
  const { ipFamilies: asked, ipFamilyPolicy } = props
  if (asked === undefined) return undefined
  if (asked.length === 0 || asked.length > 2 || new Set(asked).size !== asked.length)
    return `ipFamilies is [${asked.join(', ')}]; write one or two families, each once`
  if (asked.length === 2 && (ipFamilyPolicy ?? 'SingleStack') === 'SingleStack')
    return 'ipFamilies has two families; write ipFamilyPolicy PreferDualStack or RequireDualStack'
  return undefined
}

/** The object's form of a port. */
export function toServicePort(port: ServicePort): k8s.ServicePort {
  const target = port.targetPort ?? port.port
  return {
    name: port.name,
    port: port.port,
    protocol: port.protocol ?? 'TCP',
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    targetPort:
      typeof target === 'number' ? k8s.IntOrString.fromNumber(target) : k8s.IntOrString.fromString(target),
  }
}
