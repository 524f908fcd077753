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

/** The rule that a name passes one of the functions of names.ts. */
export function nameRule(what: string, value: string, problem: (value: string) => string | undefined): Rule {
  return () => {
    const found = problem(value)
    return found === undefined ? undefined : `${what} ${found}`
  }
}

/** The rule that a count is a whole number of at least `min`. */
export function countRule(what: string, value: number, min: number): Rule {
  return () =>
    Number.isInteger(value) && value >= min
      ? undefined
      : `${what} is ${value}; write a whole number, ${min} or more`
}
