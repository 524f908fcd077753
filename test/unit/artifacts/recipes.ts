import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Recipe } from '../../../lab/artifacts/recipe.js'

/** A recipe of files; what a test is about is given. */
export function recipe(name: string, fields: Partial<Recipe> = {}): Recipe {
  return {
    name,
    title: name,
    kind: 'files',
    version: '1',
    lane: 'io',
    dependsOn: [],
    inputs: [],
    tools: [],
    steps: [{ run: ['make', name] }],
    ...fields,
  }
}

/** Writes files below a folder. */
export async function files(
  root: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}
