import { CORE_DNS } from '../../../topology/index.js'
import { waitUntil } from '../../host/wait.js'
import { calicoObjects } from '../calico-objects.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import { journalled } from '../journalled.js'
import type { Step } from '../step.js'
import { applyDeclared } from './apply.js'
import { explainCluster } from './explain.js'

/** Calico from its release's own manifest, until every node is Ready and CoreDNS has its pods, on different nodes. */
export function calicoStep(context: DeployContext): Step {
  const { plan, state, connect } = context
  return {
    title: `Calico ${plan.topology.calicoVersion}`,
    deadlineMs: 4 * MINUTE,
    run: async (io) => {
      const { signal, progress } = io
      const kube = connect(state.kubeconfig(), signal)
      const folder = (await context.artifacts.get(plan.artifacts.calico)).folder
      const objects = await calicoObjects(folder, plan.topology)
      const result = await journalled(context, (before) => applyDeclared(before, kube, objects, io))
      await waitUntil(() => kube.nodesNotReady(plan.nodes), { signal, onWaiting: progress })
      await waitUntil(() => kube.notRolledOut([...objects, CORE_DNS]), { signal, onWaiting: progress })
      return result
    },
    explain: () => explainCluster(context),
  }
}
