import { describe, expect, test } from 'vitest'
import { settle } from '../../../lab/observe/settle.js'
import { FakeClock } from './fake-clock.js'

/** Settles over given mismatches, one a round, the last one for ever; each round takes `roundMs`. */
async function over(
  mismatches: readonly string[],
  { stableMs = 3000, deadlineMs = 10_000, roundMs = 500 } = {},
): Promise<{ mismatch: string; rounds: number; ms: number }> {
  const clock = new FakeClock()
  let rounds = 0
  const mismatch = await settle({
    round: async (number) => {
      rounds = number
      await clock.sleep(roundMs)
      return mismatches[number - 1] ?? mismatches.at(-1) ?? ''
    },
    mismatch: (round) => round,
    stableMs: () => stableMs,
    deadlineMs,
    clock,
  })
  return { mismatch, rounds, ms: clock.now() }
}

describe('settle', () => {
  test('what is right takes one round', async () => {
    expect(await over([''])).toEqual({ mismatch: '', rounds: 1, ms: 500 })
  })

  test('what becomes right is no mismatch', async () => {
    expect(await over(['a b', 'a', ''])).toMatchObject({ mismatch: '', rounds: 3 })
  })

  test('the same mismatch counts after it was seen for long enough, and not before', async () => {
    const { mismatch, rounds, ms } = await over(['a'])
    expect(mismatch).toBe('a')
    expect(rounds).toBeGreaterThan(2)
    expect(ms).toBeGreaterThanOrEqual(3500)
    expect(ms).toBeLessThan(5000)
  })

  test('a mismatch that changes starts again', async () => {
    const { mismatch, ms } = await over(['a', 'b', 'b', 'c'])
    expect(mismatch).toBe('c')
    expect(ms).toBeGreaterThan(5000)
  })

  test('what never settles ends at the deadline, with the last round', async () => {
    const flapping = Array.from({ length: 100 }, (_, i) => String(i))
    const { ms } = await over(flapping)
    expect(ms).toBeGreaterThanOrEqual(10_000)
    expect(ms).toBeLessThanOrEqual(10_000 + 500)
  })

  test('a cache that lasts longer than the deadline is waited for', async () => {
    const { mismatch, ms } = await over(['old'], { stableMs: 31_000 })
    expect(mismatch).toBe('old')
    expect(ms).toBeGreaterThanOrEqual(31_000)
    expect(ms).toBeLessThan(34_000)
  })

  test('an interruption ends it', async () => {
    const controller = new AbortController()
    const settling = settle({
      round: () => {
        controller.abort(new Error('interrupted'))
        return Promise.resolve('a')
      },
      mismatch: (round) => round,
      stableMs: () => 1000,
      deadlineMs: 1000,
      clock: new FakeClock(),
      signal: controller.signal,
    })
    await expect(settling).rejects.toThrow('interrupted')
  })
})
