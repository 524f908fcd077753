/** A TCP connection to try. */
export interface ReachAttempt {
  /** An address, or a name that the pod's resolver completes. */
  readonly host: string
  readonly port: number
  /** How long nothing may be heard. Default: 2 s. */
  readonly seconds?: number
}

/**
 * What came of a connection: `refused` where something said no at once, `timeout` where nothing was heard (so it
 * is when a NetworkPolicy of Calico drops the packets), `unreachable` where the network knows no way.
 */
export type ReachOutcome = 'open' | 'refused' | 'timeout' | 'unknown-name' | 'unreachable'

export interface ReachSeen extends Omit<ReachAttempt, 'seconds'> {
  readonly outcome: ReachOutcome
  /** How long it took to know, in steps of 10 ms. */
  readonly ms: number
}
