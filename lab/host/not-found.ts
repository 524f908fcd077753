import { access } from 'node:fs/promises'
import { hasCode } from './error-code.js'

/** Whether an error of the file system says that there is no such file. */
export const isNotFound = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR')

/** What an effect on a file gives; `undefined` where there is no such file. */
export async function unlessAbsent<T>(effect: Promise<T>): Promise<T | undefined> {
  try {
    return await effect
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Whether there is a file or folder of this path. */
export async function exists(path: string): Promise<boolean> {
  return (await unlessAbsent(access(path).then(() => true))) === true
}
