import { RULES, type Rule } from './redact-rules.js'

/** What stands where a secret was. */
export const MARK = '[redacted]'

/** A text without its secrets. */
export interface Redacted {
  readonly text: string
  /** How many were taken out. */
  readonly count: number
}

/** Takes secrets out of a text. Pure. */
export type Redact = (text: string) => Redacted

/**
 * What takes out of any text what is secret by its form (private keys, tokens, passwords behind their keys), and these
 * very values wherever they stand.
 *
 * @param literals longest first, where one is part of another
 */
export function redactor(literals: readonly string[]): Redact {
  const exact = literals.map(literalPattern)
  return (text) => {
    const keys = withoutPrivateKeys(text)
    let { text: left, count } = keys
    for (const literal of exact) {
      const parts = left.split(literal)
      count += parts.length - 1
      left = parts.join(MARK)
    }
    for (const rule of RULES) {
      left = left.replace(rule.pattern, (match: string, ...rest: unknown[]) => {
        const stays = partsToKeep(rule, match, rest.at(-1))
        if (stays === undefined) return match
        count++
        return `${stays.before}${MARK}${stays.after}`
      })
    }
    return { text: left, count }
  }
}

/** A short value of hexadecimal digits alone would be found in ids and digests: there it is part of a longer run. */
function literalPattern(literal: string): string | RegExp {
  return literal.length < 16 && /^[0-9a-f]+$/i.test(literal)
    ? new RegExp(`(?<![0-9a-f])${literal}(?![0-9a-f])`, 'i')
    : literal
}

/** `undefined` where the match is no secret. */
function partsToKeep(
  { spares }: Rule,
  match: string,
  groups: unknown,
): { before: string; after: string } | undefined {
  // Without named groups the last argument is the text itself.
  const {
    value = match,
    before = '',
    after = '',
  } = typeof groups === 'object' ? (groups as Readonly<Record<string, string | undefined>>) : {}
  return spares(value) ? undefined : { before, after }
}

const BORDER = /-----(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----/g

/** More than any key takes, with a time before each of its lines. */
const LONGEST_KEY = 8_000

/**
 * Private keys in PEM, also where each line has a time before it, or `\n` stands for its ends. Of one that the first or
 * last line of a log has cut in two a single border is left: then too much is taken rather than too little.
 */
function withoutPrivateKeys(text: string): Redacted {
  const borders = [...text.matchAll(BORDER)].map(({ 0: line, 1: word, index }) => ({
    ...{ begins: word === 'BEGIN', from: index, to: index + line.length },
  }))
  const kept: string[] = []
  let seen = 0
  for (const [i, border] of borders.entries()) {
    // The end of one whose beginning has taken it out already.
    if (border.from < seen) continue
    const next = borders[i + 1]
    const isWhole = next?.begins === false && next.from - border.to <= LONGEST_KEY
    kept.push(text.slice(seen, border.begins ? border.from : Math.max(seen, border.from - LONGEST_KEY)))
    if (!border.begins) seen = border.to
    else if (isWhole) seen = next.to
    else seen = Math.min(border.to + LONGEST_KEY, next?.from ?? text.length, text.length)
  }
  return { text: [...kept, text.slice(seen)].join(MARK), count: kept.length }
}
