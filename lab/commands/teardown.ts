import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeCache } from '../artifacts/remove-cache.js'
import { hostEntries } from '../cluster/host-entries.js'
import { LeftNetworks, leftNetworksFolder } from '../cluster/left-networks.js'
import { engineState, startEngine } from '../host/engine.js'
import { isDiskFull } from '../host/file-error.js'
import { holderOf } from '../host/lock.js'
import { cacheDir } from '../host/paths.js'
import { tryRun } from '../host/run.js'
import { runStages } from '../pipeline/progress.js'
import { expectedContainers } from '../pipeline/steps/containers.js'
import { teardownStages } from '../pipeline/teardown.js'
import { holding, hostLog, openLab, type CommandIo, type Lab, type LabOptions } from './context.js'
import { seconds } from '../words.js'

export interface TeardownOptions extends LabOptions {
  readonly cache?: boolean
}

/** A disk that is full must not keep what takes its space: the lab's own logs make room for the lock. */
async function holdingOnFullDisk(lab: Lab, action: () => Promise<number>): Promise<number> {
  const hold = (): Promise<number> => holding(lab, 'teardown', action)
  try {
    return await hold()
  } catch (error) {
    if (!isDiskFull(error) || (await holderOf(lab.state.lockFile())) !== undefined) throw error
    await rm(dirname(lab.state.logFile('')), { recursive: true, force: true })
    return hold()
  }
}

/** Removes a lab and everything it made, and proves it by looking. */
export async function teardown(options: TeardownOptions, io: CommandIo): Promise<number> {
  const began = performance.now()
  const lab = await openLab(options)
  const { name } = lab.plan
  return holdingOnFullDisk(lab, async () => {
    const engine = await engineState(tryRun, io.signal)
    if (engine === 'stopped') {
      io.say('starting the Docker engine, which holds the containers')
      await startEngine(tryRun, hostLog('dockerd'), io.signal)
    }
    const removed: string[] = []
    // What the spec says now, and what it said when the nodes were made.
    const containers = new Set([...expectedContainers(lab.plan), ...(await lab.state.containersOfNodes())])
    const run = engine === 'absent' ? undefined : tryRun
    await runStages(
      teardownStages({
        name,
        state: lab.state,
        owner: lab.owner,
        run,
        containerlab: (await lab.state.record())?.containerlab,
        hostEntries: hostEntries(name, [...containers]),
        leftNetworks: new LeftNetworks(leftNetworksFolder(cacheDir())),
        removed,
      }),
      io.signal,
    )
    if (options.cache === true)
      removed.push(...(await removeCache(tryRun, cacheDir(), engine !== 'absent', io)))
    io.say(
      removed.length === 0
        ? `there was nothing of lab ${name}`
        : `lab ${name}: removed ${removed.join(', ')} (${seconds(performance.now() - began)})`,
    )
    return 0
  })
}
