import { rm } from 'node:fs/promises'
import { PROBE_IMAGE } from '../host/engine.js'
import type { Run } from '../host/run.js'
import { imageRef } from './recipe.js'
import { ArtifactStore } from './store.js'

/**
 * Removes every artifact that was built: the images the cache's records name, then the cache's folder. An
 * image that a container still uses, of another lab say, stays and is told.
 *
 * @returns what was removed, for people
 */
export async function removeCache(
  run: Run,
  cache: string,
  hasEngine: boolean,
  say: (line: string) => void,
): Promise<string[]> {
  const removed: string[] = []
  if (hasEngine) {
    const refs = [...(await new ArtifactStore(cache).list()).map(imageRef), PROBE_IMAGE]
    for (const ref of refs) {
      if ((await run('docker', ['image', 'inspect', ref])).exitCode !== 0) continue
      const { exitCode, stderr } = await run('docker', ['image', 'rm', ref])
      if (exitCode === 0) removed.push(`image ${ref}`)
      else say(`image ${ref} stays: ${stderr.trim()}`)
    }
  }
  await rm(cache, { recursive: true, force: true })
  return [...removed, cache]
}
