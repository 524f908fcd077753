import fc from 'fast-check'
import { mapOf, value, word } from './hostile.js'

/** One way to make a value wrong, somewhere in it. */
interface Break {
  /** Which of the places there are. */
  readonly at: number
  readonly how: 'replace' | 'add' | 'remove' | 'rename' | 'repeat'
  readonly key: string
  readonly given: unknown
}

const one: fc.Arbitrary<Break> = fc.record({
  at: fc.nat(1000),
  how: fc.constantFrom('replace', 'replace', 'add', 'remove', 'rename', 'repeat'),
  key: word,
  given: value,
})

/** Values that were right and are made wrong at one place or a few. */
export const broken = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(right, fc.array(one, { minLength: 1, maxLength: 3 }))
    .map(([from, breaks]) =>
      breaks.reduce((given, how) => applied(given, how, { left: how.at % sizeOf(given) }), from),
    )

/** How many places a value has: itself, its items and fields, and theirs. */
function sizeOf(given: unknown): number {
  return 1 + partsOf(given).reduce((sum, [, part]) => sum + sizeOf(part), 0)
}

const isPlain = (given: unknown): given is object =>
  typeof given === 'object' &&
  given !== null &&
  [Object.prototype, Array.prototype].includes(prototypeOf(given))

const prototypeOf = (given: object): object => Object.getPrototypeOf(given) as object

const partsOf = (given: unknown): [string, unknown][] => (isPlain(given) ? Object.entries(given) : [])

/** The value with the break at the place that is reached after `left` others. */
function applied(given: unknown, how: Break, place: { left: number }): unknown {
  if (place.left-- === 0) return brokenHere(given, how)
  const parts = partsOf(given).map(([key, part]) => [key, applied(part, how, place)] as const)
  if (!isPlain(given)) return given
  return Array.isArray(given) ? parts.map(([, part]) => part) : mapOf(parts)
}

function brokenHere(here: unknown, { how, key, given }: Break): unknown {
  if (how === 'replace' || !isPlain(here)) return given
  const parts = partsOf(here)
  if (Array.isArray(here))
    return how === 'remove' ? here.slice(1) : [...(here as unknown[]), how === 'add' ? given : here[0]]
  switch (how) {
    case 'add':
      return mapOf([...parts, [key, given]])
    case 'remove':
      return mapOf(parts.slice(1))
    case 'rename':
      return mapOf(parts.map(([name, part], i) => [i === 0 ? key : name, part]))
    case 'repeat':
      return mapOf([...parts, [`${parts[0]?.[0] ?? key} `, given]])
  }
}
