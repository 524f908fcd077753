import { Engine } from '../cluster/engine.js'
import { engineState } from '../host/engine.js'
import { tryRun } from '../host/run.js'
import { stopStage } from '../pipeline/stop.js'
import { runStages } from '../pipeline/progress.js'
import { npmRun } from '../npm-run.js'
import { seconds } from '../words.js'
import { holding, mustBeThere, openLab, type CommandIo, type LabOptions } from './context.js'

/** Stops the containers of a lab and keeps all that is in them: {@link start} brings it back. */
export async function stop(options: LabOptions, io: CommandIo): Promise<number> {
  const began = performance.now()
  const lab = await openLab(options)
  const { name } = lab.plan
  return holding(lab, 'stop', async () => {
    await mustBeThere(lab)
    if ((await engineState(tryRun, io.signal)) !== 'running') {
      io.say(`lab ${name} is stopped already: the Docker engine does not run`)
      return 0
    }
    const stopped: string[] = []
    await runStages([stopStage(lab, (signal) => new Engine(tryRun, { signal }), stopped)], io.signal)
    io.say(
      stopped.length === 0
        ? `lab ${name} was stopped already`
        : `lab ${name}: stopped ${stopped.join(', ')} (${seconds(performance.now() - began)}); ${npmRun('start', options)} brings it back`,
    )
    return 0
  })
}
