import { nameOf } from './console.js'
import type { CheckResult, VerifyResult } from './model.js'

/**
 * The result as JUnit XML: a suite for each pack, a case for each check and subject. An inconclusive check is
 * an error there, since JUnit knows no third verdict and it must not look green.
 */
export function renderJunit(result: VerifyResult): string {
  const { lab, startedAt, durationMs, summary, checks } = result
  const packs = [...new Set(checks.map(({ pack }) => pack))]
  const totals = `tests="${checks.length}" failures="${summary.fail}" errors="${summary.inconclusive}" skipped="${summary.skipped}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name=${quoted(lab)} ${totals} time="${seconds(durationMs)}">`,
    ...packs.map((pack) => {
      const own = checks.filter((check) => check.pack === pack)
      return suite(pack, startedAt, own)
    }),
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(pack: string, startedAt: string, checks: readonly CheckResult[]): string {
  const count = (verdict: CheckResult['verdict']): number =>
    checks.filter((check) => check.verdict === verdict).length
  const totals = `tests="${checks.length}" failures="${count('fail')}" errors="${count('inconclusive')}" skipped="${count('skipped')}"`
  return [
    `  <testsuite name=${quoted(pack)} ${totals} timestamp=${quoted(startedAt)}>`,
    ...checks.map(testCase),
    '  </testsuite>',
  ].join('\n')
}

function testCase(check: CheckResult): string {
  const { id, subject, verdict, durationMs, evidence, hint = '' } = check
  const open = `    <testcase classname=${quoted(id)} name=${quoted(nameOf(subject))} time="${seconds(durationMs)}"`
  const details = escaped(
    [
      `expected ${JSON.stringify(evidence.expected)}`,
      `observed ${JSON.stringify(evidence.observed)}`,
      evidence.source,
    ].join('\n'),
  )
  switch (verdict) {
    case 'pass':
      return `${open}/>`
    case 'fail':
      return `${open}><failure message=${quoted(hint)}>${details}</failure></testcase>`
    case 'inconclusive':
      return `${open}><error message=${quoted(hint)}/></testcase>`
    case 'skipped':
      return `${open}><skipped message=${quoted(hint)}/></testcase>`
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function quoted(text: string): string {
  return `"${escaped(text)}"`
}

/** For text and attributes; characters that XML cannot hold at all are dropped. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '')
}
