import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { unlessAbsent } from '../host/not-found.js'
import { must, tryRun } from '../host/run.js'

/**
 * Mount points at a folder and below it, deepest first, from the text of /proc/self/mountinfo. Pure.
 *
 * @param folder absolute and without symbolic links, as the kernel writes them
 */
export function mountsWithin(mountinfo: string, folder: string): string[] {
  return (
    mountinfo
      .split('\n')
      .map((line) => unescaped(line.split(' ')[4] ?? ''))
      .filter((point) => `${point}/`.startsWith(`${folder}/`))
      // What is mounted below another one has the longer path.
      .toSorted((a, b) => b.length - a.length)
  )
}

/** The kernel writes blanks, ends of lines and backslashes of a path as octal numbers: `\040`. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/**
 * Unmounts what is mounted at a folder and below it, so that whoever removes the folder does not remove what is
 * mounted there. Nothing where there is no such folder, or no /proc.
 *
 * @throws LabError `command.failed` in the words of umount, when something uses it for example
 */
export async function unmountWithin(folder: string): Promise<void> {
  const parent = await unlessAbsent(realpath(dirname(folder)))
  const mountinfo = await unlessAbsent(readFile('/proc/self/mountinfo', 'utf8'))
  if (parent === undefined || mountinfo === undefined) return
  // Not the real path of the folder itself: a symbolic link is removed, and not what it leads to.
  const points = mountsWithin(mountinfo, join(parent, basename(folder)))
  const run = must(tryRun)
  // Of what is bound here from elsewhere, and shared with there, an inner mount would be unmounted there too.
  for (const point of points) await run('mount', ['--make-private', point])
  for (const point of points) await run('umount', [point], { env: { LC_ALL: 'C' } })
}
