import { Listr, ListrLogger, ProcessOutput, PRESET_TIMER, type ListrTask } from 'listr2'
import { runStep, type Step } from './step.js'

/** A pipeline as listr2 draws it: a step, or steps that run beside each other under one title. */
export type Stage = Step | Beside

interface Beside {
  readonly title: string
  readonly beside: () => readonly Step[]
  /** What the steps return says how long they worked; the time they took, waiting for each other, is not shown. */
  readonly tellTheirTime?: boolean
}

/**
 * Runs stages one after the other and draws them on stderr: live on a terminal, line by line elsewhere.
 * The first failure ends the run; its error is thrown.
 */
export async function runStages(stages: readonly Stage[], interrupt: AbortSignal): Promise<void> {
  // stdout is for results only.
  const logger = new ListrLogger({
    processOutput: new ProcessOutput(process.stderr, process.stderr),
    useIcons: false,
  })
  const live = process.stderr.isTTY && process.env['CI'] !== 'true'
  const tasks = stages.map((stage) =>
    'beside' in stage ? besideTask(stage, interrupt, live) : stepTask(stage, interrupt),
  )
  await new Listr(tasks, {
    registerSignalListeners: false,
    collectErrors: false,
    ...(live
      ? { renderer: 'default', rendererOptions: { logger, timer: PRESET_TIMER, collapseSubtasks: false } }
      : { renderer: 'simple', rendererOptions: { logger, timer: PRESET_TIMER } }),
  }).run()
}

type Task = Parameters<ListrTask['task']>[1]

function stepTask(step: Step, interrupt: AbortSignal): ListrTask {
  return { title: step.title, task: (_, task) => perform(step, interrupt, task, '') }
}

/** @param label put before each line of progress, where the lines of several steps come mixed */
async function perform(step: Step, interrupt: AbortSignal, task: Task, label: string): Promise<void> {
  const result = await runStep(step, interrupt, (line) => (task.output = `${label}${line}`))
  if (result !== undefined) task.title = `${step.title}: ${result}`
}

/** All of them are let end before a failure of one ends the stage: each undoes its own. */
function besideTask(stage: Beside, interrupt: AbortSignal, live: boolean): ListrTask {
  return {
    title: stage.title,
    task: (_, task) => {
      const failed = new AbortController()
      const either = AbortSignal.any([interrupt, failed.signal])
      const begun: Promise<void>[] = []
      const tasks = stage.beside().map((step) => ({
        title: step.title,
        ...(stage.tellTheirTime === true
          ? { rendererOptions: { timer: { ...PRESET_TIMER, condition: false } } }
          : {}),
        task: async (_context: unknown, inner: Task): Promise<void> => {
          const running = perform(step, either, inner, live ? '' : `${step.title}: `)
          begun.push(running)
          try {
            await running
          } catch (error) {
            failed.abort(error)
            await Promise.allSettled(begun)
            throw error
          }
        },
      }))
      if (tasks.length === 0) {
        task.title = `${stage.title}: nothing to do`
        return undefined
      }
      return task.newListr(tasks, { concurrent: true, exitOnError: true })
    },
  }
}
