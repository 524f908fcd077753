import { describe, expect, test } from 'vitest'
import { plainly } from '../../../lab/report/console.js'
import { flipJson, flips, openAtFirst, renderFlip } from '../../../lab/report/flips.js'
import type { CheckResult, Verdict } from '../../../lab/report/model.js'

const check = (verdict: Verdict, name = 'web', namespace = 'default'): CheckResult => ({
  id: 'dns.headless.a-set',
  subject: { kind: 'Service', namespace, name },
  title: 'a claim',
  pack: 'dns',
  verdict,
  durationMs: 20,
  evidence: { expected: 1, observed: 2, source: 'dig' },
  ...(verdict === 'pass' ? {} : { hint: 'look there' }),
})
const at = new Date(2026, 0, 2, 12, 3, 4)

describe('flips', () => {
  test('are what has another verdict than before, each subject for itself', () => {
    const before = [check('pass'), check('pass', 'db'), check('fail', 'web', 'moon'), check('skipped', 'x')]
    const now = [check('fail'), check('pass', 'db'), check('pass', 'web', 'moon'), check('skipped', 'x')]
    expect(flips(before, now).map(({ from, to, check: { subject } }) => [subject.name, from, to])).toEqual([
      ['web', 'pass', 'fail'],
      ['web', 'fail', 'pass'],
    ])
    expect(flips(now, now)).toEqual([])
  })

  test('are also what appears and what is gone', () => {
    expect(flips([check('pass', 'old')], [check('pass', 'new')])).toMatchObject([
      { from: null, to: 'pass', check: { subject: { name: 'new' } } },
      { from: 'pass', to: null, check: { subject: { name: 'old' } } },
    ])
  })

  test('at first only what is open is told', () => {
    const now = [check('pass'), check('fail', 'a'), check('inconclusive', 'b'), check('skipped', 'c')]
    expect(openAtFirst(now).map(({ check: { subject } }) => subject.name)).toEqual(['a', 'b'])
  })
})

describe('a flip as a line', () => {
  test('has the time, the verdicts and the hint', () => {
    expect(renderFlip({ from: 'pass', to: 'fail', check: check('fail') }, at, plainly)).toBe(
      '12:03:04 ✖ dns.headless.a-set service/web: pass -> fail\n  hint      look there',
    )
    expect(renderFlip({ from: 'fail', to: 'pass', check: check('pass') }, at, plainly)).toBe(
      '12:03:04 ✔ dns.headless.a-set service/web: fail -> pass',
    )
    expect(renderFlip({ from: 'skipped', to: null, check: check('skipped') }, at, plainly)).toBe(
      '12:03:04 - dns.headless.a-set service/web: skipped -> gone',
    )
    expect(renderFlip({ from: null, to: 'pass', check: check('pass') }, at, plainly)).toContain('new -> pass')
  })

  test('is one line of JSON with its evidence', () => {
    const line = flipJson({ from: 'pass', to: 'fail', check: check('fail') }, at)
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toEqual({
      schema: 'headless-lab/flip/v1',
      at: at.toISOString(),
      id: 'dns.headless.a-set',
      subject: { kind: 'Service', namespace: 'default', name: 'web' },
      title: 'a claim',
      from: 'pass',
      to: 'fail',
      evidence: { expected: 1, observed: 2, source: 'dig' },
      hint: 'look there',
    })
  })
})
