import { createHash } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LabError } from '../errors.js'
import { bootId, endDescendants, isAlive, pidNamespace, self, type ProcessIdentity } from './descendants.js'
import { hasCode } from './error-code.js'
import { isNotFound, unlessAbsent } from './not-found.js'
import { waitUntil } from './wait.js'

/** Who holds a lock. */
export interface LockOwner extends ProcessIdentity {
  /** The process namespace that its id is one of; absent in what an earlier version wrote, and where there is no /proc. */
  readonly namespace?: string
  /** The run of the kernel in which it lives; absent likewise. */
  readonly boot?: string
  /** RFC 3339, UTC. */
  readonly since: string
  /** What it does, as people read it. */
  readonly purpose: string
}

export type Release = () => Promise<void>

/** What is told of a lock that is held; `what`: the subject of the sentence. */
export async function lockedBy(what: string, file: string, owner: LockOwner): Promise<LabError> {
  const { pid, purpose, since } = owner
  const ifGone = (await isHere(owner))
    ? ''
    : `; if it is gone, which cannot be seen from here, remove ${file}`
  return new LabError('lab.locked', `${what} is held by process ${pid} (${purpose}, since ${since})`, {
    hint: `wait until it is done, then run the same command again${ifGone}`,
  })
}

/** Who holds a lock now; `undefined` where nobody does. */
export async function holderOf(file: string): Promise<LockOwner | undefined> {
  const owner = ownerIn((await read(file)) ?? '')
  return owner !== undefined && (await isHeldBy(owner)) ? owner : undefined
}

/** Of processes in other namespaces nothing is known: what may live is not taken over. */
async function isHeldBy(owner: LockOwner): Promise<boolean> {
  if (![undefined, '', await bootId()].includes(owner.boot)) return false
  return !(await isHere(owner)) || isAlive(owner)
}

/** Whether it is this very process. */
export async function isOwn(owner: LockOwner): Promise<boolean> {
  const { pid, startTime } = await self()
  return (await isHere(owner)) && owner.pid === pid && owner.startTime === startTime
}

/** Whether the process is, or was, one of this namespace. */
async function isHere({ namespace = '' }: LockOwner): Promise<boolean> {
  return namespace === '' || namespace === (await pidNamespace())
}

/**
 * Takes the lock, or says who holds it. The file appears whole or not at all (by link(2)); the lock of an
 * owner that has died is taken over, once everything that owner left running is ended.
 */
export async function tryLock(file: string, purpose: string): Promise<Release | LockOwner> {
  await mkdir(dirname(file), { recursive: true })
  const mine = `${file}.${String(process.pid)}.${Math.random().toString(36).slice(2)}`
  const owner: LockOwner = {
    ...(await self()),
    namespace: await pidNamespace(),
    boot: await bootId(),
    since: new Date().toISOString(),
    purpose,
  }
  try {
    await writeOwner(mine, owner)
    for (;;) {
      try {
        await link(mine, file)
        return async () => {
          await removeLeftovers(file)
          await rm(file, { force: true })
        }
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      const text = await read(file)
      if (text === undefined) continue
      const held = ownerIn(text)
      if (held !== undefined && (await isHeldBy(held))) return held
      const taker = await takeAway(file, text, held, purpose)
      if (taker !== undefined) return taker
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** The folder may be removed meanwhile, by the last of other labs that goes. */
async function writeOwner(file: string, owner: LockOwner): Promise<void> {
  try {
    await writeFile(file, JSON.stringify(owner))
  } catch (error) {
    if (!isNotFound(error)) throw error
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, JSON.stringify(owner))
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
      if (typeof got !== 'function') {
        const where = (await isHere(got))
          ? ''
          : ` in another process namespace (if it is gone, remove ${file})`
        return `process ${got.pid}${where}, which began ${got.purpose} at ${got.since}`
      }
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
async function takeAway(
  file: string,
  dead: string,
  owner: LockOwner | undefined,
  purpose: string,
): Promise<LockOwner | undefined> {
  const which = createHash('sha256').update(dead).digest('hex').slice(0, 16)
  const got = await tryLock(`${file}.${which}`, purpose)
  if (typeof got !== 'function') return got
  try {
    if ((await read(file)) !== dead) return undefined
    if (owner !== undefined) await endDescendants(owner)
    await rm(file, { force: true })
    return undefined
  } finally {
    await got()
  }
}

/** Removes what processes that were killed while they took this lock have left beside it. */
async function removeLeftovers(file: string): Promise<void> {
  const beside = (await readdir(dirname(file))).filter((name) => name.startsWith(`${basename(file)}.`))
  for (const name of beside) {
    const left = join(dirname(file), name)
    const pid = Number(/\.(\d+)\.[0-9a-z]+$/.exec(name)?.[1])
    const owner =
      ownerIn((await read(left)) ?? '') ??
      (Number.isInteger(pid) ? { pid, startTime: '', since: '', purpose: '' } : undefined)
    if (owner !== undefined && !(await isHeldBy(owner))) await rm(left, { force: true })
  }
}

const read = (file: string): Promise<string | undefined> => unlessAbsent(readFile(file, 'utf8'))

function ownerIn(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner
  } catch {
    return undefined
  }
}
