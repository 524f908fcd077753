import { expect, test } from 'vitest'
import { judge } from '../../../lab/checks/judge.js'
import { faults } from './faults.js'
import { healthy, recording } from './recorded.js'

test('the healthy lab passes everything that applies', () => {
  const results = judge(recording(healthy()))
  expect(results.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')).toEqual([])
  expect(results).toHaveLength(803)
})

test.each(faults)('$name', ({ inject, fails, inconclusive = [] }) => {
  const world = healthy()
  inject(world)
  const results = judge(recording(world))
  const ids = (verdict: string): Set<string> =>
    new Set(results.filter((result) => result.verdict === verdict).map(({ id }) => id))
  const failed = ids('fail')
  const unjudged = [...ids('inconclusive')].filter((id) => !failed.has(id))
  expect({ fails: [...failed].sort(), inconclusive: unjudged.sort() }).toEqual({
    fails: [...fails].sort(),
    inconclusive: [...inconclusive].sort(),
  })
  for (const { verdict, hint } of results) if (verdict !== 'pass') expect(hint).toBeTruthy()
})
