import { join } from 'node:path'
import { nodesNetwork } from '../../../topology/index.js'
import { Containerlab } from '../../cluster/containerlab.js'
import { Engine, type Container } from '../../cluster/engine.js'
import { removeHostEntries } from '../../cluster/host-entries.js'
import { LabError } from '../../errors.js'
import { KIND_CONFIG_FILE } from '../../plan/plan.js'
import { changed, type DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import type { Step, StepIo } from '../step.js'
import { expectedContainers, refuseOthersLab, whyNotAlive } from './containers.js'
import { explainNodes } from './explain-nodes.js'

/** containerlab makes the nodes; what is left of a dead or half-made lab is removed first. */
export function nodesStep(context: DeployContext): Step {
  const { plan, state, run } = context
  return {
    title: `nodes (containerlab and kind, ${plan.nodes.length})`,
    deadlineMs: 5 * MINUTE,
    run: async (io) => {
      const engine = new Engine(run, { signal: io.signal })
      const image = (await context.artifacts.get(plan.artifacts.node)).image ?? ''
      const containers = await engine.containers(plan.name)
      const finished = (await state.record()) !== undefined
      const corpse = whyNotAlive(containers, expectedContainers(plan), finished)
      if (corpse === undefined) {
        warnOfOlderImage(context, containers, image)
        return `${containers.length} running`
      }
      if (containers.length > 0) {
        // It was looked at before the artifacts were built, which may be long ago.
        await refuseOthersLab(containers, state)
        io.progress(`removing what is left of the lab: ${corpse}`)
        const volumes = await engine.anonymousVolumes(containers)
        await state.journal({ event: 'nodes-removed', volumes })
        await changed(context)
        await engine.removeContainers(containers)
      }
      return `${await makeNodes(context, engine, image, io)} made`
    },
    explain: () => explainNodes(context),
    undo: async (signal) => {
      if (!(await state.isHalfMade())) return
      const engine = new Engine(run, { signal })
      const containers = await engine.containers(plan.name)
      const volumes = await engine.anonymousVolumes(containers)
      await state.journal({ event: 'nodes-removed', volumes })
      await engine.removeContainers(containers)
      await removeHostEntries(plan.name, context.hostEntries)
      if ((await engine.containers(plan.name)).length === 0) await state.journal({ event: 'nodes-gone' })
    },
  }
}

function warnOfOlderImage(
  { plan, warn }: DeployContext,
  containers: readonly Container[],
  image: string,
): void {
  // docker shows an id where the reference has moved on to a newer image.
  if (containers.some(({ name, image: from }) => plan.nodes.includes(name) && from !== image))
    warn('the nodes were made from an older node image; teardown and deploy bring the newer one')
}

/** @returns how many containers there are then */
async function makeNodes(
  context: DeployContext,
  engine: Engine,
  image: string,
  { signal, progress }: StepIo,
): Promise<number> {
  const { plan, state, run } = context
  const { name, topologyDigest } = plan
  await state.create()
  await state.write(KIND_CONFIG_FILE, plan.kindConfig)
  await state.write(`${name}.clab.yaml`, plan.containerlab(image))
  if (!(await engine.networks()).includes(nodesNetwork)) {
    await state.journal({ event: 'network-intent', network: nodesNetwork })
  }
  await state.journal({ event: 'nodes-intent' })
  const binary = join((await context.artifacts.get(plan.artifacts.containerlab)).folder, 'containerlab')
  progress(`containerlab deploy; log: ${state.logFile('containerlab')}`)
  await changed(context)
  await new Containerlab(run, binary, state).deploy({ signal })
  const made = await engine.containers(name)
  const missing = whyNotAlive(made, expectedContainers(plan), true)
  if (missing !== undefined) {
    throw new LabError('step.failed', `containerlab ended without an error, and yet ${missing}`, {
      hint: `its log is ${state.logFile('containerlab')}`,
    })
  }
  await state.journal({
    event: 'nodes-done',
    record: {
      schema: 'headless-lab/state/v1',
      name,
      topologyDigest,
      nodeImage: image,
      containerlab: binary,
      createdAt: new Date().toISOString(),
    },
  })
  return made.length
}
