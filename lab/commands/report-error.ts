import { LabError } from '../errors.js'
import { asFileError } from '../host/file-error.js'

/**
 * Prints an error for people: what explains it, then one line that says it, then what to do. Anything that
 * is no LabError, and no file that the system refuses, is a bug and shows its stack.
 *
 * @returns the exit code
 */
export function reportError(thrown: unknown, say: (line: string) => void): number {
  const error = asFileError(thrown) ?? thrown
  if (!(error instanceof LabError)) {
    say('headless-lab: this is a bug; please report it with the lines below')
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 4
  }
  if (error.details !== undefined && error.details !== '') say(error.details)
  say(`headless-lab: ${error.message}`)
  if (error.hint !== undefined) say(`  ${error.hint}`)
  return error.exitCode
}
