import { SECOND } from '../durations.js'
import type { DeployContext } from '../deploy-context.js'

const EXPLAIN_MS = 15 * SECOND

/** What the cluster itself says of why something does not come about. */
export const explainCluster = async ({ connect, state }: DeployContext): Promise<string> =>
  connect(state.kubeconfig(), AbortSignal.timeout(EXPLAIN_MS)).explain()
