import { fromZod, issue, type Issue } from '../../topology/issues.js'
import { nodeNames, type Topology } from '../../topology/model.js'
import { hiddenKeys, parseTopology } from '../../topology/parse.js'
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
  const parsed = parseTopology({ ...topologyInput, name: rest.name })
  if (!parsed.ok) return parsed
  const spec: Spec = { ...rest, topology: parsed.topology }
  const issues = checkWorkloads(spec)
  return issues.length > 0 ? { ok: false, issues } : { ok: true, spec }
}

/**
 * More Redis pods than nodes do fit: the spread allows a difference of one between nodes, so they go round
 * again. What does not fit is more pods than nodes run. nginx has no place on the control plane unless that is
 * the only node (kind then takes its taint away).
 */
function checkWorkloads({ topology, workloads: { redis, nginx } }: Spec): Issue[] {
  const hosts = Math.max(topology.workers, 1)
  const redisOnEach = Math.ceil(redis.replicas / nodeNames(topology).length)
  if (redisOnEach * hosts + nginx.replicas <= hosts * podsPerNode) return []
  const message = `${nginx.replicas} and ${redis.replicas} of redis are more pods than the nodes run; write fewer, or more topology.workers`
  return [issue(['workloads', 'nginx', 'replicas'], message)]
}
