import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { LabError } from '../errors.js'
import { unlessAbsent } from '../host/not-found.js'
import { lock, type Release } from '../host/lock.js'

/** Labs change the file one after the other, each for a moment. */
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
  const release = await held(file)
  const copy = `${file}.headless-lab`
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
  const timer = setTimeout(() => {
    late.abort(
      new LabError('lab.locked', `${file} is being changed by another lab`, {
        hint: 'run the same command again',
      }),
    )
  }, WAIT_MS)
  try {
    return await lock(`${file}.headless-lab.lock`, 'changing the hosts file', { signal: late.signal })
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
