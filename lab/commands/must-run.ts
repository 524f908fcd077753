import { Engine } from '../cluster/engine.js'
import { Kube } from '../cluster/kube.js'
import { LabError } from '../errors.js'
import { engineState } from '../host/engine.js'
import { tryRun } from '../host/run.js'
import type { Lab } from './context.js'

/**
 * Tells a lab that is stopped from one that does not answer: of that, checks say more than one line can.
 *
 * @throws LabError `cluster.unreachable` where the lab is stopped
 */
export async function mustRun({ plan, state }: Lab, signal: AbortSignal): Promise<void> {
  if ((await new Kube(state.kubeconfig(), signal).unreachable()) === undefined) return
  const reason = await whyStopped(plan.nodes[0] ?? '', plan.name, signal)
  if (reason === undefined) return
  throw new LabError('cluster.unreachable', `lab ${plan.name} is stopped: ${reason}`, {
    hint: 'npm run start brings it back',
  })
}

async function whyStopped(
  controlPlane: string,
  lab: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ((await engineState(tryRun, signal)) !== 'running') return 'the Docker engine does not run'
  const containers = await new Engine(tryRun, { signal }).containers(lab)
  const state = containers.find(({ name }) => name === controlPlane)?.state ?? 'gone'
  return state === 'running' ? undefined : `${controlPlane} is ${state}`
}
