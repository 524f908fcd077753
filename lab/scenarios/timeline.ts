/** Something that happened, so long after the scenario began. */
export interface Moment {
  /** Milliseconds. */
  readonly atMs: number
  readonly what: string
}

/** What happened, in order. */
export class Timeline {
  private readonly moments: Moment[] = []

  /** @param now milliseconds that only ever grow */
  constructor(
    private readonly now: () => number,
    private readonly tell: (moment: Moment) => void = () => undefined,
    private readonly start = now(),
  ) {}

  /** Milliseconds since the beginning. */
  elapsed(): number {
    return Math.round(this.now() - this.start)
  }

  note(what: string): number {
    const moment = { atMs: this.elapsed(), what }
    this.moments.push(moment)
    this.tell(moment)
    return moment.atMs
  }

  all(): readonly Moment[] {
    return [...this.moments]
  }
}

/** `  3.2 s  redis-2 is Ready again`. */
export function momentLine({ atMs, what }: Moment): string {
  return `${(atMs / 1000).toFixed(1).padStart(5)} s  ${what}`
}
