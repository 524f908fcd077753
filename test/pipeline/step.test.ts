import { afterEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../lab/errors.js'
import { waitUntil } from '../../lab/host/wait.js'
import { runStep, type Step } from '../../lab/pipeline/step.js'
import { labErrorOf, never, rejectionOf } from '../unit/host/fakes.js'

const HOUR = 3_600_000
const interrupted = new LabError('interrupted', 'interrupted')

/** A step that tells what becomes of it. */
function told(fields: Partial<Step> & Pick<Step, 'run'>): {
  step: Step
  events: string[]
  show: (line: string) => void
} {
  const events: string[] = []
  const step: Step = {
    title: 'nodes',
    deadlineMs: HOUR,
    explain: () => {
      events.push('explained')
      return Promise.resolve('pod x crashes')
    },
    undo: () => {
      events.push('undone')
      return Promise.resolve()
    },
    ...fields,
  }
  return { step, events, show: (line) => events.push(line) }
}

/** Waits for what never comes. */
const waits =
  (what: string): Step['run'] =>
  async ({ signal, progress }) => {
    await waitUntil(() => Promise.resolve(what), { signal, onWaiting: progress })
    return undefined
  }

describe('a step that is done', () => {
  it('gives its result; nothing is undone or explained', async () => {
    const { step, events, show } = told({ run: () => Promise.resolve('3 running') })
    expect(await runStep(step, never(), show)).toBe('3 running')
    expect(events).toEqual([])
  })
})

describe('the deadline', () => {
  it('ends the step and names what was waited for; the explanation comes before the undo', async () => {
    const { step, events, show } = told({ deadlineMs: 5, run: waits('nodes not Ready: lab-worker') })
    const error = await labErrorOf(runStep(step, never(), show))
    expect(error).toMatchObject({ code: 'step.timeout', exitCode: 4, details: 'pod x crashes' })
    expect(error.message).toBe('nodes: not done in 0.005 s; last: nodes not Ready: lab-worker')
    expect(events).toEqual([
      'nodes not Ready: lab-worker',
      'explained',
      'undoing what was half done',
      'undone',
    ])
  })

  it('names the step where it told nothing', async () => {
    const { step, show } = told({
      deadlineMs: 5,
      run: async ({ signal }) => {
        await waitUntil(() => Promise.resolve('x'), { signal })
        return undefined
      },
    })
    expect((await labErrorOf(runStep(step, never(), show))).message).toMatch(/last: nodes$/)
  })
})

describe('a run that does not listen', () => {
  afterEach(() => void vi.useRealTimers())
  const deaf = (): Promise<undefined> => new Promise(() => undefined)

  it('holds the program no longer than it runs, also when a later one is interrupted', async () => {
    vi.useFakeTimers()
    const interrupt = new AbortController()
    const { step, show } = told({ run: () => Promise.resolve('done') })
    expect(await runStep(step, interrupt.signal, show)).toBe('done')
    interrupt.abort(interrupted)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is left behind after its deadline, and undone', async () => {
    vi.useFakeTimers()
    const { step, events, show } = told({ deadlineMs: 5, run: deaf })
    const ended = labErrorOf(runStep(step, never(), show))
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await ended).code).toBe('step.timeout')
    expect(events).toContain('undone')
  })

  it('is left behind after an interruption', async () => {
    vi.useFakeTimers()
    const controller = new AbortController()
    const { step, events, show } = told({ run: deaf })
    const ended = rejectionOf(runStep(step, controller.signal, show))
    controller.abort(interrupted)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await ended).toBe(interrupted)
    expect(events).toContain('undone')
  })

  it.each(['a run that does not listen', 'a run that ends at once'])(
    'is undone for no longer than is left of the time after an interruption: %s',
    async (which) => {
      vi.useFakeTimers()
      const run = which.endsWith('once') ? waits('nodes') : deaf
      const { step, events, show } = told({ run, undo: deaf })
      const controller = new AbortController()
      const ended = rejectionOf(runStep(step, controller.signal, show))
      controller.abort(interrupted)
      await vi.advanceTimersByTimeAsync(4_500)
      expect(await ended).toBe(interrupted)
      expect(events.at(-1)).toBe(
        'the rest is left to the next deploy or teardown: not done 4.2 s after the interruption',
      )
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('may take long to be undone after a failure, unless it is interrupted then', async () => {
    vi.useFakeTimers()
    const { step, events, show } = told({ run: () => Promise.reject(new Error('no')), undo: deaf })
    const controller = new AbortController()
    const ended = rejectionOf(runStep(step, controller.signal, show))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(events.at(-1)).toBe('undoing what was half done')
    controller.abort(interrupted)
    await vi.advanceTimersByTimeAsync(4_500)
    expect(await ended).toBe(interrupted)
  })

  it('is explained no longer once it is interrupted', async () => {
    vi.useFakeTimers()
    const fails = told({
      run: () => Promise.reject(new Error('no')),
      explain: () => new Promise<string>(() => undefined),
    })
    const controller = new AbortController()
    const ended = rejectionOf(runStep(fails.step, controller.signal, fails.show))
    await vi.advanceTimersByTimeAsync(1_000)
    controller.abort(interrupted)
    await vi.advanceTimersByTimeAsync(100)
    expect(await ended).toBe(interrupted)
    expect(fails.events.at(-1)).toBe('undone')
  })

  it('gets time to end what it began, before it is undone', async () => {
    vi.useFakeTimers()
    const { step, events, show } = told({
      deadlineMs: 5,
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2_500))
        events.push('killed')
        throw new Error('killed')
      },
    })
    const ended = labErrorOf(runStep(step, never(), show))
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await ended).code).toBe('step.timeout')
    expect(events).toEqual(['killed', 'explained', 'undoing what was half done', 'undone'])
  })
})

describe('a failure', () => {
  it('of a known kind keeps its code, message and hint, and gets the explanation', async () => {
    const failure = new LabError('cluster.rejected', 'no', { details: 'the server said', hint: 'mend it' })
    const { step, show } = told({ run: () => Promise.reject(failure) })
    expect(await labErrorOf(runStep(step, never(), show))).toMatchObject({
      code: 'cluster.rejected',
      message: 'no',
      hint: 'mend it',
      details: 'the server said\npod x crashes',
    })
  })

  it('of an unknown kind stays a bug', async () => {
    const bug = new TypeError('x is undefined')
    const { step, events, show } = told({ run: () => Promise.reject(bug) })
    expect(await rejectionOf(runStep(step, never(), show))).toBe(bug)
    expect(events).toContain('undone')
  })

  it('is not hidden by an undo that fails too', async () => {
    const failure = new LabError('command.failed', 'containerlab failed')
    const { step, events, show } = told({
      run: () => Promise.reject(failure),
      undo: () => Promise.reject(new Error('no engine')),
    })
    expect((await labErrorOf(runStep(step, never(), show))).message).toBe('containerlab failed')
    expect(events.at(-1)).toBe('could not be undone: no engine')
  })

  it('is not hidden by an explanation that fails, and is undone all the same', async () => {
    const failure = new LabError('command.failed', 'containerlab failed')
    const { step, events, show } = told({
      run: () => Promise.reject(failure),
      explain: () => {
        throw new Error('no kubeconfig')
      },
    })
    expect((await labErrorOf(runStep(step, never(), show))).message).toBe('containerlab failed')
    expect(events).toContain('undone')
  })
})

describe('an interruption', () => {
  it('is thrown as it is, after the undo; there is nothing to explain', async () => {
    const controller = new AbortController()
    const { step, events, show } = told({ run: waits('a pod') })
    const error = await rejectionOf(
      runStep(step, controller.signal, (line) => {
        show(line)
        controller.abort(interrupted)
      }),
    )
    expect(error).toBe(interrupted)
    expect(events).toEqual(['a pod', 'undoing what was half done', 'undone'])
  })

  it('wins over the deadline', async () => {
    const controller = new AbortController()
    const { step, show } = told({
      deadlineMs: 5,
      run: async ({ signal }) => {
        await waitUntil(() => Promise.resolve('x'), { signal }).catch(() => controller.abort(interrupted))
        throw new Error('ended')
      },
    })
    expect(await rejectionOf(runStep(step, controller.signal, show))).toBe(interrupted)
  })

  it('before a step begins undoes nothing: what stands there is not its own', async () => {
    let ran = false
    const { step, events, show } = told({
      run: () => {
        ran = true
        return Promise.resolve(undefined)
      },
    })
    expect(await rejectionOf(runStep(step, AbortSignal.abort(interrupted), show))).toBe(interrupted)
    expect({ ran, events }).toEqual({ ran: false, events: [] })
  })
})
