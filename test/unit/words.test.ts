import { describe, expect, it } from 'vitest'
import { ago, seconds } from '../../lab/words.js'

describe('seconds', () => {
  it.each([
    [0, '0.0 s'],
    [12_340, '12.3 s'],
    [60_000, '1 min 00 s'],
    [245_400, '4 min 05 s'],
    [119_600, '2 min 00 s'],
    [3_600_000, '60 min 00 s'],
  ])('%d: %s', (ms, words) => {
    expect(seconds(ms)).toBe(words)
  })
})

describe('ago', () => {
  const now = Date.parse('2026-01-10T00:00:00Z')
  it.each([
    ['2026-01-10T00:00:00Z', '0 s ago'],
    ['2026-01-09T23:59:01Z', '59 s ago'],
    ['2026-01-09T23:59:00Z', '1 min ago'],
    ['2026-01-09T23:00:00Z', '1 h ago'],
    ['2026-01-08T00:00:01Z', '47 h ago'],
    ['2026-01-08T00:00:00Z', '2 days ago'],
    // A clock that was set back.
    ['2026-01-11T00:00:00Z', '0 s ago'],
  ])('%s: %s', (time, words) => {
    expect(ago(time, now)).toBe(words)
  })
})
