import { nameOf, signs, type Paint } from './console.js'
import type { CheckResult, Verdict } from './model.js'

/** A verdict that is another one than before. */
export interface Flip {
  /** `null` of what was not judged before: it is new, or this is the first time. */
  readonly from: Verdict | null
  /** `null` of what is no longer judged. */
  readonly to: Verdict | null
  /** The check as it is now, or as it was last. */
  readonly check: CheckResult
}

/** What differs between two verifications, each check and subject for itself. */
export function flips(before: readonly CheckResult[], now: readonly CheckResult[]): Flip[] {
  const last = byKey(before)
  const current = byKey(now)
  const changed = now.flatMap((check): Flip[] => {
    const from = last.get(keyOf(check))?.verdict ?? null
    return from === check.verdict ? [] : [{ from, to: check.verdict, check }]
  })
  const gone = before
    .filter((check) => !current.has(keyOf(check)))
    .map((check): Flip => ({ from: check.verdict, to: null, check }))
  return [...changed, ...gone]
}

/** What is open when nothing was verified before: the first thing that people who watch have to know. */
export function openAtFirst(now: readonly CheckResult[]): Flip[] {
  return flips([], now).filter(({ to }) => to === 'fail' || to === 'inconclusive')
}

/** `12:03:04 ✖ dns.headless.a-set service/redis-headless: pass -> fail`, and the hint of what does not pass. */
export function renderFlip({ from, to, check }: Flip, at: Date, paint: Paint): string {
  const { id, subject, hint } = check
  const time = at.toTimeString().slice(0, 8)
  const { sign, color } = to === null ? { sign: '-', color: 'dim' as const } : signs[to]
  const mark = paint(color, sign.split(' ')[0] ?? '')
  const line = `${time} ${mark} ${id} ${nameOf(subject)}: ${from ?? 'new'} -> ${to ?? 'gone'}`
  const tell = (to === 'fail' || to === 'inconclusive') && hint !== undefined
  return tell ? `${line}\n  hint      ${hint}` : line
}

/** The same as one line of JSON. */
export function flipJson({ from, to, check }: Flip, at: Date): string {
  const { id, subject, title, evidence, hint } = check
  const said = { schema: 'headless-lab/flip/v1', at: at.toISOString(), id, subject, title, from, to }
  return JSON.stringify({ ...said, evidence, ...(hint === undefined ? {} : { hint }) })
}

function byKey(checks: readonly CheckResult[]): Map<string, CheckResult> {
  return new Map(checks.map((check) => [keyOf(check), check]))
}

function keyOf({ id, subject: { kind, namespace = '', name } }: CheckResult): string {
  return [id, kind, namespace, name].join(' ')
}
