import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { freeNodesSubnet, linuxContainerName, nodesNetwork } from '../../../topology/index.js'
import { Containerlab } from '../../cluster/containerlab.js'
import { Engine, type Container } from '../../cluster/engine.js'
import { refreshHostEntries, removeHostEntries } from '../../cluster/host-entries.js'
import { guardingHosts } from '../../cluster/hosts-guard.js'
import { isMade, type LabState } from '../../cluster/state.js'
import { LabError } from '../../errors.js'
import { KIND_CONFIG_FILE } from '../../plan/plan.js'
import { changed, type DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import { removeHalfMade } from '../half-made.js'
import type { Step, StepIo } from '../step.js'
import { stopNodes } from '../stop.js'
import {
  expectedContainers,
  refuseOthersLab,
  refuseToMakeAnew,
  wayBack,
  whyMadeAnew,
  whyNotAlive,
} from './containers.js'
import { explainNodes } from './explain-nodes.js'

/**
 * containerlab makes the nodes; what is left of a dead or half-made lab is removed first. A lab that only has to be
 * brought back keeps its nodes.
 */
export function nodesStep(context: DeployContext): Step {
  const { plan, state, owner, run } = context
  return {
    title: `nodes (containerlab and kind, ${plan.nodes.length})`,
    deadlineMs: 5 * MINUTE,
    run: async (io) => {
      const engine = new Engine(run, { signal: io.signal })
      const image = (await context.artifacts.get(plan.artifacts.node)).image ?? ''
      const found = await engine.containers(plan.name)
      // It was looked at before the artifacts were built, which may be long ago.
      await refuseOthersLab(found, context)
      await state.create()
      await owner.claim(io)
      const containers = await withoutStop(found, state, engine, io)
      const finished = (await state.record()) !== undefined
      const corpse = whyMadeAnew(containers, plan, finished)
      if (corpse === undefined) {
        await warnOfOlderImages(context, containers, image)
        const result = await bringBack(context, engine, containers)
        await refreshHostEntries(plan.name, context.hostEntries, engine)
        return result
      }
      refuseToMakeAnew(context, corpse)
      if (await state.isHalfMade()) {
        io.progress('removing what was half made')
        await removeHalfMade(engine, state, io)
      } else if (containers.length > 0) {
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
      // What another folder has made since is not what this run has half made.
      if (!(await state.isHalfMade()) || (await owner.other()) !== undefined) return
      const engine = new Engine(run, { signal })
      await removeHalfMade(engine, state, { signal, progress: () => undefined })
      await removeHostEntries(plan.name, context.hostEntries)
      await journalNetwork(state, engine)
      await state.journal({ event: 'nodes-gone' })
    },
  }
}

/** A stop that was cut off goes on in the engine: its end is waited for. @returns the containers as they are then */
async function withoutStop(
  found: readonly Container[],
  state: LabState,
  engine: Engine,
  { progress }: StepIo,
): Promise<readonly Container[]> {
  if (!(await state.isStopping())) return found
  progress('letting the engine end a stop that was cut off')
  await stopNodes(state, engine)
  return engine.containers(state.name)
}

/** Speaks of images that the lab makes: those of others are theirs to choose. */
async function warnOfOlderImages(
  context: DeployContext,
  containers: readonly Container[],
  nodeImage: string,
): Promise<void> {
  const { nodes, topology } = context.plan
  const own = await linuxImages(context)
  const wanted = new Map([
    ...nodes.map((name) => [name, nodeImage] as const),
    ...topology.linuxNodes.map((node) => [linuxContainerName(topology, node), own[node.image]] as const),
  ])
  // docker shows an id where the reference has moved on to a newer image.
  const older = containers.filter(({ name, image }) => (wanted.get(name) ?? image) !== image)
  if (older.length === 0) return
  const names = older.map(({ name }) => name).join(', ')
  const were = older.length === 1 ? 'was' : 'were'
  context.warn(`${names} ${were} made from an older image; teardown and deploy bring the newer one`)
}

/** Starts or unpauses what does not run. @returns how many run then, and which were brought back */
async function bringBack(
  context: DeployContext,
  engine: Engine,
  containers: readonly Container[],
): Promise<string> {
  const { plan } = context
  const back: string[] = []
  for (const container of containers) {
    const way = wayBack(container, plan)
    if (way === undefined) continue
    await changed(context)
    await engine[way](container)
    back.push(container.name)
  }
  const running = `${containers.length} running`
  if (containers.every(({ state }) => state === 'running')) return running
  const still = whyNotAlive(await engine.containers(plan.name), expectedContainers(plan), true)
  if (still === undefined) return back.length === 0 ? running : `${back.join(', ')} brought back, ${running}`
  const tried =
    back.length === 0 ? '' : `${back.join(', ')} ${back.length === 1 ? 'was' : 'were'} brought back, and yet `
  throw new LabError('step.failed', `${tried}${still}`, {
    hint: 'see docker logs of it, and run the same command again; teardown and deploy make the lab anew',
  })
}

/** References of the images that linux nodes take from this lab's artifacts, by the name the spec has. */
async function linuxImages({ plan, artifacts }: DeployContext): Promise<Record<string, string>> {
  const references = Object.entries(plan.linuxArtifacts).map(async ([image, artifact]) => [
    image,
    (await artifacts.get(artifact)).image ?? '',
  ])
  return Object.fromEntries(await Promise.all(references)) as Record<string, string>
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
  await state.write(KIND_CONFIG_FILE, plan.kindConfig)
  const nodesSubnet = freeNodesSubnet(plan.topology, await engine.hostNetworks([]))
  await state.write(`${name}.clab.yaml`, plan.containerlab(image, await linuxImages(context), nodesSubnet))
  // One that a run made which was killed before it could say so.
  await journalNetwork(state, engine)
  const before = await engine.networkId(nodesNetwork)
  await state.journal({
    ...{ event: 'network-intent', network: nodesNetwork },
    ...(before === undefined ? {} : { before }),
  })
  // kind takes neither half a file nor a lock that it left when it was killed.
  for (const file of ['kubeconfig', 'kubeconfig.lock']) await rm(state.file(file), { force: true })
  await state.journal({ event: 'nodes-intent', containers: expectedContainers(plan) })
  const binary = join((await context.artifacts.get(plan.artifacts.containerlab)).folder, 'containerlab')
  progress(`containerlab deploy; log: ${state.logFile('containerlab')}`)
  await changed(context)
  const containerlab = new Containerlab(run, binary, state)
  await guardingHosts(state, context.hostEntries.hostsFile, () => containerlab.deploy({ signal }))
  await journalNetwork(state, engine)
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
      topology: plan.topology,
      nodeImage: image,
      containerlab: binary,
      createdAt: new Date().toISOString(),
    },
    volumes: await engine.anonymousVolumes(made),
  })
  return made.length
}

/** With its id it is told from one that somebody else makes later. */
async function journalNetwork(state: LabState, engine: Engine): Promise<void> {
  const intended = (await state.madeNetworks()).get(nodesNetwork)
  const id = await engine.networkId(nodesNetwork)
  if (intended === undefined || intended.id === id || id === undefined || !isMade(intended, id)) return
  await state.journal({ event: 'network-made', network: nodesNetwork, id })
}
