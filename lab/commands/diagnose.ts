import { resolve } from 'node:path'
import { versions } from '../artifacts/versions.js'
import { Kube } from '../cluster/kube.js'
import { archiveName } from '../diagnose/archive.js'
import type { DiagnoseContext } from '../diagnose/context.js'
import { diagnose as writeDiagnosis } from '../diagnose/diagnose.js'
import { findingsOf } from '../doctor/findings.js'
import { examine } from '../doctor/examine.js'
import { cacheDir } from '../host/paths.js'
import { tryRun } from '../host/run.js'
import { mustBeWritable } from '../report/write-whole.js'
import { loadSpec } from '../spec/index.js'
import { lookAt } from '../status/look.js'
import { seconds } from '../words.js'
import { openLab, type CommandIo, type LabOptions } from './context.js'
import { objectsOf } from './status.js'
import { surveyed } from './surveyed.js'
import { version } from './version.js'

/** What diagnose may be told. */
export interface DiagnoseOptions extends LabOptions {
  /** File of the archive; default: named after the lab and the time, in the working directory. */
  readonly output?: string
}

/** Writes one archive of what tells how the lab is, and how it came to be so, whatever its state. */
export async function diagnose(options: DiagnoseOptions, { signal, say, print }: CommandIo): Promise<number> {
  const began = performance.now()
  const context = await contextOf(options)
  const at = new Date()
  const file = resolve(options.output ?? `${archiveName(context.plan.name, at)}.tar.gz`)
  await mustBeWritable(file)
  say(`collecting what this host, the lab's folder, its containers and its API server tell`)
  const { files, problems, secrets, size } = await writeDiagnosis(context, file, at, {
    signal,
    onProblem: ({ what, reason }) => say(`not collected: ${what}: ${reason}`),
  })
  const not = problems.length === 0 ? '' : `, ${problems.length} not collected`
  const megabytes = `${(size / 1e6).toFixed(1)} MB`
  say(`${files.length} files${not}, ${megabytes} (${seconds(performance.now() - began)})`)
  say(`values of Secrets: ${secrets}`)
  say('secrets are redacted; look through it before you hand it on')
  print(file)
  return 0
}

async function contextOf(options: DiagnoseOptions): Promise<DiagnoseContext> {
  const { plan, state, owner } = await openLab(options)
  return {
    ...{ plan, state, run: tryRun, cache: cacheDir(), version: version() },
    spec: await loadSpec({ file: options.lab, name: options.name }),
    examine: async (signal) => {
      const examined = { plan, stateFolder: state.folder, starts: false, ...(await surveyed(plan, signal)) }
      const facts = await examine(examined, tryRun, signal)
      return { findings: findingsOf(facts, plan, versions.kubernetes), facts }
    },
    status: (signal) =>
      lookAt({
        ...{ plan, state, owner, run: tryRun, signal },
        connect: (kubeconfig, ends) => new Kube(kubeconfig, ends),
        objects: (engine) => objectsOf(plan, engine),
      }),
  }
}
