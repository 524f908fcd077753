import { LabError } from '../errors.js'
import { tail } from '../host/run.js'
import { wordsOf } from '../words.js'

/** Why something could not be collected, as one line: of an error's details the last tells most. */
export function reasonOf(error: unknown): string {
  const message = wordsOf(error)
  const details = error instanceof LabError && error.details !== undefined ? tail(error.details, 1) : ''
  return [message, details]
    .map((text) => text.trim().replace(/\s+/g, ' '))
    .filter((text) => text !== '')
    .join(': ')
}
