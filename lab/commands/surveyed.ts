import { defaultSource } from '../artifacts/default-source.js'
import { withDeadline } from '../host/deadline.js'
import type { Tool } from '../host/requirements.js'
import { neededArtifacts, type Plan } from '../plan/plan.js'

/** An engine that is mute does not tell what is built: that must not keep the rest from being measured. */
const SURVEY_MS = 5_000

/** Whether a deploy would build, and with which tools; where that cannot be told, that it would, with none. */
export async function surveyed(
  plan: Plan,
  signal: AbortSignal,
): Promise<{ readonly builds: boolean; readonly tools: readonly Tool[] }> {
  try {
    const survey = async () => (await defaultSource()).survey(neededArtifacts(plan))
    const { pending, tools } = await withDeadline(SURVEY_MS, survey, signal)
    return { builds: pending.length > 0, tools }
  } catch {
    signal.throwIfAborted()
    return { builds: true, tools: [] }
  }
}
