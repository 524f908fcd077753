import type { VerifyResult } from './model.js'

/** The result as one JSON object and nothing else, for `--json`. */
export function renderJson(result: VerifyResult): string {
  return `${JSON.stringify(result, null, 2)}\n`
}
