import { setTimeout as pause } from 'node:timers/promises'
import { unlessAborted } from './deadline.js'

export interface WaitOptions {
  /** Ends the wait; its reason is thrown. Every wait has one: it carries the step's deadline. */
  readonly signal: AbortSignal
  /** Milliseconds between two looks; default 500. */
  readonly everyMs?: number
  /** Told what is still missing, each time that changes. */
  readonly onWaiting?: (what: string) => void
}

/**
 * Looks again and again until there is nothing left to wait for. `look` returns `undefined` when the
 * condition holds, else what is still missing, as people read it. A look that hangs is left behind when the
 * signal ends the wait.
 */
export async function waitUntil(
  look: () => Promise<string | undefined>,
  { signal, everyMs = 500, onWaiting }: WaitOptions,
): Promise<void> {
  let last: string | undefined
  for (;;) {
    signal.throwIfAborted()
    const missing = await unlessAborted(signal, look())
    if (missing === undefined) return
    if (missing !== last) onWaiting?.(missing)
    last = missing
    await pause(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
