import { readdir, readFile, readlink } from 'node:fs/promises'
import { LabError } from '../errors.js'
import { withDeadline } from './deadline.js'
import { hasCode } from './error-code.js'
import { waitUntil } from './wait.js'

/** A process, told apart from a later one with the same id by its start time. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot (proc_pid_stat(5), field 22); empty where there is no /proc. */
  readonly startTime: string
}

/**
 * The variable of the environment that says who started a process. Whatever that starts in turn inherits it, so that
 * the whole family of a run that was killed is found, also what has left its process group.
 */
const VARIABLE = 'HEADLESS_LAB_RUN'

/** SIGKILL takes effect at once, but for a process that waits for a disk. */
const END_MS = 10_000

/** Clock ticks after boot at which a process started; `undefined` where there is no such process, or no /proc. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined)
  // The command, field 2, is in parentheses and may hold spaces: count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended; it only waits for its parent to ask.
  return fields?.[0] === 'Z' ? 'ended' : fields?.[19]
}

/** Process ids mean something in their namespace only: those of a container are others. Empty where there is no /proc. */
export const pidNamespace = (): Promise<string> => readlink('/proc/self/ns/pid').catch(() => '')

/** Tells this run of the kernel from those before it (random(4)). Empty where there is no /proc. */
export const bootId = (): Promise<string> =>
  readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  )

/** This process. */
export const self = async (): Promise<ProcessIdentity> => ({
  pid: process.pid,
  startTime: (await startTimeOf(process.pid)) ?? '',
})

/** What the environment of a command holds so that {@link endDescendants} finds it. */
export const markOf = (run: string): Record<string, string> => ({ [VARIABLE]: run })

let own: Promise<string> | undefined

/** What tells this run from all others, the same as long as it lasts: `pid:[4026531836] 4711 123456`. */
export const ownRun = (): Promise<string> => (own ??= self().then(runOf))

/** The mark of this run. */
export const ownMark = (): Promise<Record<string, string>> => ownRun().then(markOf)

/**
 * The label of containers that nobody but the run needs which made them, with {@link ownRun} as its value; an image
 * that is made from one takes it over, and has to empty it.
 */
export const RUN_LABEL = 'headless-lab.dev/run'

/** Whether a run is surely over: of those in other process namespaces nothing is known. */
export async function isOver(run: string): Promise<boolean> {
  const [namespace, pid, startTime = ''] = run.split(' ')
  if (namespace !== (await pidNamespace()) || !/^[1-9]\d*$/.test(pid ?? '')) return false
  return !(await isAlive({ pid: Number(pid), startTime }))
}

/** Whether this very process is still there. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
  }
  const now = await startTimeOf(pid)
  return now === undefined || startTime === '' || now === startTime
}

/** The run of a process of this namespace. */
export async function runOf({ pid, startTime }: ProcessIdentity): Promise<string> {
  return `${await pidNamespace()} ${String(pid)} ${startTime}`
}

/**
 * Ends what a run that died has left running: what it was making must not go on being made beside what removes or
 * repairs it. Nothing where there is no /proc.
 *
 * @throws LabError `lab.locked` that names those that do not end
 */
export async function endDescendants(of: ProcessIdentity): Promise<void> {
  const entry = `${VARIABLE}=${await runOf(of)}`
  let left: number[] = []
  const look = async (): Promise<string | undefined> => {
    left = await processesWith(entry)
    for (const pid of left) kill(pid)
    return left.length === 0 ? undefined : `the end of processes ${left.join(', ')}`
  }
  try {
    await withDeadline(END_MS, (signal) => waitUntil(look, { signal, everyMs: 50 }))
  } catch (error) {
    throw new LabError('lab.locked', `processes ${left.join(', ')} of a run that was killed do not end`, {
      cause: error,
      hint: 'they wait for a disk perhaps: run the same command again when they are gone',
    })
  }
}

/** Those that have ended have no environment any more, whether or not anybody has asked for their exit code. */
async function processesWith(entry: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  const environments = await Promise.all(
    pids.map((pid) => readFile(`/proc/${String(pid)}/environ`, 'utf8').catch(() => '')),
  )
  return pids.filter((pid, i) => pid !== process.pid && environments[i]?.split('\0').includes(entry) === true)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
