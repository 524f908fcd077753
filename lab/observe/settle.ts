import { systemClock } from './clock.js'
import type { Clock } from './clock.js'

export interface SettleOptions<Round> {
  /** One round: observe, then judge. */
  readonly round: (number: number) => Promise<Round>
  /** What mismatches in a round, as one text; empty when nothing does. Compared between rounds. */
  readonly mismatch: (round: Round) => string
  /** How long the same mismatch has to be seen before it counts, for example because DNS answers are cached. */
  readonly stableMs: (round: Round) => number
  /** After this no new round begins. */
  readonly deadlineMs: number
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

/** The pause before the second round, and the longest one: rounds are cheap, but they are not free. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2_000

/**
 * Observes until there is no mismatch, or until the same mismatch has been seen for long enough, or until
 * the deadline: clusters converge, and what is about to be right is not a fault. A healthy lab takes one round.
 * The pause doubles while nothing changes and starts again when something does.
 */
export async function settle<Round>(options: SettleOptions<Round>): Promise<Round> {
  const { clock = systemClock, signal } = options
  const start = clock.now()
  let since = start
  let last = ''
  let pause = FIRST_PAUSE_MS
  for (let number = 1; ; number++) {
    const round = await options.round(number)
    const mismatch = options.mismatch(round)
    const now = clock.now()
    if (mismatch !== last) {
      last = mismatch
      since = now
      pause = FIRST_PAUSE_MS
    }
    const stableMs = options.stableMs(round)
    if (mismatch === '' || now - since >= stableMs) return round
    // A cached answer is no fault before it expires: waiting for that may take longer than the deadline.
    const left = start + Math.max(options.deadlineMs, stableMs) - now
    if (left <= 0) return round
    await clock.sleep(Math.min(pause, left), signal)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
}
