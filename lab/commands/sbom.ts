import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readRecord } from '../artifacts/record.js'
import type { Artifact, ArtifactSource } from '../artifacts/artifact.js'
import { defaultSource } from '../artifacts/default-source.js'
import { LabError } from '../errors.js'
import { cacheDir } from '../host/paths.js'
import { tryRun, type Run } from '../host/run.js'
import { neededArtifacts } from '../plan/plan.js'
import { makeFolder, writeWhole } from '../report/write-whole.js'
import { readFolder, readImage, type Contents } from '../sbom/contents.js'
import { bomFile, describeArtifact, modulesOf, withoutLicence } from '../sbom/describe.js'
import { moduleLicences } from '../sbom/module-licences.js'
import { takeOut } from '../sbom/take-out.js'
import { openLab, type CommandIo, type LabOptions } from './context.js'

/** Of parts without a licence, so many are named. */
const SHOWN = 5

/** What sbom may be told. */
export interface SbomOptions extends LabOptions {
  readonly output?: string
}

/** Writes what each artifact is made of, one bill of materials each, as the artifacts themselves say. */
export async function sbom(options: SbomOptions, { signal, say, print }: CommandIo): Promise<number> {
  const { plan } = await openLab(options)
  const artifacts = await allBuilt(await defaultSource(), neededArtifacts(plan))
  const modules = await moduleCache(tryRun)
  const folder = await makeFolder(options.output ?? 'sbom')
  for (const { artifact, title } of artifacts) {
    signal.throwIfAborted()
    const contents = await contentsOf(artifact, signal)
    const wanted = modulesOf(contents)
    const known = modules === undefined ? new Map<string, never>() : await moduleLicences(wanted, modules)
    const record = await readRecord(artifact.folder)
    if (record === undefined) throw new Error(`${artifact.name} has no record`)
    const bom = describeArtifact({ ...record, title }, contents, known)
    const file = join(folder, bomFile(artifact.name))
    await writeWhole(file, `${JSON.stringify(bom, undefined, 2)}\n`)
    print(file)
    const unknown = withoutLicence(bom)
    if (unknown.length > 0) say(`${artifact.name}: no licence is known of ${several(unknown)}`)
  }
  return 0
}

/**
 * Everything a lab is made of, and what that is made of.
 *
 * @throws LabError `sbom.unbuilt` that names what is not there
 */
async function allBuilt(
  source: ArtifactSource,
  names: readonly string[],
): Promise<{ artifact: Artifact; title: string }[]> {
  // What a refresh would build is all there is.
  const { pending: all } = await source.survey(names, { refresh: true })
  const found: { artifact: Artifact; title: string }[] = []
  const absent: string[] = []
  for (const { name, title } of all) {
    try {
      found.push({ artifact: await source.get(name), title })
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'artifact.absent') throw error
      absent.push(name)
    }
  }
  if (absent.length === 0) return found
  throw new LabError(
    'sbom.unbuilt',
    `not built, or not by this version of the program: ${absent.join(', ')}`,
    {
      hint: 'run deploy, which builds what is missing and starts the engine that holds the images',
    },
  )
}

async function contentsOf({ folder, image }: Artifact, signal: AbortSignal): Promise<Contents> {
  if (image === undefined) return readFolder(folder)
  const scratch = join(cacheDir(), 'scratch')
  await mkdir(scratch, { recursive: true })
  const root = await mkdtemp(join(scratch, 'sbom-'))
  try {
    await takeOut(image, root, tryRun, signal)
    return await readImage(root, folder)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** Where Go keeps the modules it has built; `undefined` where there is no Go. */
async function moduleCache(run: Run): Promise<string | undefined> {
  try {
    return (await run('go', ['env', 'GOMODCACHE'])).stdout.trim()
  } catch (error) {
    if (error instanceof LabError && error.code === 'host.lacks') return undefined
    throw error
  }
}

/** `a, b and 40 more`. */
function several(names: readonly string[]): string {
  const rest = names.length - SHOWN
  return rest > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${rest} more` : names.join(', ')
}
