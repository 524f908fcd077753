import { describe, expect, test } from 'vitest'
import { collect } from '../../../lab/observe/collect.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import { FakeClock } from './fake-clock.js'

const about = { name: 'part', source: 'a command', deadlineMs: 20 }

describe('collect', () => {
  test('gives the value with its source, and says so', async () => {
    const heard: [string, Part<unknown>][] = []
    const collecting = {
      clock: new FakeClock(),
      onPart: (name: string, part: Part<unknown>) => heard.push([name, part]),
    }
    const part = await collect(collecting, about, () => Promise.resolve(42))
    expect(part).toEqual({ value: 42, source: 'a command', durationMs: 0 })
    expect(heard).toEqual([['part', part]])
  })

  test('makes an error of its own part, in one line', async () => {
    const part = await collect({ clock: new FakeClock() }, about, () =>
      Promise.reject(new Error('no\n  way')),
    )
    expect(part).toEqual({ error: 'no way', source: 'a command', durationMs: 0 })
  })

  test('leaves behind what hangs, and tells it', async () => {
    let told: AbortSignal | undefined
    const part = await collect({ clock: new FakeClock() }, about, (signal) => {
      told = signal
      return new Promise(() => undefined)
    })
    expect(part).toMatchObject({ error: 'no answer within 0.02 s' })
    expect(told?.aborted).toBe(true)
  })

  test('an interruption is no error of the part', async () => {
    const controller = new AbortController()
    const collecting = { clock: new FakeClock(), signal: controller.signal }
    const collected = collect(collecting, { ...about, deadlineMs: 10_000 }, () => {
      controller.abort(new Error('interrupted'))
      return new Promise(() => undefined)
    })
    await expect(collected).rejects.toThrow('interrupted')
  })
})
