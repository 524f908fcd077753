import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDeadline } from '../host/deadline.js'
import type { Plan } from '../plan/plan.js'
import { archiveName, writeArchive } from './archive.js'
import { readerOf, type ClusterReader } from './cluster-reader.js'
import type { DiagnoseContext } from './context.js'
import { LIMITS, type Limits } from './deadlines.js'
import { gather } from './gather.js'
import { indexPage, problemsPage } from './index-page.js'
import { knownSecrets } from './known-secrets.js'
import type { Collected, Problem } from './part.js'
import { redactor } from './redact.js'
import { literals } from './secret-values.js'
import { clusterSource } from './sources/cluster.js'
import { containersSource } from './sources/containers.js'
import { cacheLogsSource, stateSource } from './sources/files.js'
import { hostSource } from './sources/host.js'
import { labSource } from './sources/lab.js'

/** What diagnosing is told beside its context. */
export interface DiagnoseIo {
  /** Interrupts it, and nothing is written then. */
  readonly signal: AbortSignal
  /** Told each problem as it comes. */
  readonly onProblem: (problem: Problem) => void
  /** Default: {@link LIMITS}. */
  readonly limits?: Limits
}

/** What was written. */
export interface Diagnosed extends Collected {
  /** How the values of Secrets are known that were taken out, or why they are not; one line. */
  readonly secrets: string
  /** Bytes of the archive. */
  readonly size: number
}

/**
 * Writes what tells how a lab is, and how it came to be so, into one archive, without secrets. Changes nothing else:
 * neither the engine nor anything in it is started, and the lab is not held.
 *
 * @param at names the folder in the archive
 * @throws what `writeArchive` throws
 */
export async function diagnose(
  context: DiagnoseContext,
  file: string,
  at: Date,
  { signal, onProblem, limits = LIMITS }: DiagnoseIo,
): Promise<Diagnosed> {
  const { plan, state, run, version } = context
  let [collected, secrets]: [Collected, string] = [{ files: [], problems: [] }, '']
  const fill = async (folder: string): Promise<void> => {
    const cluster = answering(state.kubeconfig(), limits, signal)
    // It is asked for again below, unless an interruption comes first.
    cluster.catch(() => undefined)
    const { values, how } = await knownSecrets(cluster, context, limits, signal)
    const redact = redactor(literals(values, namesOf(plan)))
    const sources = [
      ...[labSource(context), stateSource(context), hostSource(context), cacheLogsSource(context)],
      ...[containersSource(context), clusterSource(() => cluster)],
    ]
    collected = await gather(sources, { folder, redact, limits, signal, onProblem })
    secrets = redact(how).text
    const about = { ...{ lab: plan.name, version, secrets }, at: at.toISOString() }
    await writeFile(join(folder, 'README.md'), indexPage(about, collected))
    await writeFile(join(folder, 'problems.txt'), problemsPage(collected))
  }
  const size = await writeArchive(file, archiveName(plan.name, at), fill, { run, signal })
  return { ...collected, secrets, size }
}

/** @throws at once where there is no lab, soon where its API server is silent: then nothing else is asked of it */
async function answering(
  kubeconfig: string,
  { answerMs }: Limits,
  signal: AbortSignal,
): Promise<ClusterReader> {
  const cluster = readerOf(kubeconfig)
  await withDeadline(answerMs, (ends) => cluster.get('/version', ends), signal)
  return cluster
}

/** What things of the lab are called: a Secret's value that is such a name cannot be told from it. */
function namesOf(plan: Plan): ReadonlySet<string> {
  const named = plan.manifests(undefined).flatMap(({ metadata }) => [metadata?.name, metadata?.namespace])
  return new Set([plan.name, ...plan.nodes, ...named.flatMap((name) => name ?? [])])
}
