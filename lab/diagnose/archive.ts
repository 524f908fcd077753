import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, type Run } from '../host/run.js'
import { writeWhole } from '../report/write-whole.js'

/** Readable by nobody else: what is redacted still tells much of a host. */
const MODE = 0o600

/**
 * Writes a compressed archive of one folder, whole or not at all.
 *
 * @param name of the folder in it
 * @param fill writes what is in the folder; the archive is not made when it throws
 * @returns the size in bytes
 * @throws LabError `host.lacks` where there is no tar, `command.failed` when that fails; the signal's reason
 */
export async function writeArchive(
  file: string,
  name: string,
  fill: (folder: string) => Promise<void>,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'headless-lab-diagnose-'))
  try {
    const folder = join(scratch, name)
    await mkdir(folder)
    await fill(folder)
    const made = join(scratch, 'archive.tar.gz')
    await must(run)('tar', ['-czf', made, '-C', scratch, name], { signal })
    const content = await readFile(made)
    signal.throwIfAborted()
    await writeWhole(file, content, MODE)
    return content.length
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** `headless-lab-<lab>-20260131T235959Z`: the folder in an archive, and the archive's own name without its ending. Pure. */
export const archiveName = (lab: string, at: Date): string =>
  `headless-lab-${lab}-${at.toISOString().replace(/[-:]|\.\d+/g, '')}`
