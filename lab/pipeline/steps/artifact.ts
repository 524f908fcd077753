import type { Pending } from '../../artifacts/artifact.js'
import { seconds } from '../../words.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import type { Step } from '../step.js'

/** One artifact. It tells the time of its build: most of the step's own may be waiting for others. */
export function artifactStep(context: DeployContext, pending: Pending): Step {
  return {
    title: pending.title,
    deadlineMs: 60 * MINUTE,
    run: async ({ signal, progress }) => {
      const { built } = await pending.provide({ signal, onProgress: progress })
      // The lab itself is as it was: what was verified of it still is.
      context.changes++
      return built && `built in ${seconds(built.durationMs)}; log ${pending.log}`
    },
  }
}
