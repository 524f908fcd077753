import type { KubernetesObject } from '@kubernetes/client-node'
import { defaultSource } from '../artifacts/default-source.js'
import type { Engine } from '../cluster/engine.js'
import { Kube } from '../cluster/kube.js'
import { tryRun } from '../host/run.js'
import { calicoObjects } from '../pipeline/calico-objects.js'
import { externalAddresses } from '../pipeline/external-addresses.js'
import type { Plan } from '../plan/plan.js'
import { lookAt } from '../status/look.js'
import { isAsDeclared, type LabStatus } from '../status/model.js'
import { renderStatus } from '../status/render.js'
import { openLab, type CommandIo, type LabOptions } from './context.js'
import { consoleOptions } from './verify-output.js'

/** What status may be told. */
export interface StatusOptions extends LabOptions {
  readonly json?: boolean
}

/** How the lab is: its phase, its nodes, what is not as declared, pods that are not ready, and the last verdict. */
export async function status(options: StatusOptions, { signal, print }: CommandIo): Promise<number> {
  const { plan, state, owner } = await openLab(options)
  const seen = await lookAt({
    ...{ plan, state, owner, run: tryRun, signal },
    connect: (kubeconfig, ends) => new Kube(kubeconfig, ends),
    objects: (engine) => objectsOf(plan, engine),
  })
  const { paint } = consoleOptions(process.stdout)
  print(
    options.json === true
      ? JSON.stringify({ schema: 'headless-lab/status/v1', ...seen }, undefined, 2)
      : renderStatus(seen, paint),
  )
  return exitCode(seen)
}

/** Everything a deploy would apply to the cluster that is there, as far as it can be known without building. */
export async function objectsOf(plan: Plan, engine: Engine): Promise<KubernetesObject[]> {
  const artifacts = await defaultSource()
  const { pending } = await artifacts.survey([plan.artifacts.calico])
  // A lab that runs may have been made with what is not in the cache any more.
  const network =
    pending.length > 0
      ? []
      : await calicoObjects((await artifacts.get(plan.artifacts.calico)).folder, plan.topology)
  return [...network, ...plan.manifests(await externalAddresses(plan, engine))]
}

/** As for verify: 1 when something is not as it should be, 2 where there is no lab, 6 when it cannot be told. */
function exitCode(seen: LabStatus): number {
  if (isAsDeclared(seen)) return 0
  return seen.phase === 'absent' ? 2 : seen.phase === 'unreachable' ? 6 : 1
}
