import { judge } from './checks/judge.js'
import { packsNeeded } from './needed.js'
import type { Selection } from './checks/select.js'
import { systemClock } from './observe/clock.js'
import type { Clock } from './observe/clock.js'
import { dnsCacheSeconds } from './observe/model/corefile.js'
import type { Observations, Part } from './observe/model/observations.js'
import type { Recording, VerifyTarget } from './observe/model/target.js'
import { observe } from './observe/observe.js'
import { settle } from './observe/settle.js'
import type { CheckResult, Verdict, VerifyResult } from './report/model.js'
import { resultOf } from './report/result.js'

/** How a target is verified. */
export interface VerifyOptions extends Selection {
  /** How long mismatches are observed again before they count. Default: 30 s. */
  readonly deadlineMs?: number
  /** What was found before: failures that look the same are stable already, and not observed again. */
  readonly known?: readonly CheckResult[]
  /**
   * Whether the cluster was changed just now: then what does not match, or cannot be judged, is given much longer to
   * come right (half a minute without a change, a minute and a half in all). Default: false.
   */
  readonly justChanged?: boolean
  /**
   * Whether everything is observed, and not only what the selected checks need: then the recording can be judged by
   * other checks as well. Default: false.
   */
  readonly whole?: boolean
  /** Told what happens while it runs. */
  readonly onProgress?: (event: VerifyProgress) => void
  /** Ends it: its reason is thrown. */
  readonly signal?: AbortSignal
  /** Default: the real time. */
  readonly clock?: Clock
  /** Default: really observes the target. */
  readonly observe?: typeof observe
}

/** What verification tells while it runs. */
export type VerifyProgress = PartProgress | RoundProgress

/** A part was observed, or could not be. */
export interface PartProgress {
  /** Tells it from the others. */
  readonly type: 'part'
  /** For example `dns <node>`. */
  readonly name: string
  /** What was seen, or why it was not. */
  readonly part: Part<unknown>
}

/** A round is over: everything was observed once, and judged. */
export interface RoundProgress {
  /** Tells it from the others. */
  readonly type: 'round'
  /** From 1. */
  readonly number: number
  /** The verdicts, which another round may change. */
  readonly checks: readonly CheckResult[]
  /** Everything the verdicts come from; save it to judge it again. */
  readonly recording: Recording
}

/** Some rounds: what a busy machine made look wrong in one of them is not there in the next. */
const DEADLINE_MS = 30_000
/** How long the same mismatch must be seen where no cache can explain it. */
const STABLE_MS = 3_000
/** The same where the cluster was changed just now: servers still choose who leads, replicas still catch up. */
const PATIENT = { deadlineMs: 90_000, stableMs: 30_000 }

/**
 * Observes a lab, or another cluster, and judges it. A mismatch is observed again until it is stable or the
 * deadline passes, and only then fails; what is healthy takes one round.
 *
 * @throws LabError `usage.invalid` when the selection means no check, `state.unreadable` when the kubeconfig cannot
 * be read; the signal's reason when aborted
 */
export async function verify(target: VerifyTarget, options: VerifyOptions = {}): Promise<VerifyResult> {
  const { clock = systemClock, signal, onProgress, known = [], justChanged = false, whole = false } = options
  // A mistake in it is told before anything is observed.
  const packs = packsNeeded(options)
  const before = new Set(failures(known))
  const startedAt = new Date().toISOString()
  const start = clock.now()
  const { lab, declared } = target
  const checks = await settle({
    round: async (number) => {
      const observations = await (options.observe ?? observe)(target, {
        clock,
        ...(whole ? {} : { packs }),
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined
          ? {}
          : { onPart: (name: string, part: Part<unknown>) => onProgress({ type: 'part', name, part }) }),
      })
      const recording: Recording = { lab, declared, observations }
      const results = judge(recording, options)
      onProgress?.({ type: 'round', number, checks: results, recording })
      return { results, observations }
    },
    mismatch: ({ results }) =>
      (justChanged ? failures(results, 'inconclusive') : failures(results))
        .filter((line) => !before.has(line))
        .join('\n'),
    stableMs: (round) =>
      Math.max(
        stableMs(round.results, round.observations, lab.clusterDomain),
        justChanged ? PATIENT.stableMs : 0,
      ),
    deadlineMs: options.deadlineMs ?? (justChanged ? PATIENT.deadlineMs : DEADLINE_MS),
    clock,
    ...(signal === undefined ? {} : { signal }),
  }).then(({ results }) => results)
  return resultOf(lab.name, startedAt, clock.now() - start, checks)
}

/**
 * Judges a recording and gives the result that verification gave then. Pure; it needs no cluster.
 *
 * @throws LabError `usage.invalid` when the selection means no check
 */
export function replay(recording: Recording, selection: Selection = {}): VerifyResult {
  const checks = judge(recording, selection)
  const { lab, observations } = recording
  return resultOf(
    lab.name,
    observations.at,
    Math.max(0, ...checks.map(({ durationMs }) => durationMs)),
    checks,
  )
}

/** What fails, and how: a failure that looks different in the next round is not stable yet. */
function failures(results: readonly CheckResult[], also?: Verdict): string[] {
  const failed = results.filter(({ verdict }) => verdict === 'fail' || verdict === also)
  return failed.map(({ id, subject, evidence }) => JSON.stringify([id, subject, evidence.observed]))
}

/** The zone of the names of IPv4 addresses, which a Corefile of kubeadm caches. */
const REVERSE = 'in-addr.arpa'

/**
 * A wrong answer of DNS counts only when it has outlived the server's cache. That of names of addresses is waited
 * for where nothing else is wrong: else it would hold up what is sure already.
 */
function stableMs(results: readonly CheckResult[], { api }: Observations, clusterDomain: string): number {
  const failed = results.filter(({ verdict }) => verdict === 'fail')
  if (!failed.some(({ pack }) => pack === 'dns') || 'error' in api.corefile) return STABLE_MS
  const zone = failed.every(({ id }) => id.startsWith('dns.ptr.')) ? REVERSE : clusterDomain
  return Math.max(STABLE_MS, (dnsCacheSeconds(api.corefile.value, clusterDomain, zone) + 1) * 1000)
}
