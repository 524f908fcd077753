import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import type { Run, RunOptions, RunResult } from '../../../lab/host/run.js'

/** One command as a fake saw it. */
export interface Call {
  /** The command and its arguments, joined by blanks. */
  readonly line: string
  readonly args: readonly string[]
  readonly options: RunOptions
}

export type Answer = string | Partial<RunResult> | undefined

/**
 * Stands in for the host. `answer` gives standard output, or a whole result, for a command; one that it does
 * not know (`undefined`) is an error of the test.
 */
export function fakeRun(answer: (call: Call) => Answer | Promise<Answer>): { run: Run; calls: Call[] } {
  const calls: Call[] = []
  const run: Run = async (file, args, options = {}) => {
    options.signal?.throwIfAborted()
    const call = { line: [file, ...args].join(' '), args, options }
    calls.push(call)
    const result = await answer(call)
    options.signal?.throwIfAborted()
    if (result === undefined) throw new Error(`the test knows no such command: ${call.line}`)
    return {
      exitCode: 0,
      stdout: '',
      stderr: '',
      ...(typeof result === 'string' ? { stdout: result } : result),
    }
  }
  return { run, calls }
}

export const linesOf = (calls: readonly Call[]): string[] => calls.map(({ line }) => line)

/** A temporary folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headless-lab-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )
}

/** The LabError that a promise is rejected with. */
export async function labErrorOf(promise: Promise<unknown>): Promise<LabError> {
  const error = await rejectionOf(promise)
  if (error instanceof LabError) return error
  throw new Error('not a LabError', { cause: error })
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** A promise that the test settles. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A signal that nothing aborts. */
/** What those are given that wait for something. */
export const waiting = (): { signal: AbortSignal; progress: () => void } => ({
  signal: never(),
  progress: () => undefined,
})

export const never = (): AbortSignal => new AbortController().signal
