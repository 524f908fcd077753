import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withDeadline } from '../host/deadline.js'
import type { Limits } from './deadlines.js'
import type { Collected, CollectedFile, Part, Problem, Source } from './part.js'
import { reasonOf } from './reason.js'
import type { Redact } from './redact.js'

/** How many questions are asked at once. */
const BESIDE = 6

/** What collecting is given. */
export interface Gathering {
  /** Where the files are written. */
  readonly folder: string
  readonly redact: Redact
  readonly limits: Pick<Limits, 'partMs' | 'wholeMs'>
  /** Interrupts it; its reason is thrown. */
  readonly signal: AbortSignal
  /** Told each problem as it comes. */
  readonly onProblem: (problem: Problem) => void
}

/**
 * Collects the parts of all sources, each with its deadline, and writes them without their secrets. What cannot be
 * collected, or not in time, is a problem and nothing more.
 *
 * @throws the signal's reason, once nothing is written any more; what the file system says of a file of its own
 */
export async function gather(sources: readonly Source[], gathering: Gathering): Promise<Collected> {
  const { limits, signal, redact, folder, onProblem } = gathering
  const end = performance.now() + limits.wholeMs
  const inTime = async <T>(what: string, ask: (ends: AbortSignal) => Promise<T>): Promise<T | Problem> => {
    try {
      const left = end - performance.now()
      if (left <= 0) throw new Error(`no time was left of ${limits.wholeMs / 1000} s for all`)
      return await withDeadline(Math.min(limits.partMs, left), ask, signal)
    } catch (error) {
      signal.throwIfAborted()
      const problem = { what, reason: redact(reasonOf(error)).text }
      onProblem(problem)
      return problem
    }
  }
  const collect = async ({ file, about, read }: Part): Promise<CollectedFile | Problem> => {
    const text = await inTime(file, read)
    if (typeof text !== 'string') return text
    const { text: clean, count } = redact(text)
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), clean)
    return { file, about, size: Buffer.byteLength(clean), redacted: count }
  }
  const found = await settled(
    sources.map(
      ({ name, find }) =>
        () =>
          inTime(name, find),
    ),
    sources.length,
  )
  const parts = found.flatMap((one) => ('reason' in one ? [] : one))
  const results = await settled(
    parts.map((part) => () => collect(part)),
    BESIDE,
  )
  const all = [...found.flatMap((one) => ('reason' in one ? [one] : [])), ...results]
  return {
    files: all.flatMap((one) => ('file' in one ? [one] : [])),
    problems: all.flatMap((one) => ('reason' in one ? [one] : [])),
  }
}

/** Does so many at once. When one throws, none is begun any more, and it is thrown once those that run have ended. */
async function settled<T>(tasks: readonly (() => Promise<T>)[], beside: number): Promise<T[]> {
  const results: T[] = []
  const left = [...tasks.entries()]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [i, task] = next
      try {
        results[i] = await task()
      } catch (error) {
        left.length = 0
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: beside }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return results
}
