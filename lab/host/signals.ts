import { setMaxListeners } from 'node:events'
import { LabError } from '../errors.js'

const hint = 'run the same command again to go on from there'

/** What a run that was interrupted ends with. */
export const interrupted = new LabError('interrupted', 'interrupted; what was finished stays', { hint })
const terminated = new LabError('terminated', 'terminated; what was finished stays', { hint })

const SIGNALS = { SIGINT: interrupted, SIGTERM: terminated, SIGHUP: terminated } as const

/**
 * Turns SIGINT, SIGTERM and SIGHUP (a terminal that was closed) into one abort signal with a LabError as its reason, so that what is running can
 * end its children and undo what is half done.
 */
export function watchSignals(): { signal: AbortSignal; stop: () => void } {
  // Every command that runs listens to the one signal, and to those made from it: ten are no leak.
  setMaxListeners(100)
  const controller = new AbortController()
  const listeners = Object.entries(SIGNALS).map(([name, error]) => {
    const listener = (): void => controller.abort(error)
    process.on(name, listener)
    return { name, listener }
  })
  return {
    signal: controller.signal,
    stop: () => {
      for (const { name, listener } of listeners) process.off(name, listener)
    },
  }
}
