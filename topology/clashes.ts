import { contains, formatCidr, overlaps, parseAddress, parseCidr, familyBits, type Cidr } from './cidr.js'
import type { Topology } from './model.js'

/** What of the host's networks matters to a lab. */
export interface HostNetworks {
  readonly dockerNetworks: readonly DockerNetwork[]
  readonly routes: readonly HostRoute[]
}

export interface DockerNetwork {
  readonly name: string
  /** CIDRs; what is no CIDR is passed over. */
  readonly subnets: readonly string[]
  /** Whether the lab's own nodes are on it. */
  readonly ours: boolean
}

export interface HostRoute {
  /** As `ip route` gives it: a CIDR, an address, or `default`. */
  readonly destination: string
  readonly device: string
}

/** A clash of the topology with the host. `block`: the lab cannot work; `warn`: something else may become unreachable. */
export interface Clash {
  readonly severity: 'block' | 'warn'
  /** Path of the field: `topology.podSubnets[0]`. */
  readonly field: string
  readonly message: string
  /** What to do, one sentence. */
  readonly fix: string
}

/**
 * Ranges of the topology the host already uses: a Docker network's blocks, a route's warns. The default route
 * and loopback are everywhere and say nothing; a route into a Docker network that is reported is not reported again.
 */
export function findClashes(topology: Topology, host: HostNetworks): Clash[] {
  const ranges = placed(topology)
  const networks = host.dockerNetworks.flatMap(({ subnets, ...network }) =>
    subnets.flatMap((text) => cidrs(text).map((cidr) => ({ ...network, text, cidr }))),
  )
  const routes = host.routes.flatMap((route) => destinations(route).map((cidr) => ({ ...route, cidr })))
  const taken = takenBy(topology, host)
  return ranges.flatMap((range) => {
    const near = networks.filter(({ cidr }) => overlaps(range.cidr, cidr))
    const over = routes.filter(
      ({ cidr }) => overlaps(range.cidr, cidr) && !near.some((network) => contains(network.cidr, cidr)),
    )
    const change = suggestion(range, taken)
    return [
      ...near.map(({ name, text, ours }): Clash => ({
        severity: 'block',
        field: range.field,
        message: `${range.text} overlaps ${text} of the Docker network ${name}${ours ? ', which the nodes are on' : ''}`,
        fix: ours
          ? `Tear the lab down, then ${change}`
          : `Remove the network if nothing needs it, or ${change}`,
      })),
      ...over.map(({ destination, device }): Clash => ({
        severity: 'warn',
        field: range.field,
        message: `${range.text} overlaps the host's route to ${destination} (${device}): pods cannot reach what is there`,
        fix: `If pods need it, ${change}`,
      })),
    ]
  })
}

/**
 * A range for the Docker network of the nodes that neither the topology nor the host uses; `undefined` where none of
 * the customary ones is free. The engine itself would take the next of its pools each time that a network is made
 * (moby 28), and those come to 192.168.0.0/20, amid the customary range of pods.
 */
export function freeNodesSubnet(topology: Topology, host: HostNetworks): string | undefined {
  const taken = takenBy(topology, host)
  const free = nodesSubnets.flatMap(cidrs).find((one) => !taken.some((other) => overlaps(one, other)))
  return free && formatCidr(free)
}

/** Docker's own pools first, without that of its default bridge. */
const nodesSubnets = [
  ...Array.from({ length: 14 }, (_, i) => `172.${String(18 + i)}.0.0/16`),
  ...Array.from({ length: 16 }, (_, i) => `192.168.${String(16 * i)}.0/20`),
  ...Array.from({ length: 16 }, (_, i) => `10.${String(224 + i)}.0.0/16`),
]

/** Every range that the topology or the host uses. */
const takenBy = (topology: Topology, host: HostNetworks): Cidr[] => [
  ...placed(topology).map(({ cidr }) => cidr),
  ...host.dockerNetworks.flatMap(({ subnets }) => subnets.flatMap(cidrs)),
  ...host.routes.flatMap(destinations),
]

interface Placed {
  readonly field: string
  readonly list: 'podSubnets' | 'serviceSubnets'
  readonly text: string
  readonly cidr: Cidr
}

const placed = (topology: Topology): Placed[] =>
  (['podSubnets', 'serviceSubnets'] as const).flatMap((list) =>
    topology[list].flatMap((text, i) =>
      cidrs(text).map((cidr) => ({ field: `topology.${list}[${i}]`, list, text, cidr })),
    ),
  )

function cidrs(text: string): Cidr[] {
  const cidr = parseCidr(text)
  return cidr ? [cidr] : []
}

/** The range of a route; none for the default route (also when a VPN writes it as two halves) and loopback. */
function destinations({ destination, device }: HostRoute): Cidr[] {
  const host = parseAddress(destination)
  const found = host ? [{ ...host, prefix: familyBits(host.family) }] : cidrs(destination)
  return found.filter(({ prefix }) => device !== 'lo' && prefix > 1)
}

/** Private ranges to offer, the customary ones first. */
const candidates = {
  podSubnets: [
    '10.244.0.0/16',
    '10.200.0.0/16',
    '172.30.0.0/16',
    '100.64.0.0/16',
    'fd00:10:244::/56',
    'fd00:20:244::/56',
  ],
  serviceSubnets: [
    '10.96.0.0/16',
    '10.112.0.0/16',
    '172.31.0.0/16',
    '100.96.0.0/16',
    'fd00:10:96::/112',
    'fd00:20:96::/112',
  ],
} as const

function suggestion({ field, list, cidr }: Placed, taken: readonly Cidr[]): string {
  const free = candidates[list]
    .flatMap(cidrs)
    .find(
      (candidate) => candidate.family === cidr.family && !taken.some((other) => overlaps(candidate, other)),
    )
  return `write another range for ${field}${free ? `, for example ${formatCidr(free)}` : ''}.`
}
