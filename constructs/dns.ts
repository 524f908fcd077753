import { isIP } from 'node:net'
import { canonicalAddress } from './addresses.js'
import { domainProblem, portNameProblem, rfc1035Problem, rfc1123Problem } from './names.js'

/** The DNS domain of a cluster that was not given another (kubeadm's `dnsDomain`). */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local'

/** The namespace of objects that name none. */
export const DEFAULT_NAMESPACE = 'default'

/** Longest name in characters, without the last dot (RFC 1035, 2.3.4: 255 octets on the wire). */
const NAME_MAX = 253

/** A transport protocol of a Service port, as Kubernetes spells it. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP'

/** A DNS name that cannot exist: a label breaks RFC 1035 or RFC 1123, or the whole is longer than 253 characters. */
export class DnsNameError extends Error {
  /** Tells it from other errors, also where `instanceof` cannot: `DnsNameError`. */
  override readonly name = 'DnsNameError'
}

/** One thing that has an address record in the cluster's DNS, by the names it answers to. */
export interface DnsName {
  /** The whole name, without a last dot: `redis-0.redis-headless.default.svc.cluster.local`. */
  readonly fqdn: string
  /** What pods of the same namespace may say, by the search list of their resolv.conf: `redis-0.redis-headless`. */
  readonly short: string
  /** What pods of every namespace may say: `redis-0.redis-headless.default`. */
  readonly withNamespace: string
}

/** What {@link ServiceDns} is made from. */
export interface ServiceDnsProps {
  /** Name of the Service: a label of RFC 1035. */
  readonly service: string
  /**
   * Namespace of the Service: a label of RFC 1123.
   * @default 'default'
   */
  readonly namespace?: string
  /**
   * DNS domain of the cluster, without a last dot.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/**
 * The DNS names of one Service, after the Kubernetes DNS specification (1.1.0) and CoreDNS.
 *
 * Names are given whether or not something answers to them: only a headless Service has names of single
 * endpoints, and only for those that are ready (or that `publishNotReadyAddresses` lets in).
 *
 * Source: document 001, exercises 3 and 4 and "DNS Record Types".
 * @throws DnsNameError from the constructor and each method, when the name cannot exist.
 */
export class ServiceDns implements DnsName {
  readonly fqdn: string
  readonly short: string
  readonly withNamespace: string

  constructor(props: ServiceDnsProps) {
    const { service, namespace = DEFAULT_NAMESPACE, clusterDomain = DEFAULT_CLUSTER_DOMAIN } = props
    refuse('service name', rfc1035Problem(service))
    refuse('namespace', rfc1123Problem(namespace))
    refuse('cluster domain', domainProblem(clusterDomain))
    this.short = service
    this.withNamespace = `${service}.${namespace}`
    this.fqdn = whole(`${service}.${namespace}.svc.${clusterDomain}`)
  }

  /**
   * The name of a pod that has a host name, as each pod of a StatefulSet does: `redis-0.redis-headless.…`.
   * @param hostname `hostname` of the endpoint; in a StatefulSet the name of the pod. A label of RFC 1123.
   */
  pod(hostname: string): DnsName {
    refuse('host name', rfc1123Problem(hostname))
    return this.endpoint(hostname)
  }

  /**
   * The name of a pod that has no host name, as in a Deployment. CoreDNS takes its address with dashes:
   * `192-168-156-5.nginx-headless.…`. (Document 001 says that such pods have no name; they have this one, and
   * none by the pod's own name.)
   * @param address IPv4 or IPv6 address in any notation. IPv6 is written in the canonical form (RFC 5952)
   * first, as Kubernetes reports it; a label that would end in a dash gets a `0`, as CoreDNS does.
   */
  podByAddress(address: string): DnsName {
    const label = dashed(address)
    refuse(`name by address of ${address}`, rfc1123Problem(label))
    return this.endpoint(label)
  }

  /**
   * The name of the SRV records of a port: `_redis._tcp.redis-headless.default.svc.cluster.local`. For a
   * headless Service each record's target is the name of an endpoint, for others the Service itself.
   * @param port name of the port: at most 15 characters (RFC 6335).
   */
  srv(port: string, protocol: Protocol = 'TCP'): string {
    refuse('port name', portNameProblem(port))
    return whole(`_${port}._${protocol.toLowerCase()}.${this.fqdn}`)
  }

  private endpoint(label: string): DnsName {
    return {
      fqdn: whole(`${label}.${this.fqdn}`),
      short: `${label}.${this.short}`,
      withNamespace: `${label}.${this.withNamespace}`,
    }
  }
}

function dashed(address: string): string {
  switch (isIP(address)) {
    case 4:
      return address.replaceAll('.', '-')
    case 6: {
      if (address.includes('%')) throw new DnsNameError(`${address}: an address with a zone has no name`)
      const label = canonicalAddress(address).replaceAll(':', '-')
      return label.endsWith('-') ? `${label}0` : label
    }
    default:
      throw new DnsNameError(`${JSON.stringify(address)} is not an IP address`)
  }
}

function whole(name: string): string {
  if (name.length > NAME_MAX)
    throw new DnsNameError(
      `DNS name "${name}" has ${name.length} characters with its domain, at most ${NAME_MAX} are allowed`,
    )
  return name
}

function refuse(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw new DnsNameError(`${what} ${problem}`)
}
