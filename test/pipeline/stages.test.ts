import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../lab/errors.js'
import { runStages, type Stage } from '../../lab/pipeline/progress.js'
import type { Step, StepIo } from '../../lab/pipeline/step.js'
import { deferred, labErrorOf, never, rejectionOf } from '../unit/host/fakes.js'

const HOUR = 3_600_000
const failure = new LabError('command.failed', 'no')
const interrupted = new LabError('interrupted', 'interrupted')

const step = (
  title: string,
  run: (io: StepIo) => Promise<string | undefined>,
  undo?: () => Promise<void>,
): Step => ({
  title,
  deadlineMs: HOUR,
  run,
  ...(undo ? { undo } : {}),
})

/** Ends only when its signal does. */
const untilAborted = ({ signal }: StepIo): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

/** What goes to the two streams during a test. */
function streams(): { out: () => string; err: () => string } {
  const written = { out: '', err: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.err += String(text)
    return true
  })
  return { out: () => written.out, err: () => written.err }
}

afterEach(() => vi.restoreAllMocks())

describe('stages', () => {
  const events: string[] = []
  const notes = (title: string): Step =>
    step(title, () => {
      events.push(title)
      return Promise.resolve(undefined)
    })

  it('run in order and are drawn on stderr only', async () => {
    const { out, err } = streams()
    events.length = 0
    const all: Stage[] = [
      notes('preflight'),
      { title: 'artifacts', beside: () => [notes('redis'), notes('nginx')] },
      step('nodes', ({ progress }) => {
        events.push('nodes')
        progress('containerlab deploy')
        return Promise.resolve('3 made')
      }),
    ]
    await runStages(all, never())
    expect(events).toEqual(['preflight', 'redis', 'nginx', 'nodes'])
    expect(out()).toBe('')
    for (const words of ['preflight', 'redis', 'containerlab deploy', '3 made'])
      expect(err()).toContain(words)
  })

  it('end at the first failure, which is thrown as it is', async () => {
    streams()
    events.length = 0
    const all = [notes('one'), step('two', () => Promise.reject(failure)), notes('three')]
    expect(await rejectionOf(runStages(all, never()))).toBe(failure)
    expect(events).toEqual(['one'])
  })

  it('do not show how long a step took that tells that itself', async () => {
    const { err } = streams()
    const slow = (title: string): Step =>
      step(title, async () => {
        await pause(120)
        return undefined
      })
    await runStages(
      [
        { title: 'a', beside: () => [slow('own')], tellTheirTime: true },
        { title: 'b', beside: () => [slow('other')] },
      ],
      never(),
    )
    expect(err()).toMatch(/\[COMPLETED\] other.*0\.1s/)
    expect(err()).toMatch(/\[COMPLETED\] own ?\n/)
  })

  it('say that there is nothing to do beside each other', async () => {
    const { err } = streams()
    await runStages([{ title: 'artifacts', beside: () => [] }], never())
    expect(err()).toContain('artifacts: nothing to do')
  })

  it('decide what runs beside each other only when its turn comes', async () => {
    streams()
    events.length = 0
    let made: Step[] = []
    const all: Stage[] = [
      step('survey', () => {
        made = [notes('found')]
        return Promise.resolve(undefined)
      }),
      { title: 'artifacts', beside: () => made },
    ]
    await runStages(all, never())
    expect(events).toEqual(['found'])
  })
})

describe('steps beside each other', () => {
  it('overlap', async () => {
    streams()
    const began = [deferred(), deferred()] as const
    const meets = (own: 0 | 1, other: 0 | 1) => async (): Promise<undefined> => {
      began[own].resolve()
      await began[other].promise
      return undefined
    }
    await runStages(
      [{ title: 'both', beside: () => [step('a', meets(0, 1)), step('b', meets(1, 0))] }],
      never(),
    )
  })

  it('are all let end when one fails: each undoes its own before the failure is thrown', async () => {
    streams()
    const began = deferred()
    const undo = deferred()
    const events: string[] = []
    const slow = step(
      'slow',
      (io) => {
        began.resolve()
        return untilAborted(io)
      },
      async () => {
        events.push('undo begins')
        // The failure has been there for long when this ends.
        setImmediate(() => undo.resolve())
        await undo.promise
        events.push('undo ends')
      },
    )
    const failing = step('failing', async () => {
      await began.promise
      throw failure
    })
    const run = runStages(
      [
        { title: 'artifacts', beside: () => [slow, failing] },
        step('after', () => {
          events.push('after')
          return Promise.resolve(undefined)
        }),
      ],
      never(),
    ).finally(() => events.push('thrown'))
    expect((await labErrorOf(run)).message).toBe('no')
    expect(events).toEqual(['undo begins', 'undo ends', 'thrown'])
  })

  it('end by an interruption, which is what is thrown', async () => {
    streams()
    const controller = new AbortController()
    const undone: string[] = []
    const one = (title: string): Step =>
      step(title, untilAborted, () => {
        undone.push(title)
        return Promise.resolve()
      })
    const interrupts = step('c', (io) => {
      controller.abort(interrupted)
      return untilAborted(io)
    })
    const run = runStages(
      [{ title: 'artifacts', beside: () => [one('a'), one('b'), interrupts] }],
      controller.signal,
    )
    expect(await rejectionOf(run)).toBe(interrupted)
    expect(undone.toSorted()).toEqual(['a', 'b'])
  })
})
