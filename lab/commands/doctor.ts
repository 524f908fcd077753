import { versions } from '../artifacts/versions.js'
import { findingsOf } from '../doctor/findings.js'
import { examine } from '../doctor/examine.js'
import type { Finding, Repair } from '../doctor/finding.js'
import { renderFindings, summaryOf } from '../doctor/render.js'
import { startEngine } from '../host/engine.js'
import { must, tryRun } from '../host/run.js'
import { hostLog, openLab, type CommandIo, type Lab, type LabOptions } from './context.js'
import { surveyed } from './surveyed.js'
import { consoleOptions } from './verify-output.js'
import { wordsOf } from '../words.js'

/** What doctor may be told. */
export interface DoctorOptions extends LabOptions {
  readonly json?: boolean
  readonly fix?: boolean
}

/** Exit code where something would make a lab fail: the host lacks something. */
const LACKS = 3

/** Everything of this host that makes labs fail, measured, and what to do about it. */
export async function doctor(options: DoctorOptions, io: CommandIo): Promise<number> {
  const lab = await openLab(options)
  const seen = await findings(lab, io)
  const repaired = options.fix === true ? await repair(seen, io) : 0
  const left = repaired > 0 ? await findings(lab, io) : seen
  if (options.json === true)
    io.print(
      JSON.stringify({ schema: 'headless-lab/doctor/v1', lab: lab.plan.name, findings: left }, undefined, 2),
    )
  else {
    const { paint } = consoleOptions(process.stdout)
    io.print(`${renderFindings(left, paint)}\n\n${summaryOf(left)}`)
  }
  return left.some(({ verdict }) => verdict === 'fail') ? LACKS : 0
}

async function findings({ plan, state }: Lab, { signal }: CommandIo): Promise<Finding[]> {
  const examined = { plan, stateFolder: state.folder, ...(await surveyed(plan, signal)) }
  return findingsOf(await examine(examined, tryRun, signal), plan, versions.kubernetes)
}

/** Does what is safe, and says it. @returns how much was done */
async function repair(seen: readonly Finding[], io: CommandIo): Promise<number> {
  const repairs = seen.flatMap(({ repair: what }) => what ?? [])
  for (const what of repairs) {
    try {
      await mend(what, io)
    } catch (error) {
      io.signal.throwIfAborted()
      io.say(`it could not be done: ${wordsOf(error)}`)
    }
  }
  return repairs.length
}

async function mend(what: Repair, { say, signal }: CommandIo): Promise<void> {
  switch (what.kind) {
    case 'start-engine':
      say('starting the Docker engine')
      return startEngine(tryRun, hostLog('dockerd'), signal)
    case 'sysctl':
      say(`sysctl ${what.key}=${what.value}, until the next start of this host`)
      await must(tryRun)('sysctl', ['-w', `${what.key}=${what.value}`], { signal })
  }
}
