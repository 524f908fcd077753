import { mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, normalize, resolve } from 'node:path'
import { LabError } from '../errors.js'
import { unlessAbsent } from '../host/not-found.js'

/**
 * Writes a file whole or not at all. What is no file, such as a pipe or /dev/stdout, is written to as it is.
 *
 * @param mode of the file; default: what the umask leaves
 */
export async function writeWhole(file: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const there = await statOf(file)
  if (there !== undefined && !there.isFile()) return writeFile(file, content)
  // A link to a file stays one.
  const target = there === undefined ? resolve(file) : await realpath(file)
  const temporary = `${target}.${String(process.pid)}.new`
  try {
    await writeFile(temporary, content, { flush: true, mode })
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * To be called before the work whose result is written.
 *
 * @throws LabError `usage.invalid` when there is no folder to write the file in, or it is a folder itself
 */
export async function mustBeWritable(file: string): Promise<void> {
  const folder = dirname(resolve(file))
  if ((await statOf(folder))?.isDirectory() !== true)
    throw new LabError('usage.invalid', `${file} cannot be written: there is no folder ${folder}`)
  if ((await statOf(file))?.isDirectory() === true)
    throw new LabError('usage.invalid', `${file} cannot be written: it is a folder`)
}

/**
 * Makes the folder that somebody named for what is written, and returns its name. `a/../b` is `b`: mkdir would make `a`,
 * which nobody asked for.
 */
export async function makeFolder(named: string): Promise<string> {
  const folder = normalize(named)
  await mkdir(folder, { recursive: true })
  return folder
}

const statOf = (path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> =>
  unlessAbsent(stat(path))
