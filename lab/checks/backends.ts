import { allSlicesOf, isSelecting, nameOf, namespaceOf, readyEndpoints } from '../observe/model/declared.js'
import type { IpFamilyName, Service } from '../observe/model/declared.js'
import { hasEnded, ipsOf, isReady, podsSelected, portNumber } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { dnsOf } from '../observe/model/questions.js'
import type { SrvPort } from '../observe/model/questions.js'
import type { LabFacts } from '../observe/model/lab.js'
import type { Context } from './check.js'

/** Something that a service has to lead to. */
export interface Backend {
  readonly ip: string
  /** Its name under a headless service: by its host name, or else by its address. */
  readonly fqdn: string
  /** Where a port of the service leads there: a number; a name that no container port has; nowhere. */
  readonly portOf: (port: SrvPort) => number | string | undefined
}

/**
 * What a service has to lead to, never from the slices that the DNS server reads: from the pods that its declared
 * selector selects, or, where it has none, from the slices that are declared for it.
 */
export function backends(
  service: Service,
  context: Context,
  families: readonly IpFamilyName[] = ['IPv4'],
): Backend[] {
  return isSelecting(service)
    ? backendPods(service, context, families).flatMap((pod) =>
        families.flatMap((family) => ipsOf(pod, family)).map((ip) => ofPod(pod, ip, service, context.lab)),
      )
    : declaredBackends(service, context, families)
}

/** The addresses of backends, sorted. */
export function addressesOf(all: readonly Backend[]): string[] {
  return all.map(({ ip }) => ip).sort()
}

/**
 * The pods a service with a selector has to lead to: those that are ready, or, where it publishes these too, all
 * that have an address. Then one that is being deleted stays until its containers have ended.
 */
export function backendPods(
  service: Service,
  context: Context,
  families: readonly IpFamilyName[] = ['IPv4'],
): Pod[] {
  const pods = podsSelected(
    context.read(context.observations.api.pods),
    namespaceOf(service),
    service.spec?.selector,
  )
  const published = service.spec?.publishNotReadyAddresses === true
  return pods.filter(
    (pod) =>
      (published ? !hasEnded(pod) : isReady(pod)) && families.some((family) => ipsOf(pod, family).length > 0),
  )
}

function ofPod(pod: Pod, ip: string, service: Service, lab: LabFacts): Backend {
  const { hostname, subdomain } = pod.spec ?? {}
  return {
    ip,
    fqdn: nameUnder(service, ip, subdomain === nameOf(service) ? hostname : undefined, lab),
    portOf: ({ target, protocol }) =>
      typeof target === 'number' ? target : (portNumber(pod.spec, target, protocol) ?? target),
  }
}

function declaredBackends(
  service: Service,
  { declared, lab }: Context,
  families: readonly IpFamilyName[],
): Backend[] {
  const slices = allSlicesOf(service, declared.endpointSlices)
  const served = slices.filter(({ addressType }) => families.some((family) => family === addressType))
  return served.flatMap((slice) =>
    readyEndpoints([slice]).flatMap(({ addresses, hostname }) =>
      addresses.map((ip) => ({
        ip,
        fqdn: nameUnder(service, ip, hostname, lab),
        portOf: (port: SrvPort) =>
          slice.ports?.find(({ name, protocol = 'TCP' }) => name === port.name && protocol === port.protocol)
            ?.port,
      })),
    ),
  )
}

function nameUnder(service: Service, ip: string, hostname: string | undefined, lab: LabFacts): string {
  const dns = dnsOf(service, lab)
  return (hostname === undefined ? dns.podByAddress(ip) : dns.pod(hostname)).fqdn
}
