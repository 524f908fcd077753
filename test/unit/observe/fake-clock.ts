import type { Clock } from '../../../lab/observe/clock.js'

/** A clock on which sleeping takes no time. */
export class FakeClock implements Clock {
  private time = 0

  now(): number {
    return this.time
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.time += ms
    return Promise.resolve()
  }
}
