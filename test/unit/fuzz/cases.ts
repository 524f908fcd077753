import fc from 'fast-check'

/** How many generated inputs each property is tried with: 10,000 and more together. */
export const CASES = {
  /** Specs of the right shape. */
  shaped: 1_500,
  /** Specs with one value of a wrong kind, at a place that the message has to name. */
  misplaced: 1_500,
  /** Specs of the right shape, made wrong at one or several places. */
  broken: 2_500,
  /** Files that may be no YAML at all. */
  files: 2_500,
  /** Specs whose objects are made too, which takes longer. */
  synthesised: 120,
  /** Arguments of the program. */
  arguments: 2_000,
} as const

/** `FUZZ_SEED=<number>`: the seed that a failure has printed gives the same inputs again. */
const seed = process.env['FUZZ_SEED']

/** Whether a property holds for that many inputs. */
export async function holds<T>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  numRuns: number,
): Promise<void> {
  await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) })
}
