import { dirname, isAbsolute } from 'node:path'
import { LabError } from '../errors.js'
import { changedFiles } from './checksums.js'
import { readRecord } from './record.js'

/**
 * Refuses an artifact whose files are not those that were built.
 *
 * @throws LabError `artifact.changed` that names them
 */
export async function mustBeAsBuilt(folder: string): Promise<void> {
  const record = await readRecord(folder)
  if (record?.files === undefined) return
  const changed = await changedFiles(folder, record.files)
  if (changed.length === 0) return
  throw new LabError(
    'artifact.changed',
    `${record.name} in the cache is not what was built: ${changed.join(', ')} changed`,
    { hint: `find out what did that; then remove ${folder}, and deploy builds it again` },
  )
}

/** The same for a program that lies in an artifact's folder; one of the PATH is none of ours. */
export async function programMustBeAsBuilt(file: string): Promise<void> {
  if (isAbsolute(file)) await mustBeAsBuilt(dirname(file))
}
