import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { isNotFound } from '../host/not-found.js'
import type { Recording } from '../observe/model/target.js'
import { invalid, parseRecording, printRecording } from './recording.js'
import { writeWhole } from './write-whole.js'

/** More than any cluster gives; a file that unpacks to more is none of ours. */
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
  try {
    return await readFile(file)
  } catch (error) {
    if (isNotFound(error)) throw invalid(file, 'there is no such file', error)
    throw error
  }
}

async function unpacked(content: Buffer, file: string): Promise<Buffer> {
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content
  try {
    return await promisify(gunzip)(content, { maxOutputLength: LARGEST })
  } catch (error) {
    throw invalid(file, 'it cannot be unpacked, or not all of it', error)
  }
}
