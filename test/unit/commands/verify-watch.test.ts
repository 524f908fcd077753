import { expect, test } from 'vitest'
import { watch, type Watched } from '../../../lab/commands/verify-watch.js'
import { LabError } from '../../../lab/errors.js'
import { interrupted } from '../../../lab/host/signals.js'
import type { VerifyTarget } from '../../../lab/observe/model/target.js'
import type { CheckResult, Verdict, VerifyResult } from '../../../lab/report/model.js'
import { summarize } from '../../../lab/report/summarize.js'
import { rejectionOf } from '../host/fakes.js'
import { FakeClock } from '../observe/fake-clock.js'

const check = (name: string, verdict: Verdict): CheckResult => ({
  ...{ id: 'dns.a', subject: { kind: 'Service', namespace: 'default', name }, title: 'a claim', pack: 'dns' },
  ...{ verdict, durationMs: 1, evidence: { expected: 1, observed: 2, source: 'dig' } },
  ...(verdict === 'pass' ? {} : { hint: 'look' }),
})
const result = (...checks: CheckResult[]): VerifyResult => ({
  ...{ schema: 'headless-lab/verify/v1', lab: 'lab', startedAt: '2026-01-02T03:04:05.000Z', durationMs: 1 },
  ...{ summary: summarize(checks), checks },
})

/** Watches rounds and is interrupted after the last. */
async function watched(rounds: VerifyResult[], again: Watched['again'], json = false) {
  const controller = new AbortController()
  const [printed, said]: [string[], string[]] = [[], []]
  const known: (readonly CheckResult[] | undefined)[] = []
  const left = [...rounds]
  const error = await rejectionOf(
    watch(
      { target: {} as VerifyTarget, again },
      { json },
      { signal: controller.signal, say: (line) => said.push(line), print: (text) => printed.push(text) },
      {
        clock: new FakeClock(),
        now: () => new Date(2026, 0, 2, 12, 3, 4),
        verify: (_, options) => {
          known.push(options.known)
          const next = left.shift()
          if (left.length === 0) controller.abort(interrupted)
          return Promise.resolve(next ?? result())
        },
      },
    ),
  )
  return { printed, said, known, error }
}
const same: Watched['again'] = () => Promise.resolve({} as VerifyTarget)

test('prints what is open at first, then what flips, and ends as interrupted', async () => {
  const first = result(check('web', 'pass'), check('db', 'fail'))
  const { printed, said, known, error } = await watched(
    [first, result(check('web', 'fail'), check('db', 'fail')), first],
    same,
  )
  expect(printed).toEqual([
    '12:03:04 ✖ dns.a service/db: new -> fail\n  hint      look',
    '12:03:04 ✖ dns.a service/web: pass -> fail\n  hint      look',
    '12:03:04 ✔ dns.a service/web: fail -> pass',
  ])
  expect(said[0]).toContain('1 passed, 1 failed')
  expect(known[0]).toBeUndefined()
  expect(known[1]).toBe(first.checks)
  expect(error).toBe(interrupted)
})

test('with --json each flip is an object on a line', async () => {
  const { printed } = await watched([result(check('web', 'fail')), result(check('web', 'pass'))], same, true)
  expect(printed.map((line) => (JSON.parse(line) as { to: string }).to)).toEqual(['fail', 'pass'])
})

test('goes on while the cluster does not answer, and says so once', async () => {
  const gone: Watched['again'] = () => Promise.reject(new LabError('cluster.unreachable', 'no answer'))
  const rounds = [check('web', 'pass'), check('web', 'inconclusive'), check('web', 'inconclusive')]
  const { printed, said } = await watched(
    rounds.map((one) => result(one)),
    gone,
  )
  expect(printed).toEqual(['12:03:04 ? dns.a service/web: pass -> inconclusive\n  hint      look'])
  expect(said.filter((line) => line === 'no answer')).toHaveLength(1)
})
