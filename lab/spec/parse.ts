import { fromZod, issue, type Issue } from '../../topology/issues.js'
import { nodeNames, type Topology } from '../../topology/model.js'
import { hiddenKeys, parseTopology } from '../../topology/parse.js'
import { externalDatabaseIssues, externalDatabaseNode } from './external-database.js'
import { podsPerNode, specSchema } from './schema.js'

/** What the user wants, complete: every field has a value. */
export interface Spec {
  readonly apiVersion: string
  /** Name of the lab; the same as `topology.name`. */
  readonly name: string
  readonly topology: Topology
  readonly workloads: Workloads
  /** Debian suite the images are built from. */
  readonly suite: string
}

export interface Workloads {
  /** Replicas: pods in all, the master included. */
  readonly redis: { readonly replicas: number }
  readonly nginx: { readonly replicas: number }
  readonly multitool: object
  readonly postgres: Optional & { readonly replicas: number }
  /** Replicas: brokers, each of them a controller too. */
  readonly kafka: Optional & { readonly replicas: number }
  /** Replicas: pods in all, the primary included. */
  readonly mysql: Optional & { readonly replicas: number }
  /** Replicas: servers; there is one client beside them. */
  readonly grpc: Optional & { readonly replicas: number }
  readonly externalDatabase: Optional
  readonly moon: Optional
  readonly webApi: Optional
  readonly fixtures: Optional
}

interface Optional {
  readonly enabled: boolean
}

export type ParsedSpec =
  { readonly ok: true; readonly spec: Spec } | { readonly ok: false; readonly issues: readonly Issue[] }

/** Gives the defaults and rejects what cannot work. Pure: never throws. */
export function parseSpec(input: unknown): ParsedSpec {
  const hidden = hiddenKeys(input, [])
  if (hidden.length > 0) return { ok: false, issues: hidden }
  const shaped = specSchema.safeParse(input, { reportInput: true })
  if (!shaped.success) return { ok: false, issues: fromZod(shaped.error) }
  const { topology: topologyInput, ...rest } = shaped.data
  const external = rest.workloads.externalDatabase.enabled
  const taken = external ? externalDatabaseIssues(rest.name, topologyInput.linuxNodes) : []
  if (taken.length > 0) return { ok: false, issues: taken }
  const linuxNodes = [...topologyInput.linuxNodes, ...(external ? [externalDatabaseNode] : [])]
  const parsed = parseTopology({ ...topologyInput, name: rest.name, linuxNodes })
  if (!parsed.ok) return parsed
  const spec: Spec = { ...rest, topology: parsed.topology }
  const issues = checkWorkloads(spec)
  return issues.length > 0 ? { ok: false, issues } : { ok: true, spec }
}

/** Pods that the switches without a number bring at most, on nodes that take no part in the control plane. */
const FEW = 12

/**
 * Stateful pods go to all nodes, the control plane too. More of them than nodes do fit: the spread allows a
 * difference of one between nodes, so they go round again. What does not fit is more pods than nodes run. The
 * others have no place on the control plane unless that is the only node (kind then takes its taint away).
 */
function checkWorkloads({ topology, workloads }: Spec): Issue[] {
  const { redis, nginx, postgres, kafka, mysql, grpc } = workloads
  const numbered = Object.entries({ redis, postgres, kafka, mysql, nginx, grpc }).flatMap(([name, one]) =>
    'enabled' in one && !one.enabled ? [] : [{ name, replicas: one.replicas }],
  )
  const running = (...names: string[]): number[] =>
    numbered.filter(({ name }) => names.includes(name)).map(({ replicas }) => replicas)
  const hosts = Math.max(topology.workers, 1)
  const nodes = nodeNames(topology).length
  const onEach = running('redis', 'postgres', 'kafka', 'mysql')
    .map((replicas) => Math.ceil(replicas / nodes))
    .reduce((sum, pods) => sum + pods)
  const elsewhere = [...running('nginx', 'grpc'), FEW].reduce((sum, pods) => sum + pods)
  if (onEach * hosts + elsewhere <= hosts * podsPerNode) return []
  const largest = numbered.toSorted((a, b) => b.replicas - a.replicas)
  const all = largest.map(({ name, replicas }) => `${replicas} of ${name}`).join(', ')
  const message = `${all} are more pods than the nodes run beside the other workloads; write fewer, or more topology.workers`
  return [issue(['workloads', largest[0]?.name ?? '', 'replicas'], message)]
}
