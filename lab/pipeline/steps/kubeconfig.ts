import { chmod } from 'node:fs/promises'
import { Engine } from '../../cluster/engine.js'
import { hostKubeconfig } from '../../cluster/kubeconfig.js'
import type { LabState } from '../../cluster/state.js'
import { waitUntil } from '../../host/wait.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import type { Step } from '../step.js'
import { explainCluster } from './explain.js'

/**
 * The admin kubeconfig, readable by its owner only, and an API server that answers to it and knows how the pods are:
 * of nodes that were started anew it first tells what was before.
 */
export function kubeconfigStep(context: DeployContext): Step {
  const { plan, state, run, connect } = context
  return {
    title: 'kubeconfig',
    // Nodes that were started anew take their time.
    deadlineMs: 3 * MINUTE,
    run: async ({ signal, progress }) => {
      const engine = new Engine(run, { signal })
      const controlPlane = plan.nodes[0] ?? ''
      const address = await engine.publishedPort(controlPlane, '6443/tcp')
      const adminConf = await engine.exec(controlPlane, 'cat', '/etc/kubernetes/admin.conf')
      const wanted = hostKubeconfig(adminConf, plan.name, address)
      if ((await state.read('kubeconfig')) !== wanted) await state.write('kubeconfig', wanted, 0o600)
      await chmod(state.kubeconfig(), 0o600)
      const kube = connect(state.kubeconfig(), signal)
      await waitUntil(async () => prefixed('the API server', await kube.unreachable()), {
        signal,
        onWaiting: progress,
      })
      const started = await startOf(plan.nodes, engine)
      await forgetIfOlder(state, started)
      await waitUntil(() => kube.podsOfBefore(started), { signal, onWaiting: progress })
      return state.kubeconfig()
    },
    explain: () => explainCluster(context),
  }
}

const prefixed = (what: string, reason: string | undefined): string | undefined =>
  reason === undefined ? undefined : `${what}: ${reason}`

async function startOf(nodes: readonly string[], engine: Engine): Promise<Map<string, Date>> {
  const times = await Promise.all(nodes.map(async (node) => [node, await engine.startedAt(node)] as const))
  return new Map(times.flatMap(([node, time]) => (time === undefined ? [] : [[node, time]])))
}

/** What was verified before a node was started anew, by the engine itself perhaps, says nothing of the lab as it is. */
async function forgetIfOlder(state: LabState, started: ReadonlyMap<string, Date>): Promise<void> {
  const verified = new Date((await state.lastResult())?.startedAt ?? 0)
  if ([...started.values()].some((at) => at > verified)) await state.forgetResult()
}
