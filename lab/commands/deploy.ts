import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { defaultSource } from '../artifacts/default-source.js'
import { hostEntries } from '../cluster/host-entries.js'
import { Kube } from '../cluster/kube.js'
import { offer } from '../diagnose/offer.js'
import { LabError } from '../errors.js'
import { consentFrom } from '../host/consent.js'
import { unlessAborted } from '../host/deadline.js'
import { engineState } from '../host/engine.js'
import { ensureHost, type ProvisionOptions } from '../host/provision.js'
import { cacheDir } from '../host/paths.js'
import { tryRun } from '../host/run.js'
import { deployStages } from '../pipeline/deploy.js'
import { runStages } from '../pipeline/progress.js'
import { expectedContainers } from '../pipeline/steps/containers.js'
import { neededArtifacts } from '../plan/plan.js'
import { space } from '../plan/space.js'
import { exitCodeOf } from '../report/model.js'
import { ago, seconds } from '../words.js'
import {
  holding,
  hostLog,
  mustBeThere,
  openLab,
  type CommandIo,
  type Lab,
  type LabOptions,
} from './context.js'
import { reportError } from './report-error.js'
import { verifyLab } from './verify.js'

export interface DeployOptions extends LabOptions {
  readonly yes?: boolean
  readonly refresh?: boolean
  /** See {@link start}. */
  readonly onlyBringBack?: boolean
}

/** Exit code of a deploy that failed; not of one that was refused, or whose verdict is bad. */
const FAILED = 4

/** From whatever is there to a verified lab. A lab that is as declared is left as it is, and is not verified again. */
export async function deploy(options: DeployOptions, io: CommandIo): Promise<number> {
  try {
    return await makeAndVerify(options, io)
  } catch (error) {
    io.signal.throwIfAborted()
    const code = reportError(error, io.say)
    if (code === FAILED) io.say(offer(options))
    return code
  }
}

async function makeAndVerify(options: DeployOptions, io: CommandIo): Promise<number> {
  const began = performance.now()
  const lab = await openLab(options)
  return holding(lab, 'deploy', async () => {
    const changes = await makeLab(lab, options, io)
    if (changes === 0) {
      io.say(`lab ${lab.plan.name} is as declared: nothing changed (${seconds(performance.now() - began)})`)
      const last = await lab.state.lastResult()
      if (last !== undefined) {
        const { pass, fail, inconclusive } = last.summary
        io.say(
          `last verified ${ago(last.startedAt)}: ${pass} passed, ${fail} failed, ${inconclusive} inconclusive`,
        )
        return exitCodeOf(last)
      }
    } else {
      io.say(`lab ${lab.plan.name} deployed in ${seconds(performance.now() - began)}; verifying`)
    }
    const code = await verifyLab(lab, { justChanged: true }, io)
    io.say(`lab ${lab.plan.name} deployed and verified in ${seconds(performance.now() - began)}`)
    io.say(`export KUBECONFIG=${lab.state.kubeconfig()}`)
    return code
  })
}

/** Brings back a lab that was stopped, or whose engine was: as {@link deploy} does, but never from nothing. */
export async function start(options: DeployOptions, io: CommandIo): Promise<number> {
  await mustBeThere(await openLab(options))
  return deploy({ ...options, onlyBringBack: true }, io)
}

async function makeLab(
  lab: Lab,
  { yes = false, refresh = false, onlyBringBack = false }: DeployOptions,
  io: CommandIo,
): Promise<number> {
  const artifacts = await defaultSource()
  const names = neededArtifacts(lab.plan)
  const provision: ProvisionOptions = {
    run: tryRun,
    consent: consentFrom(yes, io.say, io.signal),
    say: io.say,
    signal: io.signal,
    installLog: hostLog('install'),
    engineLog: hostLog('dockerd'),
  }
  await mkdir(dirname(provision.installLog), { recursive: true })
  // A stopped engine may hold every image: only a running one tells what has to be built.
  const engineIsThere = (await engineState(tryRun, io.signal)) !== 'absent'
  if (engineIsThere) await ensureHost([], provision)
  const { pending, tools } = await unlessAborted(io.signal, artifacts.survey(names, { refresh }))
  if (!engineIsThere || tools.length > 0) await ensureHost(tools, provision)
  const context = {
    ...lab,
    artifacts,
    pending,
    diskToBuild: [
      { folder: cacheDir(), bytes: space.cache },
      { folder: homedir(), bytes: tools.includes('go') ? space.goCaches : 0 },
    ],
    run: tryRun,
    connect: (kubeconfig: string, signal: AbortSignal) => new Kube(kubeconfig, signal),
    onlyBringBack,
    hostEntries: hostEntries(lab.plan.name, expectedContainers(lab.plan)),
    warn: (line: string) => io.say(`warning: ${line}`),
    changes: 0,
  }
  try {
    await runStages(deployStages(context), io.signal)
  } catch (error) {
    // What interrupted the program says best why the run ended.
    io.signal.throwIfAborted()
    throw asDeployError(error)
  }
  return context.changes
}

/** Whatever failed while the host was changed is a failed deploy (exit code 4), whichever adapter it came from. */
function asDeployError(error: unknown): unknown {
  if (!(error instanceof LabError) || error.exitCode !== 6) return error
  return new LabError('step.failed', error.message, {
    cause: error,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
