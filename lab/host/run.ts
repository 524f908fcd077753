import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { LabError } from '../errors.js'
import { ownMark } from './descendants.js'

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Ends the command, and everything it started, when aborted. */
  readonly signal?: AbortSignal
  /** Whether it is killed then, and not asked to end: what it would do about that is not wanted. Default: false. */
  readonly killAtOnce?: boolean
  /** Whether it goes on where this program is killed: see {@link ownMark}. Default: false, the next run ends it. */
  readonly outlives?: boolean
  /** File to which stdout and stderr are appended as they come. */
  readonly log?: string
  /** Text for the command's standard input; without it there is none. */
  readonly input?: string
}

export interface RunResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run. The type the program's adapters ask for, so that tests can stand in for the host. */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>

/** How long a command, and what it started, may take to end after SIGTERM before it is killed. */
const KILL_AFTER_MS = 2_000

/** Groups of the commands that run, but for those that go on where this program is killed. */
const groups = new Set<number>()
// A program that does not wait for what it was told to end must not leave it behind.
process.on('exit', () => {
  for (const group of groups) killGroup(group, 'SIGKILL')
})

/** Whether there still was somebody to get it. */
function killGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    // The group has ended already.
    return false
  }
}

/**
 * Runs a command to its end, whatever its exit code. Arguments are an array: no shell is involved.
 * The command leads a process group of its own, so that an abort ends its grandchildren too.
 *
 * @throws LabError `host.lacks` when there is no such command; the signal's reason when aborted.
 */
export const tryRun: Run = async (file, args, options = {}) => {
  const { signal } = options
  signal?.throwIfAborted()
  const mark = options.outlives === true ? {} : await ownMark()
  signal?.throwIfAborted()
  const child = execa(file, args, {
    detached: true,
    reject: false,
    cleanup: false,
    maxBuffer: 64 * 1024 * 1024,
    all: true,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...mark, ...options.env },
  })
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' })
  log?.write(`\n$ ${[file, ...args].join(' ')}\n`)
  if (log) child.all.pipe(log, { end: false })

  const { pid } = child
  if (pid !== undefined && options.outlives !== true) groups.add(pid)
  const kill = (name: NodeJS.Signals | 0): boolean => pid !== undefined && killGroup(pid, name)
  let last: NodeJS.Timeout | undefined
  const abort = (): void => {
    if (options.killAtOnce === true) kill('SIGKILL')
    else kill('SIGTERM')
    last = setTimeout(() => {
      kill('SIGKILL')
      last = undefined
    }, KILL_AFTER_MS)
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const result = await child
    signal?.throwIfAborted()
    if (result.code === 'ENOENT') {
      throw new LabError('host.lacks', `the command ${file} is not there`, { cause: result.cause })
    }
    return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr }
  } finally {
    // The command may have ended before what it started.
    while (last !== undefined && kill(0)) await pause(50)
    clearTimeout(last)
    if (pid !== undefined) groups.delete(pid)
    signal?.removeEventListener('abort', abort)
    if (log) {
      log.end()
      await finished(log)
    }
  }
}

/**
 * Runs a command that must succeed.
 *
 * @throws LabError `command.failed` with the last lines of its output when the exit code is not 0. Whoever knows better
 * than to try again says so in an error of its own.
 */
export function must(run: Run): Run {
  return async (file, args, options = {}) => {
    const result = await run(file, args, options)
    if (result.exitCode === 0) return result
    throw new LabError(
      'command.failed',
      `${commandLine(file, args)} failed with exit code ${result.exitCode}`,
      {
        details: tail(result.stderr.trim() === '' ? result.stdout : result.stderr, 20),
        hint:
          options.log === undefined
            ? `run the same command again; if it fails again, mend what ${file} says`
            : `the whole output is in ${options.log}`,
      },
    )
  }
}

/** The last `count` lines of a text. */
export function tail(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}

/** A command as a person would type it, cut to what an error line can hold. */
export function commandLine(file: string, args: readonly string[]): string {
  const line = [file, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ')
  return line.length <= 160 ? line : `${line.slice(0, 157)}…`
}
