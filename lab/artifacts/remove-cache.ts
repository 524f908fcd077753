import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ownersFolder } from '../cluster/lab-owner.js'
import { leftNetworksFolder } from '../cluster/left-networks.js'
import { LabError } from '../errors.js'
import { PROBE_IMAGE } from '../host/engine.js'
import { tryLock } from '../host/lock.js'
import { must, type Run } from '../host/run.js'
import { ARTIFACT_LABEL } from './recipes/images.js'
import { remove } from './store.js'

/**
 * Removes every artifact that was built: the images with our label, under a name of ours or none, then the
 * cache's folder. An image that a container still uses, of another lab say, stays and is told.
 *
 * @returns what was removed, for people
 * @throws LabError `lab.locked` while something is being built; `command.failed` when something that is mounted in the
 * folder is in use
 */
export async function removeCache(
  run: Run,
  cache: string,
  hasEngine: boolean,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<string[]> {
  await refuseWhileBuilding(join(cache, 'locks'))
  const removed: string[] = []
  if (hasEngine) {
    for (const image of [...(await builtImages(run, signal)), PROBE_IMAGE]) {
      const { exitCode, stderr } = await run('docker', ['image', 'rm', image], { signal })
      if (exitCode === 0) removed.push(`image ${image}`)
      else if (!stderr.includes('No such image')) say(`image ${image} stays: ${stderr.trim()}`)
    }
  }
  // What tells the labs that are left whose they are, and whose network they live on, is no artifact.
  const notes = [leftNetworksFolder(cache), ownersFolder(cache)]
  const left = await Promise.all(notes.map((folder) => readdir(folder).catch((): string[] => [])))
  const kept = notes.filter((_, i) => left[i]?.length !== 0)
  for (const name of await readdir(cache).catch((): string[] => [])) {
    signal.throwIfAborted()
    if (kept.includes(join(cache, name))) continue
    // Builds mount something there; what is mounted elsewhere is somebody's.
    if (name === 'scratch') await remove(join(cache, name))
    else await rm(join(cache, name), { recursive: true, force: true })
  }
  if (kept.length === 0) await rm(cache, { recursive: true, force: true })
  return [...removed, cache]
}

/** References, and ids of images that have lost theirs; newest first, as docker lists them, so that children go first. */
async function builtImages(run: Run, signal: AbortSignal): Promise<string[]> {
  const format = '{{.Repository}}:{{.Tag}} {{.ID}}'
  const args = ['image', 'ls', '--no-trunc', '--filter', `label=${ARTIFACT_LABEL}`, '--format', format]
  const { stdout } = await must(run)('docker', args, { signal })
  return stdout.split('\n').flatMap((line) => {
    const [ref = '', id = ''] = line.split(' ')
    if (ref === '<none>:<none>') return [id]
    // Labels are inherited: what somebody made from an image of ours, under a name of theirs, is theirs.
    return ref.startsWith('headless-lab/') ? [ref] : []
  })
}

async function refuseWhileBuilding(locks: string): Promise<void> {
  for (const name of await readdir(locks).catch(() => [])) {
    const got = await tryLock(join(locks, name), 'removing the cache')
    if (typeof got === 'function') {
      await got()
      continue
    }
    throw new LabError('lab.locked', `the cache is in use by process ${got.pid} (${got.purpose})`, {
      hint: 'wait until it is done, then run the same command again',
    })
  }
}
