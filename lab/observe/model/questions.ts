import { ServiceDns } from '../../../constructs/dns.js'
import type { Protocol } from '../../../constructs/dns.js'
import {
  governedBy,
  isHeadless,
  nameOf,
  namespaceOf,
  nextOrdinalPod,
  ordinalPods,
  selectedBy,
} from './declared.js'
import type { Declared, Service } from './declared.js'
import type { LabFacts } from './lab.js'
import type { DnsQuestion } from './observations.js'
import { ipv4Of, isLive, podsSelected } from './pods.js'
import type { Pod } from './pods.js'

/** The names of a service, as the constructs make them. */
export function dnsOf(service: Service, lab: LabFacts): ServiceDns {
  return new ServiceDns({
    service: nameOf(service),
    namespace: namespaceOf(service),
    clusterDomain: lab.clusterDomain,
  })
}

/** The address question for a whole name. */
export function askA(name: string): DnsQuestion {
  return { name, type: 'A', search: false }
}

/** The question for the SRV records of a port. */
export function askSrv(name: string): DnsQuestion {
  return { name, type: 'SRV', search: false }
}

/** The address question for a name that the pod's search path completes. */
export function askShort(name: string): DnsQuestion {
  return { name, type: 'A', search: true }
}

/** A port of a service that has SRV records. */
export interface SrvPort {
  readonly name: string
  readonly port: number
  readonly protocol: Protocol
  /** Where it leads: a number, or the name of a container's port. */
  readonly target: number | string
}

/** The ports of a service that have SRV records: those with a name. */
export function srvPorts(service: Service): SrvPort[] {
  return (service.spec?.ports ?? []).flatMap(({ name, port, protocol = 'TCP', targetPort = port }) =>
    name === undefined ? [] : [{ name, port, protocol: protocol as Protocol, target: targetPort }],
  )
}

/** The names of a service that pods say in short, from a namespace: its own and those of the pods it governs. */
export function searched(
  service: Service,
  declared: Declared,
  lab: LabFacts,
  from: string,
): { short: string; fqdn: string }[] {
  const dns = dnsOf(service, lab)
  const pods = governedBy(service, declared).flatMap(ordinalPods)
  return [dns, ...pods.map((pod) => dns.pod(pod))].map(({ short, withNamespace, fqdn }) => ({
    short: namespaceOf(service) === from ? short : withNamespace,
    fqdn,
  }))
}

/** The pods of Deployments behind a headless service: they have names by address, not by their own name. */
export function unnamedPods(
  service: Service,
  declared: Declared,
  pods: readonly Pod[],
): { name: string; ip: string }[] {
  if (!isHeadless(service)) return []
  return selectedBy(service, declared.deployments)
    .flatMap((deployment) =>
      podsSelected(pods, namespaceOf(deployment), deployment.spec?.selector.matchLabels),
    )
    .filter(isLive)
    .flatMap((pod) => {
      const ip = ipv4Of(pod)
      return ip === undefined ? [] : [{ name: nameOf(pod), ip }]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Everything to ask the DNS server from a namespace, so that all that is declared can be judged. */
export function questionsFor(
  declared: Declared,
  lab: LabFacts,
  from: string,
  pods: readonly Pod[],
): DnsQuestion[] {
  const questions = declared.services.flatMap((service) => {
    const dns = dnsOf(service, lab)
    const sets = governedBy(service, declared)
    const named = sets.flatMap((set) => [...ordinalPods(set), nextOrdinalPod(set)])
    const unnamed = unnamedPods(service, declared, pods)
    return [
      askA(dns.fqdn),
      ...srvPorts(service).map(({ name, protocol }) => askSrv(dns.srv(name, protocol))),
      ...named.map((pod) => askA(dns.pod(pod).fqdn)),
      ...unnamed.flatMap(({ name, ip }) => [askA(dns.pod(name).fqdn), askA(dns.podByAddress(ip).fqdn)]),
      ...searched(service, declared, lab, from).map(({ short }) => askShort(short)),
    ]
  })
  return [...new Map(questions.map((question) => [questionKey(question), question])).values()]
}

/** One text for each different question. */
export function questionKey({ name, type, search }: DnsQuestion): string {
  return `${type} ${name}${search ? ' +search' : '.'}`
}
