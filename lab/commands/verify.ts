import { labFacts } from '../observe/model/lab.js'
import { renderConsole } from '../report/console.js'
import { renderJson } from '../report/json.js'
import { exitCodeOf } from '../report/model.js'
import { verify } from '../report/verify.js'
import { mustBeThere, openLab, type CommandIo, type Lab, type LabOptions } from './context.js'

export interface VerifyCommandOptions extends LabOptions {
  readonly json?: boolean
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
  { json = false }: VerifyCommandOptions,
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
    { signal: io.signal },
  )
  await state.saveResult(result)
  io.print(json ? renderJson(result) : renderConsole(result))
  return exitCodeOf(result)
}
