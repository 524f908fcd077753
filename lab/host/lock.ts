import { createHash } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isNotFound } from './not-found.js'
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
      const text = await read(file)
      if (text === undefined) continue
      const held = ownerIn(text)
      if (held !== undefined && (await isAlive(held))) return held
      const taker = await takeAway(file, text, purpose)
      if (taker !== undefined) return taker
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
      // Nobody is there any more to give it back.
      if (signal.aborted) await got()
      release = got
      return undefined
    },
    { signal, ...(onWaiting ? { onWaiting } : {}) },
  )
  if (release === undefined) throw new Error('waited for a lock and did not get it')
  return release
}

/**
 * Removes the file of a dead owner. Whoever does so holds a lock for this very file meanwhile: two that both
 * saw the dead owner would else remove each other's new lock.
 *
 * @returns who is removing it already
 */
async function takeAway(file: string, dead: string, purpose: string): Promise<LockOwner | undefined> {
  const which = createHash('sha256').update(dead).digest('hex').slice(0, 16)
  const got = await tryLock(`${file}.${which}`, purpose)
  if (typeof got !== 'function') return got
  try {
    if ((await read(file)) === dead) await rm(file, { force: true })
    return undefined
  } finally {
    await got()
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function ownerIn(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner
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
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended; it only waits for its parent to ask.
  return fields?.[0] === 'Z' ? 'ended' : fields?.[19]
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
