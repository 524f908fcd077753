import type { DeployContext } from './deploy-context.js'
import type { Stage } from './progress.js'
import { artifactStep } from './steps/artifact.js'
import { calicoStep } from './steps/calico.js'
import { credentialsStep } from './steps/credentials.js'
import { externalDatabaseStep } from './steps/external-database.js'
import { kubeconfigStep } from './steps/kubeconfig.js'
import { nodesStep } from './steps/nodes.js'
import { preflight } from './steps/preflight.js'
import { workloadsStep } from './steps/workloads.js'

export type { ClusterApi, DeployContext } from './deploy-context.js'

/** From nothing, or from whatever is there, to a lab whose workloads are rolled out. */
export function deployStages(context: DeployContext): Stage[] {
  const database = context.plan.externalDatabase
  return [
    preflight(context),
    {
      title: 'artifacts',
      beside: () => context.pending.map((pending) => artifactStep(context, pending)),
      tellTheirTime: true,
    },
    nodesStep(context),
    kubeconfigStep(context),
    calicoStep(context),
    credentialsStep(context),
    ...(database === undefined ? [] : [externalDatabaseStep(context, database)]),
    workloadsStep(context),
  ]
}
