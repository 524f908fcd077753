import { setTimeout as delay } from 'node:timers/promises'

/** Time, replaceable in tests. */
export interface Clock {
  /** Milliseconds that only ever grow. */
  now(): number
  /** Resolves after `ms`, or rejects when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  },
}
