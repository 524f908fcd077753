import { isIP } from 'node:net'
import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { addressProblems, canonicalAddress } from '../addresses.js'
import { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE, ServiceDns } from '../dns.js'
import { labelProblems } from '../names.js'
import { oneOfAName } from '../one-of-a-name.js'
import { addRules } from '../validation.js'
import { portProblems, type ServicePort } from './ports.js'
import { dnsProblem, families, familyProblem, toServicePort, type ServiceProps } from './service.js'

/** Properties of {@link ExternalService}. */
export interface ExternalServiceProps extends Pick<
  ServiceProps,
  'name' | 'labels' | 'ipFamilies' | 'ipFamilyPolicy' | 'clusterDomain'
> {
  /**
   * What the name resolves to: addresses of IPv4, IPv6 or both, each once, in any notation. Without any the name does not resolve,
   * as that of a Service whose pods are all gone.
   */
  readonly addresses: readonly string[]
  /** At least one. There is no container whose port they could lead to: clients reach `port` as it is. */
  readonly ports: readonly Omit<ServicePort, 'targetPort'>[]
}

/** How many addresses go into one EndpointSlice: as many as the control plane puts there itself. */
const SLICE_MAX = 100

/**
 * A name of the cluster for something outside of it: a headless Service without a selector, and the
 * EndpointSlices that say where it leads.
 *
 * With fewer addresses there may be fewer slices. `kubectl apply` leaves those there that are no longer made, and
 * the name leads to their addresses too: use `kubectl apply --prune`, or delete them.
 *
 * Document 003 writes the addresses as Endpoints (v1), which is deprecated; slices are what CoreDNS reads.
 *
 * Synthesis fails, with the path of the construct, on names and ports as for any Service, and on an address that
 * is a host name, appears twice, or is one that the API server refuses (loopback, link-local, unspecified,
 * multicast, IPv4 written as IPv6).
 */
export class ExternalService extends Construct {
  /** Name of the Service. */
  readonly serviceName: string
  /** Namespace of the Service: that of its chart. */
  readonly namespace: string
  /** The Service itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly apiObject: k8s.KubeService
  /** The slices, at least one, of at most 100 addresses of one family each. */
  readonly slices: readonly k8s.KubeEndpointSlice[]
  private readonly clusterDomain: string

  constructor(scope: Construct, id: string, props: ExternalServiceProps) {
    super(scope, id)
    const { name, addresses, ports } = props
    this.serviceName = name
    this.namespace = Chart.of(this).namespace ?? DEFAULT_NAMESPACE
    this.clusterDomain = props.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN
    this.apiObject = new k8s.KubeService(this, 'service', {
      metadata: { name, labels: { ...props.labels } },
      spec: { clusterIp: 'None', ...families(props), ports: ports.map(toServicePort) },
    })
    this.slices = slicesOf(addresses.map(canonicalAddress)).map(
      ({ suffix, addressType, endpoints }) =>
        new k8s.KubeEndpointSlice(this, `slice-${suffix}`, {
          metadata: {
            name: `${name}-${suffix}`,
            labels: {
              ...props.labels,
              'kubernetes.io/service-name': name,
              // Says that no controller of the control plane looks after it.
              'endpointslice.kubernetes.io/managed-by': 'headless-lab.dev',
            },
          },
          addressType,
          endpoints: endpoints.map((address) => ({ addresses: [address], conditions: { ready: true } })),
          ports: ports.map(({ name: port, port: number, protocol = 'TCP', appProtocol }) => ({
            name: port,
            port: number,
            protocol,
            ...(appProtocol === undefined ? {} : { appProtocol }),
          })),
        }),
    )
    addRules(
      this,
      () => dnsProblem(() => this.dns),
      () => portProblems(ports),
      () => familyProblem(props),
      () => labelProblems('labels', props.labels),
      () => addressProblems(addresses),
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
}

interface Slice {
  readonly suffix: string
  readonly addressType: 'IPv4' | 'IPv6'
  readonly endpoints: readonly string[]
}

/** Slices hold one family each. The first is there also when it is empty: an address may come later. */
function slicesOf(addresses: readonly string[]): Slice[] {
  const v6 = addresses.filter((address) => isIP(address) === 6)
  const v4 = addresses.filter((address) => isIP(address) !== 6)
  const slices = [...chunks('IPv4', v4), ...chunks('IPv6', v6)]
  return slices.length > 0 ? slices : [{ suffix: 'ipv4-1', addressType: 'IPv4', endpoints: [] }]
}

function chunks(addressType: Slice['addressType'], addresses: readonly string[]): Slice[] {
  return Array.from({ length: Math.ceil(addresses.length / SLICE_MAX) }, (_, i) => ({
    suffix: `${addressType.toLowerCase()}-${i + 1}`,
    addressType,
    endpoints: addresses.slice(i * SLICE_MAX, (i + 1) * SLICE_MAX),
  }))
}
