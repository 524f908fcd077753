import type { CheckResult, VerifyResult } from './model.js'
import { summarize } from './summarize.js'

/** Checks as the result of a verification. */
export function resultOf(
  lab: string,
  startedAt: string,
  durationMs: number,
  checks: readonly CheckResult[],
): VerifyResult {
  return {
    schema: 'headless-lab/verify/v1',
    ...{ lab, startedAt, durationMs: Math.round(durationMs) },
    ...{ summary: summarize(checks), checks },
  }
}
