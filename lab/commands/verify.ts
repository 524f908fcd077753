import { programMustBeAsBuilt } from '../artifacts/as-built.js'
import { selectChecks } from '../checks/select.js'
import { Engine } from '../cluster/engine.js'
import { withDeadline } from '../host/deadline.js'
import { tryRun } from '../host/run.js'
import { rbacManifest, withCluster } from '../observe/any-cluster.js'
import { labFacts } from '../observe/model/lab.js'
import type { Recording, VerifyTarget } from '../observe/model/target.js'
import { externalAddresses } from '../pipeline/external-addresses.js'
import type { Plan } from '../plan/plan.js'
import type { VerifyResult } from '../report/model.js'
import { writeRecording } from '../report/recording-file.js'
import { mustBeWritable } from '../report/write-whole.js'
import { verify } from '../verify.js'
import type { Scenario } from '../scenarios/scenario.js'
import { holding, mustBeThere, openLab, type CommandIo, type Lab } from './context.js'
import { mustRun } from './must-run.js'
import { clusterOf, meansCluster, type VerifyCommandOptions } from './verify-options.js'
import { consoleOptions, showResult } from './verify-output.js'
import { Progress } from './verify-progress.js'
import { replayFile } from './verify-replay.js'
import { scenariosOf, withScenarios } from './verify-scenarios.js'
import { watch, type Watched } from './verify-watch.js'
import { wordsOf } from '../words.js'

/** The engine answers at once, or not at all. */
const ADDRESSES_MS = 10_000

/** Proves with evidence how services behave: of the lab, of another cluster, or of what was saved of either. */
export async function verifyCommand(options: VerifyCommandOptions, io: CommandIo): Promise<number> {
  if (options.rbac === true) {
    io.print(rbacManifest(clusterOf(options), { scenarios: scenariosOf(options).length > 0 }).trimEnd())
    return 0
  }
  const elsewhere = meansCluster(options)
  // Mistakes are told before anything is observed.
  selectChecks(options)
  const chosen = scenariosOf(options)
  for (const file of [options.save, options.junit]) if (file !== undefined) await mustBeWritable(file)
  if (options.from !== undefined) return showResult(await replayFile(options.from, options), options, io)
  if (elsewhere) return verifyCluster(options, io)
  const lab = await openLab(options)
  await mustBeThere(lab)
  await mustRun(lab, options, io.signal)
  if (chosen.length === 0) return verifyLab(lab, options, io)
  return holding(lab, 'verify with scenarios', () => verifyLab(lab, options, io))
}

async function verifyCluster(options: VerifyCommandOptions, io: CommandIo): Promise<number> {
  let running: Promise<number> | undefined
  try {
    return await withCluster(
      clusterOf(options),
      { signal: io.signal, onProgress: io.say },
      (target, again) => (running = verifyWatched({ target, again }, options, io)),
    )
  } finally {
    // An interrupt does not wait for what it ends, but a scenario still has to take back what it changed.
    await running?.catch(() => undefined)
  }
}

/** Verifies a lab that is there, prints the result and keeps it. */
export async function verifyLab(
  { plan, state }: Pick<Lab, 'plan' | 'state'>,
  options: VerifyCommandOptions,
  io: CommandIo,
): Promise<number> {
  const containerlab = (await state.record())?.containerlab ?? 'containerlab'
  await programMustBeAsBuilt(containerlab)
  // Who watches is told once.
  const warned = new Set<string>()
  const warn = (line: string): void => {
    if (!warned.has(line)) io.say(line)
    warned.add(line)
  }
  const target = async (): Promise<VerifyTarget> => ({
    kubeconfig: state.kubeconfig(),
    lab: labFacts(plan.topology),
    declared: plan.manifests(await addressesNow(plan, { signal: io.signal, say: warn })),
    engine: { docker: 'docker', containerlab, topologyFile: state.topologyFile() },
  })
  // The verdict of some checks is not the lab's.
  const isWhole = [options.only, options.skip, options.scenario].every((some) => some === undefined)
  return verifyWatched(
    {
      ...{ target: await target(), again: target },
      ...(isWhole ? { keep: (result: VerifyResult) => state.saveResult(result) } : {}),
    },
    options,
    io,
  )
}

/** Verifies a target once, or until it is interrupted. */
async function verifyWatched(
  watched: Watched,
  options: VerifyCommandOptions,
  io: CommandIo,
): Promise<number> {
  if (options.watch === true) {
    const { paint } = consoleOptions(process.stdout)
    return watch(watched, options, io, paint === undefined ? {} : { paint })
  }
  const chosen = scenariosOf(options)
  const { result, recording } = await verifyOnce(watched.target, chosen, options, io)
  await watched.keep?.(result)
  if (options.save !== undefined && recording !== undefined) await writeRecording(options.save, recording)
  return showResult(result, options, io)
}

/** The result, and what the verdicts of the checks come from. Scenarios that are named run without the checks. */
async function verifyOnce(
  target: VerifyTarget,
  chosen: readonly Scenario[],
  options: VerifyCommandOptions,
  io: CommandIo,
): Promise<{ result: VerifyResult; recording?: Recording | undefined }> {
  if (chosen.length === 0) return checkOnce(target, options, io)
  const checked = options.all === true ? (await checkOnce(target, options, io)).result : undefined
  return { result: await withScenarios(target, chosen, checked, io) }
}

/** The result of the checks, and what the last round saw. */
async function checkOnce(
  target: VerifyTarget,
  { only, skip, save, justChanged = false }: VerifyCommandOptions,
  { signal, say }: CommandIo,
): Promise<{ result: VerifyResult; recording: Recording | undefined }> {
  const progress = new Progress(say)
  let recording: Recording | undefined
  try {
    const result = await verify(target, {
      ...{ signal, justChanged, whole: save !== undefined },
      ...(only === undefined ? {} : { only }),
      ...(skip === undefined ? {} : { skip }),
      onProgress: (event) => {
        progress.tell(event)
        if (event.type === 'round') recording = event.recording
      },
    })
    return { result, recording }
  } finally {
    progress.end()
  }
}

/** An engine that does not answer says nothing of the cluster, which may: one service less is judged then. */
async function addressesNow(
  plan: Plan,
  { signal, say }: Pick<CommandIo, 'signal' | 'say'>,
): Promise<string[] | undefined> {
  try {
    return await withDeadline(
      ADDRESSES_MS,
      (ends) => externalAddresses(plan, new Engine(tryRun, { signal: ends })),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const reason = wordsOf(error)
    say(`warning: the address of the external database is not known, its service is not judged: ${reason}`)
    return undefined
  }
}
