import { linuxContainerName } from '../../../topology/index.js'
import type { Container } from '../../cluster/engine.js'
import type { LabState } from '../../cluster/state.js'
import { LabError } from '../../errors.js'
import type { Plan } from '../../plan/plan.js'

/** Names of all the containers of a lab: the cluster's nodes and the linux nodes beside it. Pure. */
export const expectedContainers = ({ nodes, topology }: Pick<Plan, 'nodes' | 'topology'>): string[] => [
  ...nodes,
  ...topology.linuxNodes.map((node) => linuxContainerName(topology, node)),
]

/** Why these containers are no lab that can be used; `undefined` when they are. Pure. */
export function whyNotAlive(
  containers: readonly Container[],
  expected: readonly string[],
  finished: boolean,
): string | undefined {
  const absent = expected.filter((node) => !containers.some(({ name }) => name === node))
  if (absent.length > 0) return `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not there`
  const dead = containers.filter(({ state }) => state !== 'running')
  if (dead.length > 0) return dead.map(({ name, state }) => `${name} is ${state}`).join(', ')
  return finished ? undefined : 'they were never finished'
}

/**
 * A lab that runs and was not made here is somebody's. A dead one is not: it is what a clone that is gone
 * has left.
 *
 * @throws LabError `usage.invalid`
 */
export async function refuseOthersLab(containers: readonly Container[], state: LabState): Promise<void> {
  const running = containers.length > 0 && containers.every((container) => container.state === 'running')
  if (!running || (await state.mayHaveNodes())) return
  throw new LabError('usage.invalid', `lab ${state.name} runs already and was not made from this folder`, {
    hint: `run teardown --name ${state.name} first, or give another --name`,
  })
}
