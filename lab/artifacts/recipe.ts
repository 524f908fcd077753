import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../host/error-code.js'
import type { Tool } from '../host/requirements.js'

/**
 * One command of a recipe. Words may hold placeholders, filled in when it runs:
 *
 * - `{out}`: folder whose contents become the artifact
 * - `{scratch}`: folder for what is in between; gone afterwards
 * - `{images}`: the project's images/ folder
 * - `{ref}`: the image reference the recipe has to make
 * - `{key}`: the recipe's own key
 * - `{run}`: what tells this run of the program from others, for the label of containers that only it needs
 * - `{artifact:NAME}`: folder, or image reference, of an artifact it depends on
 * - `{mirror}`: the host's Debian mirror; the word is left out where the host has none
 * - `{no-cache}`: `--no-cache` on `--refresh`, else the word is left out
 * - `{gomodcache}`: Go's module cache
 */
export interface RecipeStep {
  readonly run: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The command's standard input. */
  readonly input?: string
  /** File that gets the command's standard output. */
  readonly stdoutTo?: string
}

/**
 * How an artifact is made, as plain data: what is hashed is what is run. An artifact of kind `files` is a
 * folder; one of kind `image` is an image in the engine, with a folder for what is recorded about it.
 */
export interface Recipe {
  readonly name: string
  /** What it makes, as people read it in the progress. */
  readonly title: string
  readonly kind: 'files' | 'image'
  /** Version of what it makes, for the image's tag. */
  readonly version: string
  /** What it uses most: compilers are run one after the other, downloads and installations beside them. */
  readonly lane: 'cpu' | 'io'
  readonly dependsOn: readonly string[]
  /** Files and folders below images/ that go into it. */
  readonly inputs: readonly string[]
  /** What the host must have for it, beside the engine. */
  readonly tools: readonly Tool[]
  readonly steps: readonly RecipeStep[]
  /** Removes what the steps make outside `{scratch}`; run before and after them, whatever becomes of them. */
  readonly cleanup?: readonly RecipeStep[]
}

/** A recipe with the key of its content: over the recipe, its input files, and the keys of what it depends on. */
export interface KeyedRecipe extends Recipe {
  /** 16 hexadecimal digits. */
  readonly key: string
  /** Reference of the image in the engine; never an official name. */
  readonly ref: string
}

/**
 * Computes the keys of all recipes.
 *
 * @param recipes in any order
 * @param imagesDir the project's images/ folder
 * @returns by name, each after those it depends on
 * @throws Error when a recipe depends on one that is not there, or on itself: a bug
 */
export async function keyed(
  recipes: readonly Recipe[],
  imagesDir: string,
): Promise<Map<string, KeyedRecipe>> {
  const byName = new Map(recipes.map((recipe) => [recipe.name, recipe]))
  const done = new Map<string, KeyedRecipe>()
  const visit = async (name: string, path: readonly string[]): Promise<KeyedRecipe> => {
    const known = done.get(name)
    if (known) return known
    const recipe = byName.get(name)
    if (recipe === undefined || path.includes(name))
      throw new Error(`recipe ${[...path, name].join(' → ')} cannot be`)
    const hash = createHash('sha256').update(JSON.stringify(recipe))
    for (const dependency of recipe.dependsOn) {
      hash.update(`\0${dependency}=${(await visit(dependency, [...path, name])).key}`)
    }
    for (const input of recipe.inputs.toSorted()) {
      for (const file of await filesBelow(imagesDir, input)) {
        hash.update(`\0${file}\0`).update(await readFile(join(imagesDir, file)))
      }
    }
    const key = hash.digest('hex').slice(0, 16)
    const result = { ...recipe, key, ref: imageRef({ ...recipe, key }) }
    done.set(name, result)
    return result
  }
  for (const name of byName.keys()) await visit(name, [])
  return done
}

/** The image's name in the host's engine: ours, with the version it is of and the key it was made from. */
export function imageRef({ name, version, key }: Pick<KeyedRecipe, 'name' | 'version' | 'key'>): string {
  return `headless-lab/${name}:${version}-${key}`
}

/** Paths relative to `root`, sorted; a file is itself. Editors' and the system's leftovers are no inputs. */
async function filesBelow(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOTDIR')) return undefined
    throw error
  })
  if (entries === undefined) return [path]
  const nested = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.') && !name.endsWith('~') && name !== 'README.md')
      .map((entry) => filesBelow(root, join(path, entry.name))),
  )
  return nested.flat().toSorted()
}
