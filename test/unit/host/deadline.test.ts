import { describe, expect, it } from 'vitest'
import { unlessAborted, withDeadline } from '../../../lab/host/deadline.js'
import { deferred, rejectionOf } from './fakes.js'

const deaf = (): Promise<never> => new Promise(() => undefined)

describe('withDeadline', () => {
  it('gives what is over in time', async () => {
    expect(await withDeadline(10_000, () => Promise.resolve(1))).toBe(1)
  })

  it('tells the effect, and leaves it behind where that does not listen', async () => {
    let told: AbortSignal | undefined
    const late = withDeadline(5, (signal) => {
      told = signal
      return deaf()
    })
    expect(await rejectionOf(late)).toMatchObject({ message: 'no answer within 0.005 s' })
    expect(told?.aborted).toBe(true)
  })

  it('ends with the outer signal, by its reason', async () => {
    const reason = new Error('interrupted')
    const controller = new AbortController()
    const ended = rejectionOf(withDeadline(10_000, deaf, controller.signal))
    controller.abort(reason)
    expect(await ended).toBe(reason)
    let began = false
    const effect = (): Promise<void> => Promise.resolve(void (began = true))
    expect(await rejectionOf(withDeadline(10_000, effect, controller.signal))).toBe(reason)
    expect(began).toBe(false)
  })
})

it('unlessAborted leaves an effect behind, and what that is rejected with later goes nowhere', async () => {
  const effect = deferred()
  const reason = new Error('late')
  expect(await rejectionOf(unlessAborted(AbortSignal.abort(reason), effect.promise))).toBe(reason)
  effect.reject(new Error('much later'))
  await new Promise(setImmediate)
})
