import { contains, parseCidr } from '../../../topology/cidr.js'
import type { Cidr } from '../../../topology/cidr.js'
import { isHeadless, isSelecting, keyOf, readyEndpoints, slicesOf } from './declared.js'
import type { Declared, EndpointSlice, Service } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Part } from './observations.js'
import { dnsOf } from './questions.js'

/** A service that leads out of the cluster: without a selector, and with slices that somebody wrote. */
export interface ExternalTarget {
  readonly service: Service
  /** `<namespace>/<Service>`. */
  readonly key: string
  readonly fqdn: string
  /** Addresses that the slices hold. */
  readonly addresses: readonly string[]
  readonly ports: readonly ExternalPort[]
  /** Whether all addresses are of ranges that are for examples and tests, where nobody is. */
  readonly reserved: boolean
}

/** A TCP port that clients connect to. */
export interface ExternalPort {
  readonly port: number
  /** Whether a Postgres is expected there, which can be asked more than a connection. */
  readonly postgres: boolean
}

/** By node. */
export type ExternalSeen = Readonly<Record<string, Part<readonly ExternalAnswer[]>>>

/** What came of asking one address that the name gave. */
export interface ExternalAnswer {
  readonly address: string
  readonly port: number
  readonly answered: boolean
}

/** RFC 5737 (documentation), RFC 2544 (benchmarks). */
const RESERVED = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '198.18.0.0/15']

const POSTGRES_PORT = 5432

export function externalTargets(declared: Declared, lab: LabFacts): ExternalTarget[] {
  return declared.services
    .filter((service) => !isSelecting(service))
    .flatMap((service) => {
      const slices = slicesOf(service, declared.endpointSlices)
      const addresses = readyEndpoints(slices).flatMap((endpoint) => endpoint.addresses)
      if (addresses.length === 0) return []
      return [
        {
          ...{ service, addresses, key: keyOf(service), fqdn: dnsOf(service, lab).fqdn },
          ports: portsOf(service, slices),
          reserved: addresses.every((address) => inside(address, RESERVED) !== undefined),
        },
      ]
    })
}

/** The first of these ranges that an address lies in. */
export function inside(address: string, ranges: readonly string[]): string | undefined {
  const host = parseCidr(`${address}/32`)
  return ranges.find((range) => {
    const cidr: Cidr | undefined = parseCidr(range)
    return host !== undefined && cidr !== undefined && contains(cidr, host)
  })
}

/** A headless name leads to the ports of the slices as they are, a virtual IP has the service's. */
function portsOf(service: Service, slices: readonly EndpointSlice[]): ExternalPort[] {
  const ports = isHeadless(service) ? slices.flatMap(({ ports }) => ports ?? []) : (service.spec?.ports ?? [])
  const tcp = ports.flatMap(({ name = '', port, protocol = 'TCP' }) =>
    port === undefined || protocol !== 'TCP'
      ? []
      : [{ port, postgres: port === POSTGRES_PORT || name.startsWith('postgres') }],
  )
  return [...new Map(tcp.map((each) => [each.port, each])).values()].sort((a, b) => a.port - b.port)
}
