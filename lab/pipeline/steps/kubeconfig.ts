import { chmod } from 'node:fs/promises'
import { Engine } from '../../cluster/engine.js'
import { hostKubeconfig } from '../../cluster/kubeconfig.js'
import { waitUntil } from '../../host/wait.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import type { Step } from '../step.js'
import { explainCluster } from './explain.js'

/** The admin kubeconfig, readable by its owner only, and an API server that answers to it. */
export function kubeconfigStep(context: DeployContext): Step {
  const { plan, state, run, connect } = context
  return {
    title: 'kubeconfig',
    deadlineMs: MINUTE,
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
      return state.kubeconfig()
    },
    explain: () => explainCluster(context),
  }
}

const prefixed = (what: string, reason: string | undefined): string | undefined =>
  reason === undefined ? undefined : `${what}: ${reason}`
