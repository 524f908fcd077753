import { Engine } from '../cluster/engine.js'
import { Kube } from '../cluster/kube.js'
import { LabError } from '../errors.js'
import { engineState } from '../host/engine.js'
import { tryRun } from '../host/run.js'
import { npmRun } from '../npm-run.js'
import type { Lab, LabOptions } from './context.js'

/** States in which a container holds what the lab held: docker starts it again. */
const COMES_BACK = ['exited', 'paused']

/**
 * Tells a lab that is stopped from one that does not answer: of that, checks say more than one line can.
 *
 * @throws LabError `cluster.unreachable` where the lab is stopped
 */
export async function mustRun({ plan, state }: Lab, options: LabOptions, signal: AbortSignal): Promise<void> {
  if ((await new Kube(state.kubeconfig(), signal).unreachable()) === undefined) return
  const stopped = (reason: string, way: string): LabError =>
    new LabError('cluster.unreachable', `lab ${plan.name} is stopped: ${reason}`, { hint: way })
  const start = `${npmRun('start', options)} brings it back`
  if ((await engineState(tryRun, signal)) !== 'running')
    throw stopped('the Docker engine does not run', start)
  const [controlPlane] = plan.nodes
  const containers = await new Engine(tryRun, { signal }).containers(plan.name)
  const is = containers.find(({ name }) => name === controlPlane)?.state ?? 'gone'
  if (is === 'running') return
  const way = COMES_BACK.includes(is) ? start : `${npmRun('deploy', options)} makes it anew`
  throw stopped(`${String(controlPlane)} is ${is}`, way)
}
