import { LabError } from '../errors.js'
import { invalid } from '../report/recording.js'
import { readRecording } from '../report/recording-file.js'
import type { VerifyResult } from '../report/model.js'
import { replay } from '../verify.js'
import type { VerifyCommandOptions } from './verify-options.js'
import { wordsOf } from '../words.js'

/** Judges what was saved. What of it is not as checks expect it is the file's fault and no bug. */
export async function replayFile(file: string, options: VerifyCommandOptions): Promise<VerifyResult> {
  const recording = await readRecording(file)
  try {
    return replay(recording, options)
  } catch (error) {
    if (error instanceof LabError) throw error
    const reason = wordsOf(error)
    throw invalid(file, `what it holds cannot be judged: ${reason}`, error)
  }
}
