import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORD_FILE, type FileSums } from './checksums.js'

/** What is written beside a finished artifact. */
export interface ArtifactRecord {
  readonly name: string
  readonly key: string
  readonly version: string
  /** RFC 3339, UTC. */
  readonly builtAt: string
  readonly durationMs: number
  /** Id of the image in the engine, for images. */
  readonly imageId?: string
  /** What its files were when it was finished; artifacts of earlier versions of the program have none. */
  readonly files?: FileSums
}

/** What is written beside an artifact's files; `undefined` where there is nothing, or nothing that can be read. */
export async function readRecord(folder: string): Promise<ArtifactRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8')) as ArtifactRecord
  } catch {
    return undefined
  }
}
