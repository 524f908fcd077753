import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { waitUntil } from './wait.js'

/** Who holds a lock: a process, told apart from a later one with the same id by its start time. */
export interface LockOwner {
  readonly pid: number
  /** Clock ticks after boot (proc_pid_stat(5), field 22); empty where there is no /proc. */
  readonly startTime: string
  /** RFC 3339, UTC. */
  readonly since: string
  /** What it does, as people read it. */
  readonly purpose: string
}

export type Release = () => Promise<void>

/**
 * Takes the lock, or says who holds it. The file appears whole or not at all (by link(2)); the lock of an
 * owner that has died is taken over.
 */
export async function tryLock(file: string, purpose: string): Promise<Release | LockOwner> {
  await mkdir(dirname(file), { recursive: true })
  const mine = `${file}.${String(process.pid)}.${Math.random().toString(36).slice(2)}`
  const owner: LockOwner = {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    since: new Date().toISOString(),
    purpose,
  }
  await writeFile(mine, JSON.stringify(owner))
  try {
    for (;;) {
      try {
        await link(mine, file)
        return () => rm(file, { force: true })
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error
      }
      const held = await readOwner(file)
      if (held !== undefined && (await isAlive(held))) return held
      await takeAway(file, held)
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** Waits for the lock until the signal ends the wait. */
export async function lock(
  file: string,
  purpose: string,
  { signal, onWaiting }: { signal: AbortSignal; onWaiting?: (what: string) => void },
): Promise<Release> {
  let release: Release | undefined
  await waitUntil(
    async () => {
      const got = await tryLock(file, purpose)
      if (typeof got !== 'function') return `process ${got.pid}, which began ${got.purpose} at ${got.since}`
      release = got
      return undefined
    },
    { signal, ...(onWaiting ? { onWaiting } : {}) },
  )
  if (release === undefined) throw new Error('waited for a lock and did not get it')
  return release
}

/** Moves a dead owner's file away. Only one of several takers succeeds; the others look again. */
async function takeAway(file: string, dead: LockOwner | undefined): Promise<void> {
  const away = `${file}.dead.${String(process.pid)}`
  try {
    await rename(file, away)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return
    throw error
  }
  const moved = await readOwner(away)
  // Between our look and our rename another taker may have replaced the dead owner: give its lock back.
  if (moved !== undefined && moved.since !== dead?.since) await link(away, file).catch(() => undefined)
  await rm(away, { force: true })
}

async function readOwner(file: string): Promise<LockOwner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LockOwner
  } catch {
    return undefined
  }
}

async function isAlive({ pid, startTime }: LockOwner): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false
  }
  const now = await startTimeOf(pid)
  return now === undefined || startTime === '' || now === startTime
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined)
  // The command, field 2, is in parentheses and may hold spaces: count from the last one.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
