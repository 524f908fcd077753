import { open } from 'node:fs/promises'

/** How many lines of a log are asked for. */
export const LINES = 5_000

/** How many bytes of a log are kept, so that one that runs wild leaves room for the others. */
export const BYTES = 1024 * 1024

/** The same of what is no single log: JSON that is cut cannot be read, and of many logs in one the first would be lost. */
export const MANY_BYTES = 8 * BYTES

/** The end of a text, by whole lines, with a line before it that says so where it is not all. Pure. */
export function tailOf(text: string, bytes = BYTES): string {
  const all = Buffer.from(text)
  return all.length <= bytes ? text : cut(all.subarray(all.length - bytes), all.length)
}

/** The end of a file, as `tailOf`; no more of it is read. */
export async function tailOfFile(path: string, bytes = BYTES): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const end = buffer.subarray(0, bytesRead)
    return size <= bytes ? end.toString() : cut(end, size)
  } finally {
    await file.close()
  }
}

function cut(end: Buffer, size: number): string {
  const firstEnd = end.indexOf('\n')
  // One line longer than all that may be kept is better than nothing.
  const lines = end.subarray(firstEnd === end.length - 1 ? 0 : firstEnd + 1).toString()
  return `… the last ${Buffer.byteLength(lines)} of ${size} bytes …\n${lines}`
}
