import Table from 'cli-table3'
import { momentLine, type Moment } from '../scenarios/timeline.js'
import type { CheckResult, Subject, Verdict, VerifyResult } from './model.js'

/** Paints a text; without colors it gives the text as it is. */
export type Paint = (color: 'red' | 'green' | 'yellow' | 'dim', text: string) => string

/** How a result is shown to people. */
export interface ConsoleOptions {
  /** Default: no colors. */
  readonly paint?: Paint
  /** Width to fit into, in columns. Default: 100. */
  readonly columns?: number
}

/** How each verdict is shown. */
export const signs: Readonly<
  Record<Verdict, { readonly sign: string; readonly color: Parameters<Paint>[0] }>
> = {
  pass: { sign: '✔ pass', color: 'green' },
  fail: { sign: '✖ fail', color: 'red' },
  inconclusive: { sign: '? inconclusive', color: 'yellow' },
  skipped: { sign: '- skipped', color: 'dim' },
}

const NARROWEST = 60
/** Without colors. */
export const plainly: Paint = (_, text) => text

/**
 * The result for people: a table of one line for each check of each pack, then the evidence of everything that
 * did not pass and of every scenario, then one line that says it all.
 */
export function renderConsole(result: VerifyResult, options: ConsoleOptions = {}): string {
  const { paint = plainly, columns = 100 } = options
  const none = result.checks.length === 0
  const parts = none ? [] : [table(result.checks, paint, Math.max(columns, NARROWEST))]
  const open = result.checks.filter(
    (check) => check.verdict === 'fail' || check.verdict === 'inconclusive' || timelineOf(check).length > 0,
  )
  if (open.length > 0) parts.push(open.map((check) => evidence(check, paint)).join('\n\n'))
  parts.push(summaryLine(result, paint))
  return `${parts.join('\n\n')}\n`
}

/** `lab headless-services: 74 passed, 1 failed … in 2.3 s`. */
export function summaryLine({ lab, summary, durationMs }: VerifyResult, paint: Paint = plainly): string {
  const counts: [Verdict, string][] = [
    ['pass', 'passed'],
    ['fail', 'failed'],
    ['inconclusive', 'inconclusive'],
    ['skipped', 'skipped'],
  ]
  const said = counts
    .filter(([verdict]) => summary[verdict] > 0 || verdict === 'pass')
    .map(([verdict, word]) => paint(signs[verdict].color, `${summary[verdict]} ${word}`))
  return `lab ${lab}: ${said.join(', ')} in ${(durationMs / 1000).toFixed(1)} s`
}

/** Checks of one id stand in one row: a table of some thirty rows can be read, one of a hundred cannot. */
function table(checks: readonly CheckResult[], paint: Paint, columns: number): string {
  const rows = new Table({
    head: ['check', 'what is claimed', 'verdict'],
    style: { head: [], border: [], compact: true },
    wordWrap: true,
    colWidths: widths(checks, columns),
  })
  let pack = ''
  for (const group of groups(checks)) {
    const [first] = group
    if (first === undefined) continue
    if (first.pack !== pack) {
      pack = first.pack
      rows.push([{ content: paint('dim', pack), colSpan: 3 }])
    }
    rows.push([first.id, first.title, verdictsOf(group, paint)])
  }
  return rows.toString()
}

const VERDICT_WIDTH = 18

/** The claim takes what the other two columns leave. */
function widths(checks: readonly CheckResult[], columns: number): number[] {
  const id = Math.max(...checks.map((check) => check.id.length), 'check'.length) + 2
  return [id, Math.max(columns - id - VERDICT_WIDTH - 4, 20), VERDICT_WIDTH]
}

function groups(checks: readonly CheckResult[]): CheckResult[][] {
  const byId = new Map<string, CheckResult[]>()
  for (const check of checks) byId.set(check.id, [...(byId.get(check.id) ?? []), check])
  return [...byId.values()]
}

/** `✔ pass ×3`; where subjects differ, each verdict with its number. */
function verdictsOf(group: readonly CheckResult[], paint: Paint): string {
  return (['fail', 'inconclusive', 'skipped', 'pass'] as const)
    .map((verdict) => ({ verdict, count: group.filter((check) => check.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => {
      const { sign, color } = signs[verdict]
      return paint(color, group.length === 1 ? sign : `${sign} ×${count}`)
    })
    .join('\n')
}

function evidence(check: CheckResult, paint: Paint): string {
  const { id, subject, title, verdict, evidence: seen, hint } = check
  const { sign, color } = signs[verdict]
  const lines = [`${paint(color, sign)} ${id} ${nameOf(subject)}: ${title}`]
  const timeline = timelineOf(check)
  lines.push(...timeline.map((moment) => `  ${momentLine(moment)}`))
  if (verdict === 'fail') lines.push(`  expected  ${show(seen.expected)}`)
  // How long it took is what people run a scenario for.
  if (verdict === 'fail' || timeline.length > 0)
    lines.push(`  observed  ${show(withoutTimeline(seen.observed))}`)
  if (seen.source !== '') lines.push(`  source    ${seen.source}`)
  if (hint !== undefined) lines.push(`  hint      ${hint}`)
  return lines.join('\n')
}

/** What a scenario has in its evidence; of a check there is none. */
function timelineOf({ pack, evidence: { observed } }: CheckResult): readonly Moment[] {
  if (pack !== 'scenario' || observed === null || typeof observed !== 'object') return []
  return (observed as { timeline?: readonly Moment[] }).timeline ?? []
}

/** What is shown line by line is not shown again. */
function withoutTimeline(observed: unknown): unknown {
  if (observed === null || typeof observed !== 'object' || !('timeline' in observed)) return observed
  return { ...observed, timeline: undefined }
}

/** A subject as kubectl writes it: `service/nginx-headless`; with its namespace where that is not the default one. */
export function nameOf({ kind, namespace, name }: Subject): string {
  const short = `${kind.toLowerCase()}/${name}`
  return namespace === undefined || namespace === 'default' ? short : `${short} (${namespace})`
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
