import type { Protocol } from '../../../constructs/dns.js'
import {
  familiesOf,
  familyName,
  governedBy,
  isHeadless,
  keyOf,
  nameOf,
  namespaceOf,
  nextOrdinalPod,
  ordinalPods,
  readyEndpoints,
  allSlicesOf,
  selectedBy,
} from './declared.js'
import type { Declared, IpFamilyName, Service } from './declared.js'
import type { LabFacts } from './lab.js'
import type { DnsQuestion } from './observations.js'
import { familyOf, ipsOf, isLive, isReady, podsSelected } from './pods.js'
import type { Pod } from './pods.js'
import { reverseName } from './reverse.js'
import { ServiceNames, isAskable } from './service-names.js'

/** The type of the records that hold addresses of a family. */
export type AddressType = 'A' | 'AAAA'

/** The names of a service. */
export function dnsOf(service: Service, lab: LabFacts): ServiceNames {
  return new ServiceNames({
    service: nameOf(service),
    namespace: namespaceOf(service),
    clusterDomain: lab.clusterDomain,
  })
}

/** The type of the records for an address, or for those of a family. */
export function addressType(of: string): AddressType {
  return (of.startsWith('IP') ? of : familyOf(of)) === 'IPv4' ? 'A' : 'AAAA'
}

/** The type of the addresses that every pod of the cluster has. */
export function mainType({ ipFamilies: [first = 4] }: LabFacts): AddressType {
  return addressType(familyName(first))
}

/** The question for the addresses of a whole name. */
export function askAddress(name: string, type: AddressType): DnsQuestion {
  return { name, type, search: false }
}

/** The question for the IPv4 addresses of a whole name. */
export function askA(name: string): DnsQuestion {
  return askAddress(name, 'A')
}

/** The question for the SRV records of a port. */
export function askSrv(name: string): DnsQuestion {
  return { name, type: 'SRV', search: false }
}

/** The address question for a name that the pod's search path completes. */
export function askShort(name: string, type: AddressType = 'A'): DnsQuestion {
  return { name, type, search: true }
}

/** The question for the names of an address. */
export function askPtr(ip: string): DnsQuestion {
  return { name: reverseName(ip), type: 'PTR', search: false }
}

/** The question for the name that a name stands for. */
export function askCname(name: string): DnsQuestion {
  return { name, type: 'CNAME', search: false }
}

/** The same question, over TCP from the start. */
export function overTcp(question: DnsQuestion): DnsQuestion {
  return { ...question, by: 'tcp' }
}

/** The same question, over UDP as it was before EDNS: an answer of more than 512 octets is cut off. */
export function inOneDatagram(question: DnsQuestion): DnsQuestion {
  return { ...question, by: 'udp-512' }
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
  return [dns, ...pods.map((pod) => dns.pod(pod))]
    .map(({ short, withNamespace, fqdn }) => ({
      short: namespaceOf(service) === from ? short : withNamespace,
      fqdn,
    }))
    .filter(({ fqdn }) => isAskable(fqdn))
}

/** A pod whose name under a service is made of its address. */
export interface UnnamedPod {
  readonly name: string
  /** Of the families of the service. */
  readonly ips: readonly string[]
}

/** The pods of Deployments behind a headless service: they have names by address, not by their own name. */
export function unnamedPods(
  service: Service,
  declared: Declared,
  lab: LabFacts,
  pods: readonly Pod[],
): UnnamedPod[] {
  if (!isHeadless(service)) return []
  return (
    selectedBy(service, declared.deployments)
      .flatMap((deployment) =>
        podsSelected(pods, namespaceOf(deployment), deployment.spec?.selector.matchLabels),
      )
      .filter(isLive)
      // A template may give its pods a host name under this very service: then they have that.
      .filter(({ spec }) => spec?.hostname === undefined || spec.subdomain !== nameOf(service))
      .map((pod) => ({ name: nameOf(pod), ips: addressesUnder(service, pod, lab) }))
      .filter(({ ips }) => ips.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  )
}

/** The addresses that a pod has under a service, of each of the service's families. */
export function addressesUnder(service: Service, pod: Pod, lab: LabFacts): string[] {
  return familiesOf(service, lab.ipFamilies).flatMap((family) => ipsOf(pod, family))
}

/** The virtual IPs of a service, as the cluster has it; none when it is headless or has not got them yet. */
export function vipsOf({ spec }: Service): string[] {
  const { clusterIP, clusterIPs = clusterIP === undefined ? [] : [clusterIP] } = spec ?? {}
  return clusterIPs.filter((ip) => ip !== 'None' && ip !== '')
}

/** An A record of an answer takes 16 octets, the name being said in short; so 31 of them never fit into 512. */
const TOO_MANY = 31

/** Whether a headless service is declared to lead to more than what fits into a UDP message without EDNS. */
export function isTooLarge(service: Service, declared: Declared, lab: LabFacts): boolean {
  if (!isHeadless(service)) return false
  const family: IpFamilyName = mainType(lab) === 'A' ? 'IPv4' : 'IPv6'
  const slices = allSlicesOf(service, declared.endpointSlices).filter((one) => one.addressType === family)
  const pods = selectedBy(service, [...declared.statefulSets, ...declared.deployments])
    .map(({ spec }) => spec?.replicas ?? 1)
    .reduce((sum, replicas) => sum + replicas, 0)
  return readyEndpoints(slices).flatMap(({ addresses }) => addresses).length + pods >= TOO_MANY
}

/**
 * Everything to ask the DNS server from a namespace, so that all that is declared can be judged.
 * @param live The services as the cluster has them, with their virtual IPs.
 */
export function questionsFor(
  declared: Declared,
  lab: LabFacts,
  from: string,
  pods: readonly Pod[],
  live: readonly Service[] = [],
): DnsQuestion[] {
  const questions = declared.services.flatMap((service) => {
    const dns = dnsOf(service, lab)
    if (service.spec?.type === 'ExternalName') return [askCname(dns.fqdn)]
    const sets = governedBy(service, declared)
    const ordinals = sets.flatMap(ordinalPods)
    const unnamed = unnamedPods(service, declared, lab, pods)
    const main = askAddress(dns.fqdn, mainType(lab))
    return [
      ...bothTypes(dns.fqdn),
      overTcp(main),
      ...(isTooLarge(service, declared, lab) ? [inOneDatagram(main)] : []),
      ...srvPorts(service).map(({ name, protocol }) => askSrv(dns.srv(name, protocol))),
      ...ordinals.flatMap((pod) => bothTypes(dns.pod(pod).fqdn)),
      ...sets.map((set) => askAddress(dns.pod(nextOrdinalPod(set)).fqdn, mainType(lab))),
      ...unnamed.flatMap(({ name, ips }) => [
        askAddress(dns.pod(name).fqdn, mainType(lab)),
        ...ips.map((ip) => askAddress(dns.podByAddress(ip).fqdn, addressType(ip))),
      ]),
      ...searched(service, declared, lab, from).map(({ short }) => askShort(short, mainType(lab))),
      ...live
        .filter((one) => keyOf(one) === keyOf(service))
        .flatMap(vipsOf)
        .map(askPtr),
      ...reversed(service, pods, [...ordinals, ...unnamed.map(({ name }) => name)], lab).map(askPtr),
    ]
  })
  const askable = questions.filter(({ name }) => isAskable(name))
  return [...new Map(askable.map((question) => [questionKey(question), question])).values()]
}

function bothTypes(name: string): DnsQuestion[] {
  return [askAddress(name, 'A'), askAddress(name, 'AAAA')]
}

/**
 * The addresses of those pods that have names under a service now. For others the DNS server would ask the one
 * above it, which may take long to say that it does not know either.
 */
function reversed(service: Service, pods: readonly Pod[], names: readonly string[], lab: LabFacts): string[] {
  const published = service.spec?.publishNotReadyAddresses === true
  return podsSelected(pods, namespaceOf(service), service.spec?.selector)
    .filter((pod) => names.includes(nameOf(pod)) && (published ? isLive(pod) : isReady(pod)))
    .flatMap((pod) => addressesUnder(service, pod, lab))
}

/** One text for each different question. */
export function questionKey({ name, type, search, by }: DnsQuestion): string {
  return `${type} ${name}${search ? ' +search' : '.'}${by === undefined ? '' : ` ${by}`}`
}
