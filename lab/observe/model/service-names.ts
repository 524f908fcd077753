import type { DnsName, Protocol } from '../../../constructs/dns.js'
import { canonicalAddress } from '../../../constructs/addresses.js'

/** A service that is there, whoever made it. */
export interface FoundService {
  readonly service: string
  readonly namespace: string
  readonly clusterDomain: string
}

/**
 * The DNS names of a service that is there. `ServiceDns` makes the same names and refuses bad ones, which is right
 * for what is yet to be made. A cluster may hold others: ports with names of more than 15 characters, pods with
 * dots in theirs. Whether such a name can be asked for is {@link isAskable}'s to say.
 */
export class ServiceNames implements DnsName {
  readonly fqdn: string
  readonly short: string
  readonly withNamespace: string

  constructor({ service, namespace, clusterDomain }: FoundService) {
    this.short = service
    this.withNamespace = `${service}.${namespace}`
    this.fqdn = `${this.withNamespace}.svc.${clusterDomain}`
  }

  /** The name of a pod by a host name. */
  pod(hostname: string): DnsName {
    return this.endpoint(hostname)
  }

  /** The name of a pod without a host name, as CoreDNS makes it of its address. */
  podByAddress(address: string): DnsName {
    const label = canonicalAddress(address).replaceAll(/[.:]/g, '-')
    return this.endpoint(label.endsWith('-') ? `${label}0` : label)
  }

  /** The name of the SRV records of a port. */
  srv(port: string, protocol: Protocol = 'TCP'): string {
    return `_${port}._${protocol.toLowerCase()}.${this.fqdn}`
  }

  private endpoint(label: string): DnsName {
    return {
      fqdn: `${label}.${this.fqdn}`,
      short: `${label}.${this.short}`,
      withNamespace: `${label}.${this.withNamespace}`,
    }
  }
}

/** A label of a name: what dig takes, and no character that means something to it or to a shell. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i
/** RFC 1035, 2.3.4, without the last dot. */
const NAME_MAX = 253

/** Whether a name can be asked for at all: one bad name would end dig, and all other questions with it. */
export function isAskable(name: string): boolean {
  return name.length <= NAME_MAX && name.split('.').every((label) => LABEL.test(label))
}
