import { LabError } from '../errors.js'
import { withDeadline } from '../host/deadline.js'
import { wordsOf } from '../words.js'

/** What a running step is given. */
export interface StepIo {
  /** Aborted at the step's deadline and when the program is interrupted. */
  readonly signal: AbortSignal
  /** The one line that says what the step does or waits for; also named when its deadline passes. */
  readonly progress: (line: string) => void
}

/** One part of a pipeline that can be read alone: idempotent, with a deadline and its undo. */
export interface Step {
  readonly title: string
  /** Milliseconds; a step that takes longer is ended. */
  readonly deadlineMs: number
  /**
   * Does the step. What it returns is shown beside its title, for example `nothing to do`. One that does not
   * end by itself once its signal is aborted is left behind.
   */
  readonly run: (io: StepIo) => Promise<string | undefined>
  /** Removes what a failed or interrupted run of this very step has half done. */
  readonly undo?: (signal: AbortSignal) => Promise<void>
  /** What explains a failure: pods, events, logs. Asked before the undo. Never throws. */
  readonly explain?: () => Promise<string>
}

/**
 * Runs one step under its deadline.
 *
 * @param interrupt aborted, with a LabError as its reason, when the program is interrupted
 * @throws LabError `step.timeout` naming what was waited for, or what the step threw, with the step's
 * explanation; the undo has run by then
 */
export async function runStep(
  step: Step,
  interrupt: AbortSignal,
  show: (line: string) => void,
): Promise<string | undefined> {
  // What stands there before the step begins is not for its undo.
  interrupt.throwIfAborted()
  let doing = step.title
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), step.deadlineMs)
  const signal = AbortSignal.any([interrupt, late.signal])
  const progress = (line: string): void => {
    doing = line
    show(line)
  }
  const { signal: hurry, stop: noHurry } = hurryAfter(interrupt)
  let leave: NodeJS.Timeout | undefined
  let onAbort = (): void => undefined
  try {
    const leftBehind = new Promise<never>((_, reject) => {
      onAbort = () => {
        leave = setTimeout(() => reject(signal.reason as Error), LEAVE_MS)
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
    return await Promise.race([step.run({ signal, progress }), leftBehind])
  } catch (error) {
    const details = interrupt.aborted ? undefined : await explain(step, interrupt)
    await undo(step, hurry, show)
    interrupt.throwIfAborted()
    if (late.signal.aborted) throw timeout(step, doing, details, error)
    if (error instanceof LabError && details !== undefined) throw withDetails(error, details)
    throw error
  } finally {
    clearTimeout(timer)
    clearTimeout(leave)
    // A step that is over must not hold the program when a later one is interrupted.
    signal.removeEventListener('abort', onAbort)
    noHurry()
  }
}

/**
 * Whoever interrupts wants the end soon: what is not undone by then, the next deploy or teardown finds half made.
 * Milliseconds from the interruption, of the 5 seconds that the whole program may take to end.
 */
const END_MS = 4_200

/** A signal that is aborted so long after an interruption, whenever in a step that comes. */
function hurryAfter(interrupt: AbortSignal): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    timer = setTimeout(() => {
      controller.abort(new Error(`not done ${END_MS / 1000} s after the interruption`))
    }, END_MS)
  }
  interrupt.addEventListener('abort', begin, { once: true })
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(timer)
      interrupt.removeEventListener('abort', begin)
    },
  }
}

/** After its signal a run may take this long to end what it began: more than a command needs to be killed. */
const LEAVE_MS = 3_000

/** An engine or API server that is gone must not make the end of a failed step as long as the step. */
const EXPLAIN_MS = 15_000
const UNDO_MS = 60_000

/** An explanation that fails must hide neither the error nor the undo. */
async function explain(step: Step, interrupt: AbortSignal): Promise<string | undefined> {
  try {
    return await withDeadline(EXPLAIN_MS, async () => step.explain?.(), interrupt)
  } catch (error) {
    return `it could not be explained: ${wordsOf(error)}`
  }
}

async function undo(step: Step, hurry: AbortSignal, show: (line: string) => void): Promise<void> {
  const { undo: effect } = step
  if (effect === undefined) return
  show('undoing what was half done')
  try {
    await withDeadline(UNDO_MS, effect, hurry)
  } catch (error) {
    const left = hurry.aborted ? 'the rest is left to the next deploy or teardown' : 'could not be undone'
    show(`${left}: ${wordsOf(error)}`)
  }
}

function timeout(step: Step, doing: string, details: string | undefined, cause: unknown): LabError {
  return new LabError(
    'step.timeout',
    `${step.title}: not done in ${step.deadlineMs / 1000} s; last: ${doing}`,
    {
      cause,
      ...(details === undefined ? {} : { details }),
      hint: 'what was finished before stays; run deploy again to go on, or teardown to remove it',
    },
  )
}

function withDetails(error: LabError, details: string): LabError {
  const all = [error.details, details].filter((text) => text !== undefined).join('\n')
  return new LabError(error.code, error.message, {
    cause: error.cause,
    details: all,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
