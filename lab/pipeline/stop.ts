import type { Engine } from '../cluster/engine.js'
import type { LabState } from '../cluster/state.js'
import { MINUTE } from './durations.js'
import type { Stage } from './progress.js'

/** systemd in a node ends its services, databases among them, in a few seconds; one that hangs is killed. */
const STOP_SECONDS = 45

/** What stops containers. */
type Stopping = Pick<Engine, 'containers' | 'stop' | 'unpause'>

/** Stops all containers of a lab beside each other. @param stopped told their names */
export function stopStage(
  { state }: { readonly state: LabState },
  connect: (signal: AbortSignal) => Stopping,
  stopped: string[],
): Stage {
  return {
    title: 'stopping the nodes',
    deadlineMs: 2 * MINUTE,
    run: async ({ signal }) => {
      const names = await stopNodes(state, connect(signal))
      stopped.push(...names)
      return names.length === 0 ? 'none runs' : `${names.length} stopped`
    },
  }
}

/**
 * Stops what runs of a lab, and waits for its end, also where the engine does so already. What it was asked for it goes
 * on doing when whoever asked is gone: only the journal tells that what runs is about to stop.
 *
 * @returns the names of the containers
 */
export async function stopNodes(state: LabState, engine: Stopping): Promise<string[]> {
  const containers = await engine.containers(state.name)
  const running = containers.filter((one) => ['running', 'paused', 'restarting'].includes(one.state))
  if (running.length > 0) {
    await state.journal({ event: 'stop-intent' })
    await state.forgetResult()
  }
  // What is paused takes no signal.
  for (const paused of running.filter((one) => one.state === 'paused')) await engine.unpause(paused)
  await engine.stop(running, STOP_SECONDS)
  if (await state.isStopping()) await state.journal({ event: 'stop-done' })
  return running.map(({ name }) => name)
}
