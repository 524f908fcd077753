/** The one result model of `verify`: console, JSON, JUnit and HTML are views of it. */

export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'skipped'

/** What a check speaks of: a Kubernetes object, or a node of the lab. Cluster-scoped subjects have no namespace. */
export interface Subject {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

export interface Evidence {
  /** What the declared objects make us expect. Plain JSON. */
  readonly expected: unknown
  /** What was seen. Plain JSON. */
  readonly observed: unknown
  /** Where it was seen: a command, or an API request. */
  readonly source: string
}

export interface CheckResult {
  /** Stable id, for example `dns.headless.a-set`. */
  readonly id: string
  readonly subject: Subject
  readonly title: string
  /** The pack the check belongs to, for example `dns`. */
  readonly pack: string
  readonly verdict: Verdict
  readonly durationMs: number
  readonly evidence: Evidence
  /** The likeliest causes and what to look at next; set when the verdict is not `pass`. */
  readonly hint?: string
}

export interface VerifyResult {
  /** Version of this shape. */
  readonly schema: 'headless-lab/verify/v1'
  readonly lab: string
  /** RFC 3339, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  readonly summary: Readonly<Record<Verdict, number>>
  readonly checks: readonly CheckResult[]
}

/** Exit code of a verification: fail beats inconclusive; skipped never matters. */
export function exitCodeOf(result: Pick<VerifyResult, 'summary'>): 0 | 1 | 6 {
  if (result.summary.fail > 0) return 1
  return result.summary.inconclusive > 0 ? 6 : 0
}
