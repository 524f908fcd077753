import { writeFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import { labFacts } from '../observe/model/lab.js'
import { renderConsole, type ConsoleOptions, type Paint } from '../report/console.js'
import { renderJunit } from '../report/junit.js'
import { renderJson } from '../report/json.js'
import { exitCodeOf } from '../report/model.js'
import { verify, type VerifyProgress } from '../verify.js'
import { mustBeThere, openLab, type CommandIo, type Lab, type LabOptions } from './context.js'

export interface VerifyCommandOptions extends LabOptions {
  readonly json?: boolean
  /** File for the result as JUnit XML, beside what is printed. */
  readonly junit?: string
}

/** Proves with evidence how the lab's services behave. */
export async function verifyCommand(options: VerifyCommandOptions, io: CommandIo): Promise<number> {
  const lab = await openLab(options)
  await mustBeThere(lab)
  return verifyLab(lab, options, io)
}

/** Verifies a lab that is there, prints the result and keeps it. */
export async function verifyLab(
  { plan, state }: Lab,
  { json = false, junit }: VerifyCommandOptions,
  io: CommandIo,
): Promise<number> {
  const containerlab = (await state.record())?.containerlab ?? 'containerlab'
  const result = await verify(
    {
      kubeconfig: state.kubeconfig(),
      lab: labFacts(plan.topology),
      declared: plan.manifests,
      engine: { docker: 'docker', containerlab, topologyFile: state.topologyFile() },
    },
    { signal: io.signal, onProgress: (event) => tellRound(event, io) },
  )
  await state.saveResult(result)
  if (junit !== undefined) await writeFile(junit, renderJunit(result))
  io.print(json ? renderJson(result) : renderConsole(result, consoleOptions(process.stdout)))
  return exitCodeOf(result)
}

/** A healthy lab takes one round; what does not match is observed again, which people should know of. */
function tellRound(event: VerifyProgress, io: CommandIo): void {
  if (event.type !== 'round') return
  const failing = event.checks.filter(({ verdict }) => verdict === 'fail').length
  if (failing > 0)
    io.say(`round ${event.number}: ${failing} mismatches, observed again until they are stable`)
}

function consoleOptions({ isTTY, columns }: NodeJS.WriteStream): ConsoleOptions {
  if (!isTTY) return {}
  const paint: Paint = (color, words) => (process.env['NO_COLOR'] ? words : styleText(color, words))
  return { columns, paint }
}
