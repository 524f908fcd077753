import fc from 'fast-check'

/** How many generated inputs each property is tried with, no two of them equal: 10,000 and more together. */
export const CASES = {
  /** Specs of the right shape. */
  shaped: 1_700,
  /** Specs of the right shape, made wrong at one or several places. */
  broken: 3_000,
  /** Files that may be no YAML at all. */
  files: 3_000,
  /** Specs whose objects are made too, which takes longer. */
  synthesised: 120,
  /** Arguments of the program. */
  arguments: 2_300,
} as const

/** `FUZZ_SEED=<number>`: the seed that a failure has printed gives the same inputs again. */
const seed = process.env['FUZZ_SEED']

/** Whether a property holds for that many inputs; one that was tried before does not count. */
export async function holds<T>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  numRuns: number,
): Promise<void> {
  const options = { numRuns, skipEqualValues: true }
  await fc.assert(property, { ...options, ...(seed === undefined ? {} : { seed: Number(seed) }) })
}
