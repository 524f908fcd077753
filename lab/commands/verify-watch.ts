import { LabError } from '../errors.js'
import { systemClock } from '../observe/clock.js'
import type { Clock } from '../observe/clock.js'
import type { VerifyTarget } from '../observe/model/target.js'
import { plainly, summaryLine, type Paint } from '../report/console.js'
import { flipJson, flips, openAtFirst, renderFlip, type Flip } from '../report/flips.js'
import type { VerifyResult } from '../report/model.js'
import { verify, type VerifyOptions } from '../verify.js'
import type { CommandIo } from './context.js'
import type { VerifyCommandOptions } from './verify-options.js'

/** Between two verifications: each costs the cluster some execs, and people wait for what flips. */
const PAUSE_MS = 2_000

/** What is watched. */
export interface Watched {
  readonly target: VerifyTarget
  /** The target as it is now. */
  readonly again: () => Promise<VerifyTarget>
  /** Told each result. */
  readonly keep?: (result: VerifyResult) => Promise<void>
}

/** What tests replace. */
export interface WatchTools {
  readonly clock?: Clock
  readonly verify?: (target: VerifyTarget, options: VerifyOptions) => Promise<VerifyResult>
  readonly now?: () => Date
  readonly paint?: Paint
}

/**
 * Verifies again and again and prints what flipped since the last time; at first what is open. It never ends by
 * itself: the signal ends it, and its reason is thrown.
 *
 * A mismatch has to be stable here too, so that what converges is no flip. One that was found before is not
 * waited for again.
 */
export async function watch(
  watched: Watched,
  { only, skip, json = false }: VerifyCommandOptions,
  { signal, say, print }: CommandIo,
  tools: WatchTools = {},
): Promise<never> {
  const { clock = systemClock, now = () => new Date(), paint = plainly } = tools
  const show = (flip: Flip): void => print(json ? flipJson(flip, now()) : renderFlip(flip, now(), paint))
  let { target } = watched
  let last: VerifyResult | undefined
  let unreachable = ''
  try {
    for (;;) {
      const result = await (tools.verify ?? verify)(target, {
        signal,
        ...(only === undefined ? {} : { only }),
        ...(skip === undefined ? {} : { skip }),
        ...(last === undefined ? {} : { known: last.checks }),
      })
      await watched.keep?.(result)
      const found = last === undefined ? openAtFirst(result.checks) : flips(last.checks, result.checks)
      found.forEach(show)
      if (last === undefined) say(`${summaryLine(result)}; what flips is printed, until Ctrl-C`)
      last = result
      await clock.sleep(PAUSE_MS, signal)
      try {
        target = await watched.again()
        unreachable = ''
      } catch (error) {
        // While a cluster does not answer its last target is observed: that shows what can no longer be judged.
        if (!(error instanceof LabError) || error.code !== 'cluster.unreachable') throw error
        if (error.message !== unreachable) say(error.message)
        unreachable = error.message
      }
    }
  } catch (error) {
    if (last !== undefined) say(`at last: ${summaryLine(last)}`)
    // A pause that is cut throws an error of its own.
    signal.throwIfAborted()
    throw error
  }
}
