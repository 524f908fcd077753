import { LabError } from '../errors.js'
import type { Check } from './check.js'
import { checks } from './registry.js'

/**
 * Which checks are judged, by globs on their ids: `*` stands for any characters, dots too, `?` for one of them.
 */
export interface Selection {
  /** Only these. Default: all. */
  readonly only?: readonly string[]
  /** All but these. Default: none is left out. */
  readonly skip?: readonly string[]
}

/**
 * The checks that a selection means, in the order of the report.
 *
 * @throws LabError `usage.invalid` when a glob means no check at all, or no check is left
 */
export function selectChecks(
  { only = [], skip = [] }: Selection,
  all: readonly Pick<Check, 'id'>[] = checks,
): ReadonlySet<string> {
  const ids = all.map(({ id }) => id)
  const meant = (globs: readonly string[]): ReadonlySet<string> =>
    new Set(globs.flatMap((glob) => idsOf(glob, ids)))
  const [wanted, unwanted] = [meant(only), meant(skip)]
  const left = ids.filter((id) => (only.length === 0 || wanted.has(id)) && !unwanted.has(id))
  if (left.length > 0) return new Set(left)
  throw new LabError('usage.invalid', 'no check is left: all that are wanted are also skipped')
}

/** The ids that a glob means. One that means none is a mistake, which must not look as if all were fine. */
function idsOf(glob: string, ids: readonly string[]): string[] {
  const pattern = patternOf(glob)
  const found = ids.filter((id) => pattern.test(id))
  if (found.length > 0) return found
  throw new LabError('usage.invalid', `no check has an id like ${glob}`, {
    hint: `the nearest: ${nearest(glob, ids).join(', ')}`,
  })
}

function patternOf(glob: string): RegExp {
  const escaped = glob.replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`)
}

const NEAREST = 3

/** A pack is easily named without its `.*`; else the ids that differ in the fewest letters. */
function nearest(glob: string, ids: readonly string[]): string[] {
  if (ids.some((id) => id.startsWith(`${glob}.`))) return [`${glob}.*`]
  const words = glob.replaceAll(/[*?]/g, '')
  return ids
    .map((id) => ({ id, far: distance(words, id) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, NEAREST)
    .map(({ id }) => id)
}

/** How many letters have to be put in, taken out or changed to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const changed = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1)
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
