import { expect, it } from 'vitest'
import { watchSignals } from '../../../lab/host/signals.js'

it.each([
  ['SIGINT', 'interrupted', 130],
  ['SIGTERM', 'terminated', 143],
  ['SIGHUP', 'terminated', 143],
] as const)('%s aborts with %s', (name, code, exitCode) => {
  const before = process.listenerCount(name)
  const { signal, stop } = watchSignals()
  try {
    expect(signal.aborted).toBe(false)
    // The listeners, not the signal: that would also reach whoever runs the tests.
    process.listeners(name).at(-1)?.(name)
    expect(signal.reason).toMatchObject({ code, exitCode })
  } finally {
    stop()
  }
  expect(process.listenerCount(name)).toBe(before)
})
