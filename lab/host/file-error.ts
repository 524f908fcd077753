import { LabError } from '../errors.js'
import { FREE_SPACE } from './disk.js'
import { hasCode } from './error-code.js'

/** What a system says of a file for reasons that are its own. `ENOENT` is none: who reads a file must expect that. */
const NOT_ALLOWED = ['EACCES', 'EPERM', 'EROFS']
const REFUSALS = [...NOT_ALLOWED, 'ENOTDIR', 'EISDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG']
const FULL = ['ENOSPC', 'EDQUOT']

/** Whether an error says that a disk is full, or what its user may have of it. */
export const isDiskFull = (error: unknown): boolean => hasCode(error, ...FULL)

/** Whether an error says that this user may not write there. */
export const isWriteRefusal = (error: unknown): boolean => hasCode(error, ...NOT_ALLOWED)

/** An error of the file system as people read it; `undefined` for any other error. */
export function asFileError(error: unknown): LabError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code = '', path, syscall = '' }: NodeJS.ErrnoException = error
  if (isDiskFull(error)) {
    return new LabError('host.disk', `${path ?? 'a file could not be written'}: no space left on the disk`, {
      hint: FREE_SPACE,
      cause: error,
    })
  }
  if (path === undefined || !REFUSALS.includes(code)) return undefined
  // `EACCES: permission denied, mkdir '/x'`
  const words = /^\w+: ([^,]+)/.exec(error.message)?.[1] ?? code
  return new LabError('host.file', `${path}: ${words} (${syscall})`, {
    hint: 'mend that, or run as a user who may, then run the same command again',
    cause: error,
  })
}
