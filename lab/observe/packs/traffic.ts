import { collect, missing } from '../collect.js'
import { parseConntrack } from '../conntrack.js'
import type { Flow } from '../conntrack.js'
import type { ExecTarget } from '../exec.js'
import { ran } from '../exec.js'
import type { Looking, Parts } from '../looking.js'
import { keyOf, nameOf, namespaceOf } from '../model/declared.js'
import type { Part } from '../model/observations.js'
import { ipsOf } from '../model/pods.js'
import { connectionsFor } from '../model/traffic.js'
import type { TrafficSeen } from '../model/traffic.js'
import { readyBehind, vipSockets } from '../model/vips.js'
import { nodeTools, runOnNode } from '../node-tools.js'
import { burstCommand, parseBursts } from '../traffic-script.js'
import type { Burst } from '../traffic-script.js'
import { EXEC_MS } from '../deadlines.js'

/**
 * Where connections to each virtual IP go: opened from a probe, and looked up in the connection table of its
 * node, which knows the pod that each was led to. Each service is tried from one node, the services taking turns,
 * so that all nodes are used: the rules themselves are compared on every node.
 *
 * Only of a lab: connections without a word are a disturbance where somebody counts them.
 */
export async function collectTraffic(looking: Looking): Promise<Parts<TrafficSeen>> {
  const { lab, engine, probes, unlisted } = looking
  if (lab.topology === undefined || engine === undefined || lab.kubeProxyMode === 'none') return {}
  const services = wanted(looking)
  if (unlisted !== undefined) return allAre(services, unlisted)
  const ready = lab.nodes.flatMap((node) => {
    const probe = probes.get(node)
    return probe === undefined ? [] : [{ node, probe }]
  })
  if (ready.length === 0) return allAre(services, missing('no ready probe pod on any node', 'conntrack'))
  const shares = ready.map((at, turn) => ({
    ...at,
    services: services.filter((_, number) => number % ready.length === turn),
  }))
  const parts = await Promise.all(shares.map((share) => collectShare(looking, share)))
  return Object.assign({}, ...parts) as Parts<TrafficSeen>
}

interface Tried extends Burst {
  /** `<namespace>/<Service>`. */
  readonly key: string
}

function allAre(services: readonly Tried[], part: Part<never>): Parts<TrafficSeen> {
  return Object.fromEntries(services.map(({ key }) => [key, part]))
}

/** The first TCP port of each virtual IP with ready pods behind it. */
function wanted({ api, declared, pods }: Looking): Tried[] {
  return declared.services.flatMap((service): Tried[] => {
    const ready = readyBehind(service, { pods, slices: declared.endpointSlices })
    const [socket] = vipSockets(service, api)
    if (socket === undefined || ready === 0) return []
    return [{ key: keyOf(service), ...socket, connections: connectionsFor(ready) }]
  })
}

interface Share {
  readonly node: string
  readonly probe: ExecTarget
  readonly services: readonly Tried[]
}

async function collectShare(looking: Looking, { node, probe, services }: Share): Promise<Parts<TrafficSeen>> {
  const { collecting, exec, pods } = looking
  if (services.length === 0) return {}
  const tools = nodeTools(looking)
  const source = `connections from pod ${probe.namespace}/${probe.pod}, then docker exec ${node} conntrack -L`
  const about = { name: `traffic.${node}`, source, deadlineMs: EXEC_MS }
  const all = await collect(collecting, about, async (signal) => {
    const pod = pods.find((each) => nameOf(each) === probe.pod && namespaceOf(each) === probe.namespace)
    const families = [...new Set(services.map(({ host }) => (host.includes(':') ? 'IPv6' : 'IPv4')))] as const
    const table = async (): Promise<Flow[]> => {
      const lists = await Promise.all(
        families
          .flatMap((family) => (pod === undefined ? [] : ipsOf(pod, family)))
          .map((ip) => {
            const family = ip.includes(':') ? 'ipv6' : 'ipv4'
            return runOnNode(tools, node, ['conntrack', '-L', '-f', family, '-p', 'tcp', '-s', ip], signal)
          }),
      )
      return lists.flatMap(parseConntrack)
    }
    const before = new Set((await table()).map(({ key }) => key))
    const stdout = ran(await exec(probe, burstCommand(services), signal))
    const seen = parseBursts(stdout, services)
    const flows = (await table()).filter(({ key }) => !before.has(key))
    return services.map(({ key, host, port }, number): [string, TrafficSeen] => {
      const own = flows.filter((flow) => flow.vip === host && flow.port === port)
      return [
        key,
        {
          ...{ from: `${probe.namespace}/${probe.pod}`, node, vip: host, port },
          ...(seen[number] ?? { made: 0, outcome: 'unreachable' }),
          reached: counted(own.filter(({ answered }) => answered)),
          unanswered: own.filter(({ answered }) => !answered).map(({ backend }) => backend),
        },
      ]
    })
  })
  if ('error' in all) return allAre(services, all)
  return Object.fromEntries(all.value.map(([key, value]) => [key, { ...all, value }]))
}

function counted(flows: readonly Flow[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { backend } of flows) counts[backend] = (counts[backend] ?? 0) + 1
  return counts
}
