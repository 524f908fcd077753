import type { World } from '../recorded.js'

/** A single fault, as the whole of the observations shows it, and what has to be found. */
export interface Fault {
  readonly name: string
  readonly inject: (world: World) => void
  /** The ids of the checks that fail: these and no others. */
  readonly fails: readonly string[]
  /** The ids that cannot be judged any more where nothing of the same id fails: these and no others. */
  readonly inconclusive?: readonly string[]
}
