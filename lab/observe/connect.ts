import type { PodExec } from './exec.js'
import { ran } from './exec.js'
import { nameOf, namespaceOf } from './model/declared.js'
import type { Pod } from './model/pods.js'
import type { ReachAttempt, ReachOutcome } from './model/reach.js'
import { parseReach, reachCommand } from './reach.js'

/** What comes of connections from a pod, in the order they are asked for: one exec, and none for no connections. */
export async function connect(
  exec: PodExec,
  from: Pod,
  attempts: readonly ReachAttempt[],
  signal: AbortSignal,
): Promise<ReachOutcome[]> {
  if (attempts.length === 0) return []
  const target = {
    namespace: namespaceOf(from),
    pod: nameOf(from),
    container: from.spec?.containers[0]?.name ?? '',
  }
  const stdout = ran(await exec(target, reachCommand(attempts), signal))
  return parseReach(stdout, attempts).map(({ outcome }) => outcome)
}
