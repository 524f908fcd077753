import { collect, missing } from '../collect.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { allSlicesOf, readyEndpoints } from '../model/declared.js'
import type { ReachAttempt, ReachSeen } from '../model/reach.js'
import { readyBehind, vipSockets } from '../model/vips.js'
import { EXEC_MS } from '../deadlines.js'

/**
 * What came of connections from the probe pod of each node, by node: to each virtual IP that has to refuse them,
 * and, on clusters that are no lab, to those that have to answer.
 */
export async function collectReach(looking: Looking): Promise<Parts<readonly ReachSeen[]>> {
  const { collecting, connect, lab, probes, unlisted } = looking
  const refused = toBeRefused(looking)
  return byKey(
    lab.nodes,
    (node) => node,
    async (node) => {
      if (unlisted !== undefined) return unlisted
      const probe = probes.get(node)
      if (probe === undefined)
        return missing(`no ready probe pod on node ${node}`, `connections from ${node}`)
      const attempts = [...turnOf(lab.nodes.indexOf(node), refused), ...toBeAnswered(node, looking)]
      const source = `connections from pod ${probe.namespace}/${probe.pod} (${node})`
      if (attempts.length === 0) return { value: [], source, durationMs: 0 }
      const about = { name: `reach.${node}`, source, deadlineMs: EXEC_MS }
      return collect(collecting, about, (signal) => connect(probe, attempts, signal))
    },
  )
}

/**
 * So many services a node tries to be refused by, and so long. The kernel tells a client only now and then that it is
 * refused (icmp_ratelimit: 6 times at once, then once a second), and is silent else, which would look like a fault.
 * Of the refusals, that of the first packet often comes to nothing, since the client is not done with connecting; the
 * next packets are sent after 1 and 3 seconds.
 */
const REFUSALS = 2
const REFUSED_S = 4

/** What a node tries: everything where that is little, else it takes turns with the others. */
function turnOf(node: number, services: readonly (readonly ReachAttempt[])[]): ReachAttempt[] {
  const first = services.length <= REFUSALS ? 0 : (node * REFUSALS) % services.length
  return [...services.slice(first), ...services.slice(0, first)].slice(0, REFUSALS).flat()
}

/**
 * The virtual IPs behind which nothing is ready, by the pods or by the slices: where these disagree, which one
 * kube-proxy follows is worth to be seen. Nobody is disturbed by a connection that ends there.
 */
function toBeRefused({ api, declared, pods }: Looking): ReachAttempt[][] {
  return declared.services.flatMap((service) => {
    const { endpointSlices } = api
    const listed = 'error' in endpointSlices ? undefined : endpointSlices.value
    const known = listed === undefined ? undefined : readyEndpoints(allSlicesOf(service, listed)).length
    const ready = readyBehind(service, { pods, slices: declared.endpointSlices })
    const sockets = ready === 0 || known === 0 ? vipSockets(service, api) : []
    return sockets.length === 0 ? [] : [sockets.map((socket) => ({ ...socket, seconds: REFUSED_S }))]
  })
}

/**
 * The virtual IPs behind which something is ready: one connection to each port, closed without a word, the services
 * taking turns over the nodes. In a lab collectTraffic opens more of them, and looks where they go.
 */
function toBeAnswered(node: string, { api, declared, lab, pods, probes }: Looking): ReachAttempt[] {
  if (lab.topology !== undefined) return []
  const nodes = lab.nodes.filter((each) => probes.has(each))
  return declared.services
    .filter((service) => readyBehind(service, { pods, slices: declared.endpointSlices }) > 0)
    .flatMap((service, turn) => (nodes[turn % nodes.length] === node ? vipSockets(service, api) : []))
}
