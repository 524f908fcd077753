import type { VerifyProgress } from '../verify.js'

/** People who wait longer want to know for what. */
const TELL_EVERY_MS = 5_000
/** A part that takes so long and then fails is what the others waited for. */
const SLOW_MS = 3_000

/** Tells people what a verification does while it takes long; one that is quick says nothing. */
export class Progress {
  private parts = 0
  private readonly began = performance.now()
  private readonly timer = setInterval(() => this.still(), TELL_EVERY_MS)

  constructor(private readonly say: (line: string) => void) {}

  /** Takes what `verify` tells. */
  readonly tell = (event: VerifyProgress): void => {
    if (event.type === 'part') {
      this.parts += 1
      const { part, name } = event
      if ('error' in part && part.durationMs >= SLOW_MS) this.say(`${name}: ${part.error}`)
      return
    }
    this.parts = 0
    // A healthy lab takes one round; what does not match is observed again, which people should know of.
    const failing = event.checks.filter(({ verdict }) => verdict === 'fail').length
    if (failing === 0) return
    const mismatches = failing === 1 ? '1 mismatch' : `${failing} mismatches`
    this.say(`round ${event.number}: ${mismatches}, observed again until stable`)
  }

  /** To be called when it is over. */
  end(): void {
    clearInterval(this.timer)
  }

  private still(): void {
    const seconds = Math.round((performance.now() - this.began) / 1000)
    this.say(`observing for ${seconds} s; ${this.parts} parts of this round so far`)
  }
}
