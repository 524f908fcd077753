import { defaultSource } from '../artifacts/default-source.js'
import { inspectHost } from '../host/inspect.js'
import { requirements } from '../host/requirements.js'
import { tryRun } from '../host/run.js'
import { neededArtifacts } from '../plan/plan.js'
import { openLab } from './context.js'

/**
 * What a deploy of the default lab would have to install on this host, as people read it; `undefined` when
 * nothing. Changes nothing. For `npm test`, which installs nothing without consent.
 */
export async function missingHere(signal: AbortSignal): Promise<string | undefined> {
  const { plan } = await openLab({})
  const { tools } = await (await defaultSource()).survey(neededArtifacts(plan))
  const facts = await inspectHost(tryRun, signal)
  // A stopped engine holds its images, but does not tell: it has to be started first, which is no installation.
  const missing = requirements(facts, facts.engine === 'stopped' ? [] : tools)
  return missing.length === 0 ? undefined : missing.map((requirement) => requirement.missing).join('; ')
}
