import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { LabError } from '../errors.js'
import { isWriteRefusal } from '../host/file-error.js'
import { exists, unlessAbsent } from '../host/not-found.js'
import { lock, type Release } from '../host/lock.js'

/** Runs of this program change the file one after the other, each for a moment; containerlab takes no lock. */
const WAIT_MS = 10_000

/**
 * Reads the hosts file, and writes it where the change makes it another one.
 *
 * By rename where the file system allows it: a container's /etc/hosts is a mount of its own and is written in place,
 * with a whole copy beside it until that is done.
 *
 * @returns whether it was changed
 * @throws LabError `lab.locked`
 */
export async function changeHosts(file: string, change: (text: string) => string): Promise<boolean> {
  const copy = `${file}.headless-lab`
  const release = await held(file).catch(async (error: unknown) => {
    // Whoever may write nothing beside the file may still be told that there is nothing to do.
    const is = await readFile(file, 'utf8')
    if (!isWriteRefusal(error) || (await exists(copy)) || change(is) !== is) throw error
  })
  if (release === undefined) return false
  try {
    const is = await readFile(file, 'utf8')
    const now = change(completed(is, await unlessAbsent(readFile(copy, 'utf8'))))
    if (now !== is) await replace(file, copy, now)
    await rm(copy, { force: true })
    return now !== is
  } finally {
    await release()
  }
}

/** @throws LabError `lab.locked` where another lab does not let go of it */
async function held(file: string): Promise<Release> {
  const late = new AbortController()
  let holder = 'another lab'
  const timer = setTimeout(() => {
    late.abort(
      new LabError('lab.locked', `${file} is held by ${holder}`, {
        hint: 'run the same command again',
      }),
    )
  }, WAIT_MS)
  try {
    return await lock(`${file}.headless-lab.lock`, 'changing the hosts file', {
      signal: late.signal,
      onWaiting: (who) => (holder = who),
    })
  } finally {
    clearTimeout(timer)
  }
}

/** A file that a killed run had begun to write in place is only a beginning of the copy beside it. */
const completed = (is: string, copy: string | undefined): string =>
  copy?.startsWith(is) === true && (is === '' || !is.endsWith('\n')) ? copy : is

async function replace(file: string, copy: string, text: string): Promise<void> {
  const { mode } = await stat(file)
  await writeFile(copy, text, { mode, flush: true })
  try {
    await rename(copy, file)
  } catch {
    await writeFile(file, text, { flush: true })
  }
}
