import { withDeadline } from '../host/deadline.js'
import type { Clock } from './clock.js'
import type { Part, PartMissing } from './model/observations.js'
import { cut } from '../words.js'

/** What every collector gets: how time is told, how long a part may take, and what ends all of it. */
export interface Collecting {
  readonly clock: Clock
  readonly signal?: AbortSignal
  readonly onPart?: (name: string, part: Part<unknown>) => void
}

/**
 * One part of the observations. Whatever goes wrong in it, its deadline included, becomes the part's own
 * error; only an interruption of the whole run is thrown.
 */
export async function collect<T>(
  collecting: Collecting,
  { name, source, deadlineMs }: { name: string; source: string; deadlineMs: number },
  effect: (signal: AbortSignal) => Promise<T>,
): Promise<Part<T>> {
  const { clock, signal, onPart } = collecting
  const start = clock.now()
  const durationMs = (): number => Math.round(clock.now() - start)
  let part: Part<T>
  try {
    const value = await withDeadline(deadlineMs, effect, signal)
    part = { value, source, durationMs: durationMs() }
  } catch (error) {
    signal?.throwIfAborted()
    part = { error: oneLine(error), source, durationMs: durationMs() }
  }
  onPart?.(name, part)
  return part
}

/** A part that cannot be observed because of another one. */
export function missing(error: string, source: string): PartMissing {
  return { error, source, durationMs: 0 }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error)
  return cut(text.replaceAll(/\s+/g, ' ').trim(), 300)
}
