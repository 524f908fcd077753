import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotFound } from '../host/not-found.js'
import { checksums, RECORD_FILE } from './checksums.js'
import { unmountWithin } from './mounts.js'
import type { KeyedRecipe } from './recipe.js'
import { readRecord, type ArtifactRecord } from './record.js'

/**
 * Folders of finished artifacts: `<cache>/artifacts/<name>/<key>/`, which appear whole by rename.
 * Unfinished ones are in `<cache>/scratch/`.
 */
export class ArtifactStore {
  constructor(readonly cache: string) {}

  folder({ name, key }: Pick<KeyedRecipe, 'name' | 'key'>): string {
    return join(this.cache, 'artifacts', name, key)
  }

  lockFile({ name, key }: Pick<KeyedRecipe, 'name' | 'key'>): string {
    return join(this.cache, 'locks', `${name}-${key}`)
  }

  logFile(name: string): string {
    return join(this.cache, 'logs', `${name}.log`)
  }

  async record(recipe: Pick<KeyedRecipe, 'name' | 'key'>): Promise<ArtifactRecord | undefined> {
    return readRecord(this.folder(recipe))
  }

  /** An empty folder for one build; what a build that died left there is removed. Call it with the lock held. */
  async scratch(recipe: KeyedRecipe): Promise<string> {
    const folder = join(this.cache, 'scratch', `${recipe.name}-${recipe.key}`)
    await remove(folder)
    await mkdir(join(folder, 'out'), { recursive: true })
    await mkdir(join(this.cache, 'logs'), { recursive: true })
    return folder
  }

  /** Makes `<scratch>/out` the artifact, with the checksums of its files, and removes the scratch folder. */
  async finish(recipe: KeyedRecipe, scratch: string, record: Omit<ArtifactRecord, 'files'>): Promise<void> {
    const out = join(scratch, 'out')
    const whole: ArtifactRecord = { ...record, files: await checksums(out) }
    await writeFile(join(out, RECORD_FILE), `${JSON.stringify(whole, undefined, 2)}\n`)
    const folder = this.folder(recipe)
    await mkdir(join(folder, '..'), { recursive: true })
    // Never a moment without it for a reader, but for that between two renames.
    const previous = `${scratch}.previous`
    await rename(folder, previous).catch(ignoreAbsence)
    await rename(out, folder)
    await remove(previous)
    await remove(scratch)
  }

  /** All finished artifacts, of whatever key. */
  async list(): Promise<ArtifactRecord[]> {
    const root = join(this.cache, 'artifacts')
    const names = await readdir(root).catch(() => [])
    const records = await Promise.all(
      names.map(async (name) => {
        const keys = await readdir(join(root, name)).catch(() => [])
        return Promise.all(keys.map((key) => this.record({ name, key })))
      }),
    )
    return records.flat().filter((record) => record !== undefined)
  }
}

function ignoreAbsence(error: unknown): void {
  if (!isNotFound(error)) throw error
}

/**
 * Removes a folder with all that is in it; nothing where there is none. What a build that was killed has left mounted
 * there is unmounted, and not emptied.
 *
 * @throws LabError `command.failed` when it cannot be unmounted; then nothing is removed
 */
export async function remove(folder: string): Promise<void> {
  await unmountWithin(folder)
  await rm(folder, { recursive: true, force: true })
}
