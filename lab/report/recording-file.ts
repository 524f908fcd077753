import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { isNotFound } from '../host/not-found.js'
import type { Recording } from '../observe/model/target.js'
import { invalid, parseRecording, printRecording } from './recording.js'
import { writeWhole } from './write-whole.js'

/** More than any cluster gives; a file that holds or unpacks to more, or has no end, is none of ours. */
const LARGEST = 1 << 29

/** Saves a recording, compressed where the name of the file ends in `.gz`. */
export async function writeRecording(file: string, recording: Recording): Promise<void> {
  const text = printRecording(recording)
  await writeWhole(file, file.endsWith('.gz') ? await promisify(gzip)(text) : text)
}

/**
 * Reads a saved recording, compressed or not.
 *
 * @throws LabError `recording.invalid` when there is no such file, or it is none that can be judged
 */
export async function readRecording(file: string): Promise<Recording> {
  return parseRecording((await unpacked(await contentOf(file), file)).toString(), file)
}

async function contentOf(file: string): Promise<Buffer> {
  const content = await buffer(createReadStream(file, { end: LARGEST })).catch((error: unknown) => {
    if (isNotFound(error)) throw invalid(file, 'there is no such file', error)
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') throw invalid(file, 'it is a folder', error)
    throw error
  })
  if (content.length > LARGEST) throw invalid(file, 'it is larger than any recording')
  return content
}

async function unpacked(content: Buffer, file: string): Promise<Buffer> {
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content
  try {
    return await promisify(gunzip)(content, { maxOutputLength: LARGEST })
  } catch (error) {
    throw invalid(file, 'it cannot be unpacked, or not all of it', error)
  }
}
