import { judge } from './checks/judge.js'
import { systemClock } from './observe/clock.js'
import type { Clock } from './observe/clock.js'
import { dnsCacheSeconds } from './observe/model/corefile.js'
import type { Observations, Part } from './observe/model/observations.js'
import type { Recording, VerifyTarget } from './observe/model/target.js'
import { observe } from './observe/observe.js'
import { settle } from './observe/settle.js'
import type { CheckResult, VerifyResult } from './report/model.js'
import { summarize } from './report/summarize.js'

export interface VerifyOptions {
  /** How long mismatches are observed again before they count. Default: 10 s. */
  readonly deadlineMs?: number
  readonly onProgress?: (event: VerifyProgress) => void
  readonly signal?: AbortSignal
  /** Default: the real time. */
  readonly clock?: Clock
  /** Default: really observes the target. */
  readonly observe?: typeof observe
}

/** What verification tells while it runs. */
export type VerifyProgress =
  | { readonly type: 'part'; readonly name: string; readonly part: Part<unknown> }
  | {
      readonly type: 'round'
      readonly number: number
      readonly checks: readonly CheckResult[]
      /** Everything the verdicts come from; save it to judge it again. */
      readonly recording: Recording
    }

const DEADLINE_MS = 10_000
/** How long the same mismatch must be seen where no cache can explain it. */
const STABLE_MS = 3_000

/**
 * Observes a lab and judges it. A mismatch is observed again until it is stable or the deadline passes,
 * and only then fails; a healthy lab takes one round.
 */
export async function verify(target: VerifyTarget, options: VerifyOptions = {}): Promise<VerifyResult> {
  const { clock = systemClock, signal, onProgress } = options
  const startedAt = new Date().toISOString()
  const start = clock.now()
  const { lab, declared } = target
  const checks = await settle({
    round: async (number) => {
      const observations = await (options.observe ?? observe)(target, {
        clock,
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined
          ? {}
          : { onPart: (name: string, part: Part<unknown>) => onProgress({ type: 'part', name, part }) }),
      })
      const recording: Recording = { lab, declared, observations }
      const results = judge(recording)
      onProgress?.({ type: 'round', number, checks: results, recording })
      return { results, observations }
    },
    mismatch: ({ results }) => failures(results),
    stableMs: (round) => stableMs(round.results, round.observations, lab.clusterDomain),
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    clock,
    ...(signal === undefined ? {} : { signal }),
  }).then(({ results }) => results)
  return {
    schema: 'headless-lab/verify/v1',
    lab: lab.name,
    startedAt,
    durationMs: Math.round(clock.now() - start),
    summary: summarize(checks),
    checks,
  }
}

/** What fails, and how: a failure that looks different in the next round is not stable yet. */
function failures(results: readonly CheckResult[]): string {
  const failed = results.filter(({ verdict }) => verdict === 'fail')
  return failed
    .map(({ id, subject, evidence }) => JSON.stringify([id, subject, evidence.observed]))
    .join('\n')
}

/** A wrong answer of DNS counts only when it has outlived the server's cache. */
function stableMs(results: readonly CheckResult[], { api }: Observations, clusterDomain: string): number {
  const asked = results.some(({ pack, verdict }) => pack === 'dns' && verdict === 'fail')
  if (!asked || 'error' in api.corefile) return STABLE_MS
  return Math.max(STABLE_MS, (dnsCacheSeconds(api.corefile.value, clusterDomain) + 1) * 1000)
}
