import { Engine } from '../../cluster/engine.js'
import { waitUntil } from '../../host/wait.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import { journalled } from '../journalled.js'
import type { Step } from '../step.js'
import { applyDeclared } from './apply.js'
import { explainCluster } from './explain.js'
import { externalAddresses } from '../external-addresses.js'
import { removeUndeclared } from './remove-undeclared.js'

/** The lab's workloads, until all of them are rolled out. */
export function workloadsStep(context: DeployContext): Step {
  const { plan, state, run, connect } = context
  return {
    title: 'workloads',
    // Many of them start beside each other; a slow host takes longer than the 2 minutes of a fast one.
    deadlineMs: 8 * MINUTE,
    run: async (io) => {
      const { signal, progress } = io
      const kube = connect(state.kubeconfig(), signal)
      const addresses = await externalAddresses(plan, new Engine(run, { signal }))
      const manifests = plan.manifests(addresses)
      const brokers = plan.kafkaBrokers
      if (brokers !== undefined && (await state.kafkaBrokers()) === undefined) {
        await state.journal({ event: 'kafka-brokers', brokers })
      }
      const result = await journalled(context, async (before) => {
        const applied = await applyDeclared(before, kube, manifests, io)
        const removed = await removeUndeclared(before, kube, { lab: plan.name, declared: manifests }, io)
        return removed === undefined ? applied : `${applied}; ${removed}`
      })
      await state.endChanges()
      await waitUntil(() => kube.notRolledOut(manifests), { signal, onWaiting: progress })
      return result
    },
    explain: () => explainCluster(context),
  }
}
