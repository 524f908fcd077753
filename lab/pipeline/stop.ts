import type { Engine } from '../cluster/engine.js'
import type { LabState } from '../cluster/state.js'
import { MINUTE } from './durations.js'
import type { Stage } from './progress.js'

/** systemd in a node ends its services, databases among them, in a few seconds; one that hangs is killed. */
const STOP_SECONDS = 45

/** Stops all containers of a lab beside each other. @param stopped told their names */
export function stopStage(
  { state }: { readonly state: LabState },
  connect: (signal: AbortSignal) => Pick<Engine, 'containers' | 'stop' | 'unpause'>,
  stopped: string[],
): Stage {
  return {
    title: 'stopping the nodes',
    deadlineMs: 2 * MINUTE,
    run: async ({ signal }) => {
      const engine = connect(signal)
      const containers = await engine.containers(state.name)
      // What is paused takes no signal.
      for (const paused of containers.filter((one) => one.state === 'paused')) await engine.unpause(paused)
      const running = containers.filter((one) => ['running', 'paused', 'restarting'].includes(one.state))
      if (running.length > 0) await state.forgetResult()
      await engine.stop(running, STOP_SECONDS)
      stopped.push(...running.map(({ name }) => name))
      return running.length === 0 ? 'none runs' : `${running.length} stopped`
    },
  }
}
