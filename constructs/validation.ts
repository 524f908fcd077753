import { Construct } from 'constructs'

/** A rule about a construct: what is wrong, or undefined. Asked at synthesis, when everything is known. */
export type Rule = () => string | readonly string[] | undefined

/**
 * Adds rules that synthesis asks. cdk8s asks all rules of an app, puts each construct's path before its
 * messages, and throws once with all of them, so a person sees every mistake at the same time.
 */
export function addRules(construct: Construct, ...rules: readonly Rule[]): void {
  construct.node.addValidation({ validate: () => rules.flatMap((rule) => rule() ?? []) })
}

/** A problem with what it is about before it: `name "Redis" has a character other than …`. */
export const said = (what: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `${what} ${problem}`

/** What is wrong with the number of a port. */
export function portProblem(what: string, port: number): string | undefined {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? undefined
    : `${what} is ${port}; write a whole number, 1 to 65535`
}

/** The rule that a name passes one of the functions of names.ts. */
export function nameRule(what: string, value: string, problem: (value: string) => string | undefined): Rule {
  return () => said(what, problem(value))
}

/** The rule that a value is one of the words that its type allows, for those who do not ask the types. */
export function wordRule(what: string, value: string, words: readonly string[]): Rule {
  return () =>
    words.includes(value)
      ? undefined
      : `${what} is ${JSON.stringify(value)}; write one of ${words.map((word) => JSON.stringify(word)).join(', ')}`
}

/** The largest number that the API server takes for a count (an int32). */
const COUNT_MAX = 2 ** 31 - 1

/** The rule that a count is a whole number of at least `min` and at most `max`. */
export function countRule(what: string, value: number, min: number, max = COUNT_MAX): Rule {
  return () => {
    if (!Number.isInteger(value) || value < min)
      return `${what} is ${value}; write a whole number, ${min} or more`
    return value > max ? `${what} is ${value}; at most ${max} are allowed` : undefined
  }
}
