import { Containerlab } from '../cluster/containerlab.js'
import { Engine } from '../cluster/engine.js'
import { leftHostEntries, removeHostEntries, type HostEntries } from '../cluster/host-entries.js'
import { guardingHosts, mendHosts } from '../cluster/hosts-guard.js'
import type { LabOwner } from '../cluster/lab-owner.js'
import type { LeftNetworks } from '../cluster/left-networks.js'
import { isMade, type LabState } from '../cluster/state.js'
import { nodesNetwork } from '../../topology/index.js'
import { LabError } from '../errors.js'
import { exists } from '../host/not-found.js'
import type { Run } from '../host/run.js'
import { SECOND } from './durations.js'
import { noteVolumes, removeHalfMade } from './half-made.js'
import type { Stage } from './progress.js'
import { wordsOf } from '../words.js'

export interface TeardownContext {
  readonly name: string
  readonly state: LabState
  readonly owner: LabOwner
  /** `undefined` where the host has no engine: then there are no containers either. */
  readonly run: Run | undefined
  /** The containerlab program that made the nodes, where that is known. */
  readonly containerlab: string | undefined
  readonly hostEntries: HostEntries
  readonly leftNetworks: LeftNetworks
  /** What was removed, for people. */
  readonly removed: string[]
}

/** Removes a lab and all it made, whatever state it is in, and looks whether anything is left. */
export function teardownStages(context: TeardownContext): Stage[] {
  const { run } = context
  // Filled by the nodes' stage: afterwards nothing tells whose they are.
  const volumes = new Set<string>()
  return [
    ...(run === undefined ? [] : engineStages(context, run, volumes)),
    {
      title: 'entries of the host',
      deadlineMs: 30 * SECOND,
      run: async () => {
        await mendHosts(context.state, context.hostEntries.hostsFile)
        context.removed.push(...(await removeHostEntries(context.name, context.hostEntries)))
        return undefined
      },
    },
    {
      title: 'looking for what is left',
      deadlineMs: 30 * SECOND,
      run: async (io) => {
        const { signal } = io
        const left = [
          ...(run === undefined ? [] : await leftInEngine(context, new Engine(run, { signal }), volumes)),
          ...(await leftHostEntries(context.name, context.hostEntries)),
        ]
        if (left.length === 0) {
          await context.owner.release(io)
          return 'nothing'
        }
        throw new LabError('teardown.incomplete', `teardown left ${left.join(', ')}`, {
          hint: 'run teardown again; if that does not help, remove them by hand',
        })
      },
    },
    {
      // Last: its journal tells the next teardown what this one had to leave.
      title: 'state',
      deadlineMs: 30 * SECOND,
      run: async () => {
        if (!(await exists(context.state.folder))) return 'there was none'
        await context.state.remove()
        context.removed.push(context.state.folder)
        return undefined
      },
    },
  ]
}

/** @param volumes told the names of the lab's volumes, as they are found */
function engineStages(context: TeardownContext, run: Run, volumes: Set<string>): Stage[] {
  const { name, state, removed, leftNetworks } = context
  return [
    {
      title: 'nodes',
      deadlineMs: 60 * SECOND,
      run: async ({ signal, progress }) => {
        const engine = new Engine(run, { signal })
        // Another folder may have begun since this run has.
        await context.owner.mustBeFree()
        const halfMade = (await state.isHalfMade())
          ? await removeHalfMade(engine, state, { signal, progress })
          : { containers: [], volumes: [] }
        const containers = await engine.containers(name)
        const anonymous = await engine.anonymousVolumes(containers)
        const labelled = await engine.volumes(name)
        for (const volume of [...anonymous, ...labelled, ...(await state.volumesOfNodes())])
          volumes.add(volume)
        const before = (await engine.volumesLeft(volumes)).length
        // Where there is no journal, none is begun: its folder would be the only thing to remove.
        if (await exists(state.folder)) {
          await noteVolumes(state, anonymous, new Set(await state.volumesOfNodes()))
          await state.forgetResult()
        }
        await containerlabDestroy(context, run, signal, progress)
        // containerlab cannot be trusted to have removed them (see Containerlab.destroy).
        await engine.removeContainers(await engine.containers(name))
        await engine.removeVolumes(await engine.volumesLeft(volumes))
        const all = [...halfMade.containers, ...containers]
        removed.push(...all.map((container) => `container ${container.name}`))
        const gone = halfMade.volumes.length + before - (await engine.volumesLeft(volumes)).length
        if (gone > 0) removed.push(gone === 1 ? '1 volume' : `${gone} volumes`)
        return all.length === 0 ? 'there were none' : `${all.length} removed`
      },
    },
    {
      title: 'containers of runs that were killed',
      deadlineMs: 30 * SECOND,
      run: async ({ signal }) => {
        const engine = new Engine(run, { signal })
        const left = await engine.leftByRuns()
        if (left.length === 0) return 'there were none'
        try {
          await engine.removeContainers(left)
          removed.push(...left.map(({ name }) => `container ${name}`))
          return `${left.length} removed`
        } catch (error) {
          signal.throwIfAborted()
          // They were another lab's perhaps, whose teardown removes them just now.
          return wordsOf(error)
        }
      },
    },
    {
      title: 'networks',
      deadlineMs: 30 * SECOND,
      run: async ({ signal }) => {
        const engine = new Engine(run, { signal })
        const kept: string[] = []
        for (const { network, id, users } of await ownNetworks(engine, context)) {
          // Another lab may have come to live on it.
          if (users.length > 0) {
            await leftNetworks.add(id)
            kept.push(
              `network ${network} stays: ${users.join(', ')} ${users.length === 1 ? 'uses' : 'use'} it`,
            )
            continue
          }
          await engine.removeNetwork(id)
          await leftNetworks.remove(id)
          removed.push(`network ${network}`)
        }
        return kept.length === 0 ? undefined : kept.join('; ')
      },
    },
  ]
}

/** A help where it works; what it leaves is removed by us, so its failure is no failure of ours. */
async function containerlabDestroy(
  { state, containerlab, hostEntries }: TeardownContext,
  run: Run,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  if (containerlab === undefined || !(await exists(state.topologyFile()))) return
  try {
    progress('containerlab destroy')
    const program = new Containerlab(run, containerlab, state)
    await guardingHosts(state, hostEntries.hostsFile, () => program.destroy({ signal }))
  } catch (error) {
    signal.throwIfAborted()
    progress(`containerlab destroy: ${wordsOf(error)}`)
  }
}

/** Networks that are there and that this lab made, or one that had to leave it, and who is on them. */
async function ownNetworks(
  engine: Engine,
  { state, leftNetworks }: TeardownContext,
): Promise<{ network: string; id: string; users: readonly string[] }[]> {
  const made = await state.madeNetworks()
  const found = await Promise.all(
    [...new Set([...made.keys(), nodesNetwork])].map(async (network) => {
      const id = await engine.networkId(network)
      if (id === undefined) return []
      const one = made.get(network)
      if ((one === undefined || !isMade(one, id)) && !(await leftNetworks.has(id))) return []
      return [{ network, id, users: await engine.networkUsers(network) }]
    }),
  )
  return found.flat()
}

/** Everything of the lab that is still in the engine; a network that others use is theirs by now. */
async function leftInEngine(
  context: TeardownContext,
  engine: Engine,
  volumes: ReadonlySet<string>,
): Promise<string[]> {
  const { name } = context
  const [containers, labelled, known, networks] = await Promise.all([
    engine.containers(name),
    engine.volumes(name),
    engine.volumesLeft(volumes),
    ownNetworks(engine, context),
  ])
  return [
    ...containers.map((container) => `container ${container.name}`),
    ...[...new Set([...labelled, ...known])].map((volume) => `volume ${volume}`),
    ...networks.flatMap(({ network, users }) => (users.length === 0 ? [`network ${network}`] : [])),
  ]
}
