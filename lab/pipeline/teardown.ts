import { Containerlab } from '../cluster/containerlab.js'
import { Engine } from '../cluster/engine.js'
import { leftHostEntries, removeHostEntries, type HostEntries } from '../cluster/host-entries.js'
import type { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { isNotFound } from '../host/not-found.js'
import type { Run } from '../host/run.js'
import { access } from 'node:fs/promises'
import type { Stage } from './progress.js'

export interface TeardownContext {
  readonly name: string
  readonly state: LabState
  /** `undefined` where the host has no engine: then there are no containers either. */
  readonly run: Run | undefined
  /** The containerlab program that made the nodes, where that is known. */
  readonly containerlab: string | undefined
  readonly hostEntries: HostEntries
  /** What was removed, for people. */
  readonly removed: string[]
}

const SECOND = 1000

/** Removes a lab and all it made, whatever state it is in, and looks whether anything is left. */
export function teardownStages(context: TeardownContext): Stage[] {
  const { run } = context
  return [
    ...(run === undefined ? [] : engineStages(context, run)),
    {
      title: 'entries of the host',
      deadlineMs: 30 * SECOND,
      run: async () => {
        context.removed.push(...(await removeHostEntries(context.name, context.hostEntries)))
        return undefined
      },
    },
    {
      title: 'looking for what is left',
      deadlineMs: 30 * SECOND,
      run: async ({ signal }) => {
        const left = await whatIsLeft(context, run === undefined ? undefined : new Engine(run, { signal }))
        if (left.length === 0) return 'nothing'
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

function engineStages(context: TeardownContext, run: Run): Stage[] {
  const { name, state, removed } = context
  return [
    {
      title: 'nodes',
      deadlineMs: 60 * SECOND,
      run: async ({ signal, progress }) => {
        const engine = new Engine(run, { signal })
        const containers = await engine.containers(name)
        // Where there is no journal, none is begun: its folder would be the only thing to remove.
        if (await exists(state.folder)) await state.journal({ event: 'nodes-removed' })
        await containerlabDestroy(context, run, signal, progress)
        // containerlab cannot be trusted to have removed them (see Containerlab.destroy).
        await engine.removeContainers(await engine.containers(name))
        await engine.removeVolumes(await engine.volumes(name))
        removed.push(...containers.map((container) => `container ${container.name}`))
        return containers.length === 0 ? 'there were none' : `${containers.length} removed`
      },
    },
    {
      title: 'networks',
      deadlineMs: 30 * SECOND,
      run: async ({ signal }) => {
        const engine = new Engine(run, { signal })
        const there = await engine.networks()
        const ours = (await state.madeNetworks()).filter((network) => there.includes(network))
        for (const network of ours) {
          // Another lab may have come to live on it.
          if (await engine.networkInUse(network)) continue
          await engine.removeNetwork(network)
          removed.push(`network ${network}`)
        }
        return undefined
      },
    },
  ]
}

/** A help where it works; what it leaves is removed by us, so its failure is no failure of ours. */
async function containerlabDestroy(
  { state, containerlab }: TeardownContext,
  run: Run,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  if (containerlab === undefined || !(await exists(state.topologyFile()))) return
  try {
    progress('containerlab destroy')
    await new Containerlab(run, containerlab, state).destroy({ signal })
  } catch (error) {
    signal.throwIfAborted()
    progress(`containerlab destroy: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Everything of the lab that is still there. */
async function whatIsLeft(
  { name, hostEntries }: TeardownContext,
  engine: Engine | undefined,
): Promise<string[]> {
  const [containers, volumes] = engine
    ? await Promise.all([engine.containers(name), engine.volumes(name)])
    : [[], []]
  return [
    ...containers.map((container) => `container ${container.name}`),
    ...volumes.map((volume) => `volume ${volume}`),
    ...(await leftHostEntries(name, hostEntries)),
  ]
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
