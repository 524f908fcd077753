import { Engine } from '../cluster/engine.js'
import { Kube } from '../cluster/kube.js'
import { LabError } from '../errors.js'
import { engineState } from '../host/engine.js'
import { tryRun } from '../host/run.js'
import { npmRun } from '../npm-run.js'
import { whyMadeAnew } from '../pipeline/steps/containers.js'
import type { Lab, LabOptions } from './context.js'

/**
 * Tells a lab that is stopped from one that does not answer: of that, checks say more than one line can.
 *
 * @throws LabError `cluster.unreachable` where the lab is stopped
 */
export async function mustRun(
  { plan, state }: Pick<Lab, 'plan' | 'state'>,
  options: LabOptions,
  signal: AbortSignal,
): Promise<void> {
  if ((await new Kube(state.kubeconfig(), signal).unreachable()) === undefined) return
  const stopped = (reason: string, way: string): LabError =>
    new LabError('cluster.unreachable', `lab ${plan.name} is stopped: ${reason}`, { hint: way })
  const start = `${npmRun('start', options)} brings it back`
  if ((await engineState(tryRun, signal)) !== 'running')
    throw stopped('the Docker engine does not run', start)
  const [controlPlane] = plan.nodes
  const containers = await new Engine(tryRun, { signal }).containers(plan.name)
  const found = containers.find(({ name }) => name === controlPlane)
  if (found?.state === 'running') return
  const way =
    whyMadeAnew(containers, plan, true) === undefined ? start : `${npmRun('deploy', options)} makes it anew`
  throw stopped(`${String(controlPlane)} is ${found?.state ?? 'gone'}`, way)
}
