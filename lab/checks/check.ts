import type { Observations, Part } from '../observe/model/observations.js'
import type { Declared } from '../observe/model/declared.js'
import type { LabFacts } from '../observe/model/lab.js'
import type { CheckResult, Subject, Verdict } from '../report/model.js'

/** What every check is judged from. */
export interface World {
  readonly lab: LabFacts
  readonly declared: Declared
  readonly observations: Observations
}

/** The world as one check sees it for one subject: what it reads is noted, as the source of its evidence. */
export interface Context extends World {
  /** The value of a part of the observations; a part that could not be observed makes the verdict inconclusive. */
  readonly read: <T>(part: Part<T> | undefined) => T
}

/** What a check found out about one subject. */
export interface Outcome {
  readonly verdict: Verdict
  readonly expected: unknown
  readonly observed: unknown
  /** A command that shows the same; without it the sources of all parts that were read. */
  readonly source?: string
  /** The cause, where the check can tell it; without it the likeliest causes that its definition names. */
  readonly hint?: string
}

/** The subjects of a check, derived from what is declared. */
export interface Scope<Item> {
  items(world: World): readonly Item[]
  subject(item: Item): Subject
}

export interface CheckDefinition<Item> {
  /** Stable: scripts and tests name it. Its first part is the pack. */
  readonly id: string
  /** What is claimed, as a sentence. */
  readonly title: string
  /** The exercise it answers: document and section. */
  readonly answers: string
  /** What it is judged from: names of parts of the observations. */
  readonly needs: readonly string[]
  /** The likeliest causes of a failure, and what to look at next. */
  readonly hint: string
  readonly of: Scope<Item>
  readonly judge: (item: Item, context: Context) => Outcome
}

/** A claim about what is declared, judged from observations alone. */
export interface Check extends Omit<CheckDefinition<never>, 'of' | 'judge'> {
  readonly pack: string
  run(world: World): CheckResult[]
}

/** Thrown while judging when what is needed was not observed: neither true nor false can be said. */
export class Unobserved extends Error {}

/** Makes a check of its definition: one result for each subject. */
export function defineCheck<Item>({ of, judge, ...about }: CheckDefinition<Item>): Check {
  const pack = about.id.split('.')[0] ?? about.id
  const one = (item: Item, world: World): CheckResult => {
    const { read, parts } = reader()
    const outcome = attempt(() => judge(item, { ...world, read }))
    const { verdict, expected, observed } = outcome
    const hint = outcome.hint ?? about.hint
    return {
      id: about.id,
      subject: of.subject(item),
      title: about.title,
      pack,
      verdict,
      durationMs: Math.max(0, ...[...parts].map(({ durationMs }) => durationMs)),
      evidence: { expected, observed, source: outcome.source ?? sourcesOf(parts) },
      ...(verdict === 'pass' ? {} : { hint }),
    }
  }
  return { ...about, pack, run: (world) => of.items(world).map((item) => one(item, world)) }
}

function reader(): { read: Context['read']; parts: Set<Part<unknown>> } {
  const parts = new Set<Part<unknown>>()
  const read = <T>(part: Part<T> | undefined): T => {
    if (part === undefined) throw new Unobserved('it was not looked at')
    parts.add(part)
    if ('error' in part) throw new Unobserved(`${part.source}: ${part.error}`)
    return part.value
  }
  return { read, parts }
}

function attempt(judge: () => Outcome): Outcome {
  try {
    return judge()
  } catch (error) {
    if (error instanceof Unobserved) return inconclusive(error.message)
    throw error
  }
}

function sourcesOf(parts: ReadonlySet<Part<unknown>>): string {
  return [...new Set([...parts].map(({ source }) => source))].join('; ')
}

/** It cannot be said whether the claim holds. */
export function inconclusive(reason: string): Outcome {
  return { verdict: 'inconclusive', expected: null, observed: null, hint: `Could not be judged: ${reason}.` }
}

/** The claim does not apply here. */
export function skipped(reason: string): Outcome {
  return { verdict: 'skipped', expected: null, observed: null, hint: `Does not apply: ${reason}.` }
}
