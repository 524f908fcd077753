import type { Part } from './observations.js'

/**
 * What a cluster that no lab made let be done before its claims could be derived. Without it a list that may not
 * be read would look like one in which nothing is declared, and nothing would be judged, in silence.
 */
export interface AccessSeen {
  /** How many objects each list had, by `<namespace>/<resource>`, or by `<resource>` where there is no namespace. */
  readonly lists: Readonly<Record<string, Part<number>>>
  /** The probe pod of each node, by node, as `<namespace>/<name>`. */
  readonly probes: Readonly<Record<string, Part<string>>>
  /** The same of the privileged ones, where they were asked for. */
  readonly privilegedProbes?: Readonly<Record<string, Part<string>>>
}
