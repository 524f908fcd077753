import { setImmediate } from 'node:timers/promises'
import { ran } from './exec.js'
import type { ExecTarget, PodExec } from './exec.js'
import type { ReachAttempt, ReachSeen } from './model/reach.js'
import { parseReach, reachCommand } from './reach.js'

/** Tries connections from a container; what came of each, in the order they are asked for. */
export type Connect = (
  from: ExecTarget,
  attempts: readonly ReachAttempt[],
  signal: AbortSignal,
) => Promise<ReachSeen[]>

/** So many go in one exec at most: it has one deadline, whatever they are. */
const MOST = 128

interface Batch {
  readonly attempts: ReachAttempt[]
  readonly output: Promise<string>
}

/**
 * Tries connections by one exec for all that is asked of a container in the same turn of the event loop: to begin a
 * process in a container costs many times what a connection does.
 */
export function connector(exec: PodExec): Connect {
  const waiting = new Map<string, Batch>()
  return async (from, attempts, signal) => {
    if (attempts.length === 0) return []
    const key = [from.namespace, from.pod, from.container].join('/')
    const there = waiting.get(key)
    const fits = there !== undefined && there.attempts.length + attempts.length <= MOST
    const batch = fits ? there : begun(key, from, signal)
    const first = batch.attempts.length
    batch.attempts.push(...attempts)
    return parseReach(await batch.output, attempts, first)
  }

  // Whoever asks has the same deadline, and began at the same time: the signal of one does for all.
  function begun(key: string, from: ExecTarget, signal: AbortSignal): Batch {
    const attempts: ReachAttempt[] = []
    const output: Promise<string> = setImmediate().then(async () => {
      if (waiting.get(key) === batch) waiting.delete(key)
      return ran(await exec(from, reachCommand(attempts), signal))
    })
    const batch: Batch = { attempts, output }
    waiting.set(key, batch)
    return batch
  }
}
