import type { Topology } from '../../../topology/model.js'
import { parseTopology, type TopologyInput } from '../../../topology/parse.js'

/** A topology that must be right. */
export function topologyOf(input: TopologyInput = {}): Topology {
  const parsed = parseTopology(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  return parsed.topology
}
