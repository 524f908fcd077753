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

/**
 * The stages of a deploy in their order, how long each takes on a fast host in milliseconds, and how many points it
 * gets: most where most can be left half made.
 */
const STAGES = [
  // Before it says anything: engine, probe, what has to be built.
  { stage: 'begin', takesMs: 1_500, points: 2 },
  { stage: 'preflight', takesMs: 300, points: 2 },
  { stage: 'artifacts', takesMs: 12_000, points: 4 },
  { stage: 'nodes', takesMs: 30_000, points: 8 },
  { stage: 'kubeconfig', takesMs: 500, points: 2 },
  { stage: 'Calico', takesMs: 15_000, points: 3 },
  { stage: 'credentials', takesMs: 50, points: 1 },
  { stage: 'workloads', takesMs: 12_000, points: 4 },
  { stage: 'verifying', takesMs: 1_500, points: 2 },
] as const

/** Those that a deploy tells of. */
export const STAGE_NAMES = STAGES.map(({ stage }) => stage).filter((stage) => stage !== 'begin')

/** Points spread over the whole of each stage; the same seed gives the same ones. Every second one goes back at once. */
export function pointsOf(seed: number): Point[] {
  const thousandths = fc.noBias(fc.nat(999))
  const wanted = STAGES.flatMap((stage) => Array.from({ length: stage.points }, (_, i) => ({ ...stage, i })))
  const parts = fc.sample(thousandths, { seed, numRuns: wanted.length })
  return wanted.map(({ stage, takesMs, points, i }, n) => {
    const afterMs = Math.round(((i + (parts[n] ?? 0) / 1000) / points) * takesMs)
    return { id: `${stage}+${String(afterMs)}ms`, stage, afterMs, next: n % 2 === 0 ? 'deploy' : 'teardown' }
  })
}
