import { describe, expect, test } from 'vitest'
import { judge } from '../../../lab/checks/judge.js'
import { renderConsole, summaryLine } from '../../../lab/report/console.js'
import { renderJson } from '../../../lab/report/json.js'
import { renderJunit } from '../../../lab/report/junit.js'
import type { CheckResult, VerifyResult } from '../../../lab/report/model.js'
import { exitCodeOf } from '../../../lab/report/model.js'
import { summarize } from '../../../lab/report/summarize.js'
import { faults } from '../checks/faults.js'
import { healthy, one, recording } from '../checks/recorded.js'

const check = (verdict: CheckResult['verdict'], id = 'dns.a', name = 'web'): CheckResult => ({
  id,
  subject: { kind: 'Service', namespace: 'default', name },
  title: 'a claim',
  pack: id.split('.')[0] ?? '',
  verdict,
  durationMs: 20,
  evidence: { expected: ['1.2.3.4'], observed: 'NXDOMAIN', source: 'dig web' },
  ...(verdict === 'pass' ? {} : { hint: 'look <there> & "here"' }),
})

const result = (...checks: CheckResult[]): VerifyResult => ({
  schema: 'headless-lab/verify/v1',
  lab: 'lab',
  startedAt: '2026-01-02T03:04:05.000Z',
  durationMs: 1234,
  summary: summarize(checks),
  checks,
})

describe('summarize', () => {
  test('counts each verdict', () => {
    expect(summarize([check('pass'), check('pass'), check('fail'), check('skipped')])).toEqual({
      pass: 2,
      fail: 1,
      inconclusive: 0,
      skipped: 1,
    })
  })

  test('a failure beats what could not be judged, and skipped never matters', () => {
    expect(exitCodeOf(result(check('pass'), check('skipped')))).toBe(0)
    expect(exitCodeOf(result(check('inconclusive'), check('skipped')))).toBe(6)
    expect(exitCodeOf(result(check('inconclusive'), check('fail')))).toBe(1)
  })
})

describe('renderConsole', () => {
  test('one row an id, evidence of what did not pass, one line that says it all', () => {
    const text = renderConsole(
      result(check('pass'), check('fail', 'dns.a', 'db'), check('skipped', 'kube.b')),
    )
    expect(text).toMatch(/dns\.a\s+│ a claim\s+│ ✖ fail ×1/)
    expect(text).toMatch(/✔ pass ×1/)
    expect(text).toContain(
      [
        '✖ fail dns.a service/db: a claim',
        '  expected  ["1.2.3.4"]',
        '  observed  NXDOMAIN',
        '  source    dig web',
        '  hint      look <there> & "here"',
      ].join('\n'),
    )
    expect(text.endsWith('\nlab lab: 1 passed, 1 failed, 1 skipped in 1.2 s\n')).toBe(true)
    expect(text).not.toContain('\u001b')
  })

  test('a scenario has its timeline below it, also where it passes', () => {
    const timeline = [
      { atMs: 0, what: 'deleted' },
      { atMs: 13_240, what: 'back' },
    ]
    const scenario = (verdict: CheckResult['verdict']): CheckResult => ({
      ...check(verdict, 'scenario.a'),
      evidence: { expected: 'it is back', observed: { after: '13.2 s', timeline }, source: 'verify' },
    })
    const lines = ['    0.0 s  deleted', '   13.2 s  back']
    expect(renderConsole(result(scenario('pass')))).toContain(
      ['✔ pass scenario.a service/web: a claim', ...lines, '  observed  {"after":"13.2 s"}'].join('\n'),
    )
    expect(renderConsole(result(scenario('fail')))).toContain([...lines, '  expected  it is back'].join('\n'))
    expect(renderConsole(result(check('pass', 'dns.a')))).not.toContain('✔ pass dns.a')
  })

  test('fits the width it is given', () => {
    const healthyResult = result(...judge(recording(healthy())))
    for (const columns of [80, 120]) {
      const lines = renderConsole(healthyResult, { columns }).split('\n')
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
    }
  })

  test('paints when it is given paint', () => {
    const text = renderConsole(result(check('fail')), { paint: (color, said) => `<${color}>${said}</>` })
    expect(text).toContain('<red>✖ fail</> dns.a')
  })

  test('a subject of another namespace says so', () => {
    const other = { ...check('fail'), subject: { kind: 'Service', namespace: 'moon', name: 'web' } }
    expect(renderConsole(result(other))).toContain('service/web (moon)')
  })
})

test('summaryLine says nothing of what there is none of', () => {
  expect(summaryLine(result(check('pass')))).toBe('lab lab: 1 passed in 1.2 s')
})

test('renderJson gives one object and nothing else', () => {
  const value = result(check('pass'), check('fail'))
  expect(JSON.parse(renderJson(value))).toEqual(value)
})

test('renderJunit: inconclusive is an error, so that it never looks green', () => {
  const xml = renderJunit(
    result(check('pass'), check('fail'), check('inconclusive'), check('skipped', 'kube.b')),
  )
  expect(xml).toContain('<testsuites name="lab" tests="4" failures="1" errors="1" skipped="1" time="1.234">')
  expect(xml).toContain('<testsuite name="dns" tests="3" failures="1" errors="1" skipped="0"')
  expect(xml).toContain('<failure message="look &lt;there&gt; &amp; &quot;here&quot;">')
  expect(xml).toContain('<error message=')
  expect(xml).toContain('<skipped message=')
})

test('a fault of the lab reads as one would tell it', () => {
  const world = healthy()
  one(faults, ({ name }) => name === 'redis is scaled to 2').inject(world)
  const text = renderConsole(result(...judge(recording(world))))
  expect(text).toContain(
    [
      '✖ fail statefulsets.replicas statefulset/redis: the StatefulSet has the declared number of replicas, all ready',
      '  expected  {"replicas":3,"ready":3}',
      '  observed  {"replicas":2,"ready":2}',
    ].join('\n'),
  )
})
