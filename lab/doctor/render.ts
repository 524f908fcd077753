import type { Paint } from '../report/console.js'
import { plainly } from '../report/console.js'
import type { DoctorVerdict, Finding } from './finding.js'

const SIGNS: Readonly<Record<DoctorVerdict, readonly [sign: string, color: Parameters<Paint>[0]]>> = {
  ok: ['✔', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✖', 'red'],
  unknown: ['?', 'yellow'],
}

/** The findings for people: a line for each, and below what is not ok what to do. */
export function renderFindings(findings: readonly Finding[], paint: Paint = plainly): string {
  const width = Math.max(...findings.map(({ title }) => title.length))
  const lines = findings.flatMap(({ title, verdict, value, fix }) => {
    const [sign, color] = SIGNS[verdict]
    const line = `${paint(color, sign)} ${title.padEnd(width)}  ${value}`
    return fix === undefined ? [line] : [line, `  ${''.padEnd(width)}  ${paint('dim', fix)}`]
  })
  return lines.join('\n')
}

/** `all is well`, or how much is not. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (verdict: DoctorVerdict): number => findings.filter((one) => one.verdict === verdict).length
  const parts = [
    [count('fail'), 'would make a lab fail'],
    [count('warn'), 'to know of'],
    [count('unknown'), 'not known'],
  ] as const
  const said = parts.filter(([number]) => number > 0).map(([number, words]) => `${number} ${words}`)
  return said.length === 0 ? 'all is well' : said.join(', ')
}
