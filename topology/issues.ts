import { z } from 'zod'

/** One thing that is wrong in an input, as a plain value. */
export interface Issue {
  /** Where, for people: `topology.pools[0].cidr`. Empty when it is the whole input. */
  readonly path: string
  /** Where, for programs: `['topology', 'pools', 0, 'cidr']`. */
  readonly keys: readonly Key[]
  /** What is wrong and what to write instead. */
  readonly message: string
}

export type Key = string | number

export const issue = (keys: readonly Key[], message: string): Issue => ({
  path: formatPath(keys),
  keys,
  message,
})

/** `['a', 0, 'b.c']` as `a[0]["b.c"]`. */
export const formatPath = (keys: readonly Key[]): string =>
  keys
    .map((key, i) => {
      if (typeof key === 'number') return `[${key}]`
      if (key.length > LONGEST || !/^[\w-]+$/.test(key)) return `[${JSON.stringify(cut(key))}]`
      return i === 0 ? key : `.${key}`
    })
    .join('')

/** What is quoted is for one line. */
const LONGEST = 60

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text)

/** A strict object: a field it does not know is an error that names the nearest one it knows. */
export const closed = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (raw) =>
      raw.code === 'unrecognized_keys'
        ? raw.keys.map((key) => unknownField(key, Object.keys(shape))).join('\n')
        : `write fields: ${Object.keys(shape).join(', ')}`,
  })

/**
 * The issues of a failed parse. Parse with `reportInput: true`, so that a message can say what it got.
 * @param at - the path of the parsed value in the whole input
 */
export const fromZod = (error: z.ZodError, at: readonly Key[] = []): Issue[] =>
  error.issues.flatMap((found) => {
    const keys = [...at, ...found.path.map((key) => (typeof key === 'number' ? key : String(key)))]
    // One line for each unknown field (see `closed`), each at its own place.
    if (found.code === 'unrecognized_keys') {
      const messages = found.message.split('\n')
      return found.keys.map((key, i) => issue([...keys, key], messages[i] ?? found.message))
    }
    return [
      issue(
        keys,
        found.input === undefined ? found.message : `${show(found.input)} will not do; ${found.message}`,
      ),
    ]
  })

/** A value as a person would write it, short enough for one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value === null) return 'an empty value'
  if (typeof value === 'object') return 'a map of fields'
  return cut(JSON.stringify(value))
}

/** `did you mean` when a known name is near, else the names there are. */
export function unknownField(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  const all = known.length === 0 ? 'it takes none' : `the fields here are ${known.join(', ')}`
  return near === undefined ? `unknown field; ${all}` : `unknown field; did you mean ${near}?`
}

/** The closest of the candidates, if no more than a third of the name has to change. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.candidate : undefined
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
