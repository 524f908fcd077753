import { isSelecting, nameOf, namespaceOf, readyEndpoints, slicesOf } from '../observe/model/declared.js'
import type { Service } from '../observe/model/declared.js'
import { hasEnded, ipv4Of, isReady, podsSelected } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { dnsOf } from '../observe/model/questions.js'
import type { SrvPort } from '../observe/model/questions.js'
import type { LabFacts } from '../observe/model/lab.js'
import type { Context } from './check.js'

/** Something that a service has to lead to. */
export interface Backend {
  /** IPv4 address. */
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
export function backends(service: Service, context: Context): Backend[] {
  return isSelecting(service)
    ? backendPods(service, context).map((pod) => ofPod(pod, service, context.lab))
    : declaredBackends(service, context)
}

/** The addresses of backends, sorted. */
export function addressesOf(all: readonly Backend[]): string[] {
  return all.map(({ ip }) => ip).sort()
}

/**
 * The pods a service with a selector has to lead to: those that are ready, or, where it publishes these too, all
 * that have an address. Then one that is being deleted stays until its containers have ended.
 */
export function backendPods(service: Service, context: Context): Pod[] {
  const pods = podsSelected(
    context.read(context.observations.api.pods),
    namespaceOf(service),
    service.spec?.selector,
  )
  const published = service.spec?.publishNotReadyAddresses === true
  return pods.filter((pod) => (published ? !hasEnded(pod) : isReady(pod)) && ipv4Of(pod) !== undefined)
}

function ofPod(pod: Pod, service: Service, lab: LabFacts): Backend {
  const ip = ipv4Of(pod) ?? ''
  const { hostname, subdomain } = pod.spec ?? {}
  return {
    ip,
    fqdn: nameUnder(service, ip, subdomain === nameOf(service) ? hostname : undefined, lab),
    portOf: ({ target, protocol }) =>
      typeof target === 'number' ? target : (containerPort(pod, target, protocol) ?? target),
  }
}

function declaredBackends(service: Service, { declared, lab }: Context): Backend[] {
  return slicesOf(service, declared.endpointSlices).flatMap((slice) =>
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

/** The number of a container port by its name. Of the init containers only those that keep running count. */
function containerPort(pod: Pod, name: string, protocol: string): number | undefined {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports }) => ports ?? [])
    .find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort
}
