import { linuxContainerName } from '../../../topology/index.js'
import type { Container } from '../../cluster/engine.js'
import type { LabState } from '../../cluster/state.js'
import { LabError } from '../../errors.js'
import type { Plan } from '../../plan/plan.js'
import type { DeployContext } from '../deploy-context.js'

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
 * How docker brings back a container that does not run; `undefined` where it does, or where that is not enough: docker
 * starts nothing that is `dead`, and a node of the cluster that was never started is no node yet. Pure.
 */
export function wayBack(
  { name, state }: Container,
  { nodes }: Pick<Plan, 'nodes'>,
): 'start' | 'unpause' | undefined {
  if (state === 'paused') return 'unpause'
  return state === 'exited' || (state === 'created' && !nodes.includes(name)) ? 'start' : undefined
}

/**
 * Why a lab has to be made anew; `undefined` when all of it runs, or can be brought back. What Docker starts again and
 * again is there: what is wrong with it is no reason to remove the others. Pure.
 */
export function whyMadeAnew(
  containers: readonly Container[],
  plan: Pick<Plan, 'nodes' | 'topology'>,
  finished: boolean,
): string | undefined {
  const backAgain = containers.map((one) =>
    wayBack(one, plan) === undefined && one.state !== 'restarting' ? one : { ...one, state: 'running' },
  )
  return whyNotAlive(backAgain, expectedContainers(plan), finished)
}

/**
 * A lab that runs, or can be brought back, and was not made here is somebody's: a stopped one holds data. One that was
 * never finished, or of which something is gone for good, is not.
 *
 * @throws LabError `usage.invalid`
 */
export async function refuseOthersLab(
  containers: readonly Container[],
  { plan, state, owner }: Pick<DeployContext, 'plan' | 'state' | 'owner'>,
): Promise<void> {
  const running =
    containers.length > 0 &&
    containers.every(
      (one) => ['running', 'restarting'].includes(one.state) || wayBack(one, plan) !== undefined,
    )
  const other = await owner.other()
  if (!running || (other === undefined && (await state.mayHaveNodes()))) return
  throw new LabError('usage.invalid', `lab ${state.name} is there already and ${notMadeHere(other)}`, {
    hint: `run teardown --name ${state.name} first, or give another --name`,
  })
}

/** `was not made from this folder`, and from which, where that is known. Pure. */
export const notMadeHere = (other: Pick<LabState, 'folder'> | undefined): string =>
  `was not made from this folder${other === undefined ? '' : `: it was made from ${other.folder}`}`

/**
 * Who only wants a lab back loses nothing by it.
 *
 * @param corpse why it has to be made anew
 * @throws LabError `step.failed`
 */
export function refuseToMakeAnew(
  { plan, onlyBringBack = false }: Pick<DeployContext, 'plan' | 'onlyBringBack'>,
  corpse: string | undefined,
): void {
  if (!onlyBringBack || corpse === undefined) return
  throw new LabError('step.failed', `lab ${plan.name} cannot be brought back: ${corpse}`, {
    hint: 'npm run deploy makes it anew, without what it held',
  })
}
