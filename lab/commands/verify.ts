import { writeFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import { Engine } from '../cluster/engine.js'
import { withDeadline } from '../host/deadline.js'
import { tryRun } from '../host/run.js'
import { labFacts } from '../observe/model/lab.js'
import { externalAddresses } from '../pipeline/external-addresses.js'
import type { Plan } from '../plan/plan.js'
import { renderConsole, type ConsoleOptions, type Paint } from '../report/console.js'
import { renderJunit } from '../report/junit.js'
import { renderJson } from '../report/json.js'
import { exitCodeOf } from '../report/model.js'
import { verify, type VerifyProgress } from '../verify.js'
import { mustBeThere, openLab, type CommandIo, type Lab, type LabOptions } from './context.js'

/** The engine answers at once, or not at all. */
const ADDRESSES_MS = 10_000

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
      declared: plan.manifests(await addressesNow(plan, io)),
      engine: { docker: 'docker', containerlab, topologyFile: state.topologyFile() },
    },
    { signal: io.signal, onProgress: (event) => tellRound(event, io) },
  )
  await state.saveResult(result)
  if (junit !== undefined) await writeFile(junit, renderJunit(result))
  io.print(json ? renderJson(result) : renderConsole(result, consoleOptions(process.stdout)))
  return exitCodeOf(result)
}

/** An engine that does not answer says nothing of the cluster, which may: one service less is judged then. */
async function addressesNow(plan: Plan, { signal, say }: CommandIo): Promise<string[] | undefined> {
  try {
    return await withDeadline(
      ADDRESSES_MS,
      (ends) => externalAddresses(plan, new Engine(tryRun, { signal: ends })),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    say(`warning: the address of the external database is not known, its service is not judged: ${reason}`)
    return undefined
  }
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
