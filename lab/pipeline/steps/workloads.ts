import { waitUntil } from '../../host/wait.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import type { Step } from '../step.js'
import { applyDeclared } from './apply.js'
import { explainCluster } from './explain.js'

/** The lab's workloads, until all of them are rolled out. */
export function workloadsStep(context: DeployContext): Step {
  const { plan, state, connect } = context
  return {
    title: 'workloads',
    deadlineMs: 4 * MINUTE,
    run: async (io) => {
      const { signal, progress } = io
      const kube = connect(state.kubeconfig(), signal)
      const result = await applyDeclared(context, kube, plan.manifests, io)
      await waitUntil(() => kube.notRolledOut(plan.manifests), { signal, onWaiting: progress })
      return result
    },
    explain: () => explainCluster(context),
  }
}
