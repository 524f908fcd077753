import type { CheckResult, Verdict } from './model.js'

/** How many checks have each verdict. */
export function summarize(
  checks: readonly Pick<CheckResult, 'verdict'>[],
): Readonly<Record<Verdict, number>> {
  const summary: Record<Verdict, number> = { pass: 0, fail: 0, inconclusive: 0, skipped: 0 }
  for (const { verdict } of checks) summary[verdict] += 1
  return summary
}
