import type { ReachOutcome } from './reach.js'

/** Where connections to the virtual IP of a service went, all of them from one probe pod. */
export interface TrafficSeen {
  /** `<namespace>/<pod>` of the probe. */
  readonly from: string
  readonly node: string
  readonly vip: string
  readonly port: number
  /** How many connections were opened, one after the other. */
  readonly made: number
  /** What came of the last one: they end with the first that is not open. */
  readonly outcome: ReachOutcome
  /** How many of them the node's connection table shows at each `<address>:<port>`. */
  readonly reached: Readonly<Record<string, number>>
  /** Where the one was sent to that was not answered. */
  readonly unanswered: readonly string[]
}

/** The chance that is left for a wrong verdict: so seldom does a healthy service look like a broken one. */
export const CHANCE = 1e-6

/** So many connections are opened at most; they suffice for 18 pods. */
const MOST = 300

/**
 * The chance that connections to a healthy service miss one of the pods behind it. kube-proxy chooses at random,
 * each pod with the same chance, so that a given one of `pods` is missed by all `connections` with
 * (1 - 1/pods)^connections; that any is missed is at most `pods` times as likely.
 */
export function chanceToMiss(pods: number, connections: number): number {
  return pods * (1 - 1 / pods) ** connections
}

/**
 * The chance that connections to a service without session affinity all go to the same one of the pods: after the
 * first, each of the others has to fall on the same.
 */
export function chanceToStay(pods: number, connections: number): number {
  return (1 / pods) ** (connections - 1)
}

/** How many connections are needed so that both chances are below {@link CHANCE}, where that is feasible. */
export function connectionsFor(pods: number): number {
  let connections = 1
  while (
    connections < MOST &&
    pods > 1 &&
    (chanceToMiss(pods, connections) >= CHANCE || chanceToStay(pods, connections) >= CHANCE)
  ) {
    connections++
  }
  return connections
}
