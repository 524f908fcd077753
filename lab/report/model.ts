/** The one result model of `verify`: console, JSON, JUnit and HTML are views of it. */

/**
 * What was found out about a claim: `pass`: exactly what is expected was observed; `fail`: something else was;
 * `inconclusive`: what is needed could not be observed; `skipped`: the claim does not apply.
 */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'skipped'

/** What a check speaks of: a Kubernetes object, or a node of the lab. Cluster-scoped subjects have no namespace. */
export interface Subject {
  /** For example `Service`. */
  readonly kind: string
  /** Absent of what is in no namespace. */
  readonly namespace?: string
  /** Its name. */
  readonly name: string
}

/** What a verdict rests on. */
export interface Evidence {
  /** What the declared objects make us expect. Plain JSON. */
  readonly expected: unknown
  /** What was seen. Plain JSON. */
  readonly observed: unknown
  /** Where it was seen: a command, or an API request. */
  readonly source: string
}

/** What one check found out about one subject. */
export interface CheckResult {
  /** Stable id, for example `dns.headless.a-set`. */
  readonly id: string
  /** What it speaks of. */
  readonly subject: Subject
  /** What is claimed, as a sentence. */
  readonly title: string
  /** The pack the check belongs to, for example `dns`. */
  readonly pack: string
  /** Whether the claim holds. */
  readonly verdict: Verdict
  /** How long the slowest of the observations took that it was judged from. */
  readonly durationMs: number
  /** What the verdict rests on. */
  readonly evidence: Evidence
  /** The likeliest causes and what to look at next; set when the verdict is not `pass`. */
  readonly hint?: string
}

/** What a verification gives. */
export interface VerifyResult {
  /** Version of this shape. */
  readonly schema: 'headless-lab/verify/v1'
  /** Name of the lab, or of another cluster as its kubeconfig has it. */
  readonly lab: string
  /** When it began to observe. RFC 3339, UTC. */
  readonly startedAt: string
  /** Of the whole, all rounds of observation. */
  readonly durationMs: number
  /** How many checks have each verdict. */
  readonly summary: Readonly<Record<Verdict, number>>
  /** Each check on each of its subjects, in the order of the packs: from the ground up. */
  readonly checks: readonly CheckResult[]
}

/**
 * Exit code of a verification: fail beats inconclusive; skipped never matters. Where no check applied to anything,
 * nothing was shown, which must not look green.
 */
export function exitCodeOf({ summary }: Pick<VerifyResult, 'summary'>): 0 | 1 | 6 {
  if (summary.fail > 0) return 1
  const nothing = summary.pass + summary.skipped === 0
  return summary.inconclusive > 0 || nothing ? 6 : 0
}
