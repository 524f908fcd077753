import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** The file beside an artifact's own that tells of it. */
export const RECORD_FILE = 'artifact.json'

/** What a file was when its artifact was finished. */
export interface FileSum {
  readonly sha256: string
  /**
   * Its ctime, in milliseconds. Every change of a file sets it, and no program can set it back: a file that still has
   * it need not be read again, which for all artifacts together is half a gigabyte.
   */
  readonly changedAt: number
}

/** Checksums by path, relative to the artifact's folder. */
export type FileSums = Readonly<Record<string, FileSum>>

/** The checksums of all files below a folder. */
export async function checksums(folder: string): Promise<FileSums> {
  const sums: Record<string, FileSum> = {}
  for (const path of await filesBelow(folder)) {
    const file = join(folder, path)
    sums[path] = { sha256: await sha256(file), changedAt: (await look(file)).ctimeMs }
  }
  return sums
}

/** The files below a folder that are not what they were: changed, gone, or not there before. */
export async function changedFiles(folder: string, sums: FileSums): Promise<string[]> {
  const there = await filesBelow(folder)
  const changed: string[] = Object.keys(sums).filter((path) => !there.includes(path))
  for (const path of there) {
    const sum = sums[path]
    if (sum === undefined || !(await isAsItWas(join(folder, path), sum))) changed.push(path)
  }
  return changed.toSorted()
}

async function isAsItWas(file: string, { sha256: before, changedAt }: FileSum): Promise<boolean> {
  const { ctimeMs, isFile } = await look(file)
  return isFile && (ctimeMs === changedAt || (await sha256(file)) === before)
}

/** Of the file itself: a link to another is no file of ours, and a pipe would never end. */
async function look(file: string): Promise<{ ctimeMs: number; isFile: boolean }> {
  const seen = await lstat(file)
  return { ctimeMs: seen.ctimeMs, isFile: seen.isFile() }
}

/** The checksum of one file, in hexadecimal digits. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  // Large pieces: the programs are up to 150 MB.
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

/** Paths of everything that is no folder, but for the record. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== RECORD_FILE)
    .toSorted()
}
