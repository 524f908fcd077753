import fc from 'fast-check'

/** When a deploy is cut off: so long after the line that says that this stage has begun. */
export interface Point {
  /** Tells it from others of the same seed. */
  readonly id: string
  /** What the line of progress begins with. */
  readonly stage: string
  readonly afterMs: number
  /** What comes next: the way forward, or the way back. */
  readonly next: 'deploy' | 'teardown'
}

/** When a deploy is interrupted: so long after the line that says that this stage has begun. */
export interface Interruption {
  /** Tells it from others of the same seed. */
  readonly id: string
  readonly stage: string
  readonly afterMs: number
  readonly signal: 'SIGINT' | 'SIGTERM'
  /** What the program has to end with. */
  readonly exit: number
}

/**
 * The stages of a deploy in their order, how long each takes on a fast host in milliseconds, and how many points it
 * gets: most where most can be left half made.
 */
const STAGES = [
  // Before it says anything: engine, probe, what has to be built.
  { stage: 'begin', takesMs: 1_500, points: 2 },
  { stage: 'preflight', takesMs: 100, points: 2 },
  { stage: 'artifacts', takesMs: 12_000, points: 4 },
  { stage: 'nodes', takesMs: 30_000, points: 8 },
  { stage: 'kubeconfig', takesMs: 200, points: 2 },
  { stage: 'Calico', takesMs: 15_000, points: 3 },
  { stage: 'credentials', takesMs: 10, points: 1 },
  { stage: 'workloads', takesMs: 8_000, points: 4 },
  { stage: 'verifying', takesMs: 1_500, points: 2 },
] as const

/** Those that a deploy tells of. */
export const STAGE_NAMES = STAGES.map(({ stage }) => stage).filter((stage) => stage !== 'begin')

/** A stage that is shorter is over before a moment in it can be met. */
const SHORT_MS = 1_000

/** From 0 to 1, the same for the same seed. */
const partsOf = (seed: number, count: number): number[] =>
  fc.sample(fc.noBias(fc.nat(999)), { seed, numRuns: count }).map((thousandths) => thousandths / 1000)

/** Points spread over the whole of each stage; the same seed gives the same ones. Every second one goes back at once. */
export function pointsOf(seed: number): Point[] {
  const wanted = STAGES.flatMap((stage) => Array.from({ length: stage.points }, (_, i) => ({ ...stage, i })))
  const parts = partsOf(seed, wanted.length)
  return wanted.map(({ stage, takesMs, points, i }, n) => {
    const afterMs = Math.round(((i + (parts[n] ?? 0)) / points) * takesMs)
    return { id: `${stage}+${String(afterMs)}ms`, stage, afterMs, next: n % 2 === 0 ? 'deploy' : 'teardown' }
  })
}

/**
 * Each stage by each of two signals: all of them by one or the other, then by the other. Well within a stage, when
 * compilers, containers or requests are under way: neither as it begins nor when it may be over. At once in one that is
 * short.
 */
export function interruptionsOf(seed: number): Interruption[] {
  const signals = [
    { signal: 'SIGTERM', exit: 143 },
    { signal: 'SIGINT', exit: 130 },
  ] as const
  const wanted = [0, 1].flatMap((round) =>
    STAGES.filter(({ stage }) => stage !== 'begin').map((stage, i) => ({
      ...stage,
      ...(signals[(round + i) % 2] ?? signals[0]),
    })),
  )
  const parts = partsOf(seed, wanted.length)
  return wanted.map(({ stage, takesMs, signal, exit }, n) => {
    const afterMs = takesMs < SHORT_MS ? 0 : Math.round((0.1 + (parts[n] ?? 0) / 2) * takesMs)
    return { id: `${stage}+${String(afterMs)}ms`, stage, afterMs, signal, exit }
  })
}
