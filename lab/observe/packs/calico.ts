import { tryRun } from '../../host/run.js'
import { collect, missing } from '../collect.js'
import { connector } from '../connect.js'
import type { Looking } from '../looking.js'
import { byKey } from '../looking.js'
import { parseRoutes, ROUTES } from '../routes.js'
import { encapsulationOf, poolOf } from '../model/calico.js'
import type { CalicoPool, CalicoSeen, PathSeen, Route, WireSeen } from '../model/calico.js'
import { keyOf } from '../model/declared.js'
import type { PackObservations, Part } from '../model/observations.js'
import { addressesOf, containerPorts, mayConnect } from '../model/policies.js'
import type { PolicyWorld } from '../model/policies.js'
import { QUIET_PORT, canBeTarget, canPredict, policyWorld } from '../model/policy-probes.js'
import type { Pod } from '../model/pods.js'
import { execTargetOf } from '../probes.js'
import { watchWire } from '../wire.js'
import { EXEC_MS, NODE_MS } from '../deadlines.js'

/** How many pods of a node are asked: the server of one may be away. */
const PODS = 2

/** A pod that may be connected to, and where. */
interface Target {
  readonly node: string
  readonly pod: Pod
  readonly ip: string
  readonly port: number
}

/** What Calico made on the nodes, by node. */
export async function collectCalico(looking: Looking): Promise<PackObservations['calico']> {
  const { api, lab } = looking
  // Where nobody can tell whether there is Calico, there is nothing to judge what is seen by.
  if ('error' in api.ipPools || api.ipPools.value === null || api.ipPools.value.length === 0) return {}
  const pools = api.ipPools.value
  const watched = lab.nodes.find((node) => probeOn(node, looking) !== undefined)
  return byKey(
    lab.nodes,
    (node) => node,
    async (node): Promise<CalicoSeen> => {
      const [routes, paths, wire] = await Promise.all([
        collectRoutes(node, looking),
        collectPaths(node, looking),
        node === watched ? collectWire(node, pools, looking) : undefined,
      ])
      return { routes, paths, ...(wire === undefined ? {} : { wire }) }
    },
  )
}

async function collectRoutes(node: string, { collecting, engine }: Looking): Promise<Part<readonly Route[]>> {
  const source = `docker exec ${node} ip -j route`
  if (engine === undefined) return missing('the nodes are not containers of this machine', source)
  const { docker, run = tryRun } = engine
  return collect(collecting, { name: `routes.${node}`, source, deadlineMs: NODE_MS }, async (signal) => {
    const { exitCode, stdout, stderr } = await run(docker, ['exec', node, 'sh', '-c', ROUTES], { signal })
    if (exitCode !== 0) throw new Error(`exit code ${String(exitCode)}: ${stderr.trim() || stdout.trim()}`)
    return parseRoutes(stdout)
  })
}

async function collectPaths(node: string, looking: Looking): Promise<Part<readonly PathSeen[]>> {
  const { collecting, connect, lab, unlisted } = looking
  const about = `connections from the probe pod of ${node}`
  if (unlisted !== undefined) return unlisted
  const from = probeOn(node, looking)
  if (from === undefined) return missing(`no ready probe pod on node ${node}`, about)
  const world = policyWorld(looking.declared, looking.api)
  if (!canPredict(world)) return missing('the labels of the namespaces are not known', about)
  const targets = lab.nodes.flatMap((other) => targetsOn(other, from, world, looking))
  const source = `kubectl exec ${keyOf(from)} (${node}) -- connect`
  return collect(collecting, { name: `paths.${node}`, source, deadlineMs: EXEC_MS }, async (signal) => {
    const outcomes = await connect(execTargetOf(from), targets.map(attempt), signal)
    return targets.map(({ pod, ip, port, ...target }, i) => ({
      ...{ node: target.node, pod: keyOf(pod), ip, port, outcome: outcomes[i]?.outcome ?? '' },
    }))
  })
}

/** Packets of a connection between nodes, where a pool has all of them go through VXLAN. */
function collectWire(
  node: string,
  pools: readonly CalicoPool[],
  looking: Looking,
): Promise<Part<WireSeen> | undefined> {
  const { collecting, engine, exec, lab, declared, api } = looking
  const encapsulated = (ip: string | undefined): boolean => {
    const pool = ip === undefined ? undefined : poolOf(ip, pools)
    return pool !== undefined && encapsulationOf(pool) === 'VXLAN'
  }
  const from = probeOn(node, looking)
  const own = from === undefined ? undefined : addressesOf(from).find(isIPv4)
  const world = policyWorld(declared, api)
  if (engine === undefined || from === undefined || !encapsulated(own) || !canPredict(world))
    return Promise.resolve(undefined)
  const [target] = lab.nodes
    .filter((other) => other !== node)
    .flatMap((other) => targetsOn(other, from, world, looking))
    .filter(({ ip }) => isIPv4(ip) && encapsulated(ip))
  if (target === undefined) return Promise.resolve(undefined)
  const peer = addressOf(target.pod)
  const source = `tcpdump on ${node}, while ${keyOf(from)} connects to ${keyOf(target.pod)}`
  // Alone: what others ask of the same pod would hold it up beyond the time that is watched for.
  const connect = connector(exec)
  return collect(collecting, { name: `wire.${node}`, source, deadlineMs: EXEC_MS }, async (signal) => {
    const inner = [own ?? '', target.ip] as const
    const packets = await watchWire(engine, { node, peer, inner }, signal, async () => {
      await connect(execTargetOf(from), [attempt(target)], signal)
    })
    return { node: target.node, pod: keyOf(target.pod), inner, packets }
  })
}

function probeOn(node: string, { probes, pods }: Looking): Pod | undefined {
  const probe = probes.get(node)
  return probe === undefined
    ? undefined
    : pods.find((pod) => keyOf(pod) === `${probe.namespace}/${probe.pod}`)
}

/** Pods of a node that the policies let a pod reach, those first that say what they listen on. */
function targetsOn(node: string, from: Pod, world: PolicyWorld, { pods }: Looking): Target[] {
  const here = pods.filter(
    (pod) => pod.spec?.nodeName === node && keyOf(pod) !== keyOf(from) && canBeTarget(pod),
  )
  const found = here.flatMap((pod) => {
    const ports = containerPorts(pod).filter(({ protocol }) => protocol === 'TCP')
    // From a pod that listens on nothing a refusal comes back, by the same way.
    const port = [...ports.map(({ number }) => number), QUIET_PORT].find((each) =>
      mayConnect({ from, to: pod, port: each }, world),
    )
    return port === undefined ? [] : [{ pod, port }]
  })
  const listening = [...found].sort((a, b) => Number(a.port === QUIET_PORT) - Number(b.port === QUIET_PORT))
  return listening
    .slice(0, PODS)
    .flatMap(({ pod, port }) => addressesOf(pod).map((ip) => ({ node, pod, ip, port })))
}

function attempt({ ip, port }: Target): { host: string; port: number } {
  return { host: ip, port }
}

function isIPv4(ip: string): boolean {
  return !ip.includes(':')
}

/** Address of the pod's node. */
function addressOf({ status }: Pod): string {
  return status?.hostIP ?? ''
}
