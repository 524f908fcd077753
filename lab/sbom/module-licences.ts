import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessAbsent } from '../host/not-found.js'
import { moduleName } from './go.js'
import { isLicenceFile, licencesInText } from './licence-text.js'

/**
 * The licences of modules, by the files of theirs that Go keeps since it built them.
 *
 * @param cache Go's module cache
 * @returns without those whose files are no longer there
 */
export async function moduleLicences(
  modules: readonly { readonly path: string; readonly version: string }[],
  cache: string,
): Promise<Map<string, readonly string[]>> {
  const known = new Map<string, readonly string[]>()
  for (const module of modules) {
    const name = moduleName(module)
    if (known.has(name)) continue
    const found = await licencesIn(join(cache, escaped(name)))
    if (found !== undefined) known.set(name, found)
  }
  return known
}

async function licencesIn(folder: string): Promise<string[] | undefined> {
  const entries = await unlessAbsent(readdir(folder, { withFileTypes: true }))
  if (entries === undefined) return undefined
  const files = entries.filter((entry) => entry.isFile() && isLicenceFile(entry.name))
  const texts = await Promise.all(files.map(({ name }) => readFile(join(folder, name), 'utf8')))
  return [...new Set(texts.flatMap(licencesInText))].toSorted()
}

/** Capital letters, which some file systems do not tell from small ones (go.dev/ref/mod#module-cache). */
const escaped = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
