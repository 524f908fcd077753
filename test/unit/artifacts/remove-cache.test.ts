import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeCache } from '../../../lab/artifacts/remove-cache.js'
import { PROBE_IMAGE } from '../../../lab/host/engine.js'
import { fakeRun, linesOf, temporaryFolder } from '../host/fakes.js'
import { files } from './recipes.js'

const record = (name: string, key: string): string =>
  JSON.stringify({ name, key, version: '1', builtAt: '2026-01-01T00:00:00Z', durationMs: 1 })

async function cacheOf(...artifacts: [string, string][]): Promise<string> {
  const cache = join(await temporaryFolder(), 'headless-lab')
  const contents = artifacts.map(([name, key]) => [
    `artifacts/${name}/${key}/artifact.json`,
    record(name, key),
  ])
  return files(cache, { 'logs/a.log': '', ...(Object.fromEntries(contents) as Record<string, string>) })
}

function engineWith(images: readonly string[], inUse: readonly string[] = []) {
  return fakeRun(({ args }) => {
    const ref = args.at(-1) ?? ''
    if (args[1] === 'inspect') return { exitCode: images.includes(ref) ? 0 : 1 }
    return inUse.includes(ref) ? { exitCode: 1, stderr: 'a container uses it\n' } : ''
  })
}

it('removes every image that was built, of whatever key, and the folder', async () => {
  const cache = await cacheOf(['redis', 'old'], ['redis', 'new'], ['kubernetes', 'k'])
  const images = [
    'headless-lab/redis:1-old',
    'headless-lab/redis:1-new',
    PROBE_IMAGE,
    'headless-lab/foreign:1',
  ]
  const { run, calls } = engineWith(images)
  const removed = await removeCache(run, cache, true, () => undefined)
  expect(removed.toSorted()).toEqual([...images.slice(0, 3).map((ref) => `image ${ref}`), cache].toSorted())
  expect(linesOf(calls).filter((line) => line.includes(' rm ') && line.includes('foreign'))).toEqual([])
  expect(existsSync(cache)).toBe(false)
})

it('leaves an image that a container uses, and says so', async () => {
  const cache = await cacheOf(['node', 'k'])
  const said: string[] = []
  const { run } = engineWith(['headless-lab/node:1-k'], ['headless-lab/node:1-k'])
  expect(await removeCache(run, cache, true, (line) => said.push(line))).toEqual([cache])
  expect(said).toEqual(['image headless-lab/node:1-k stays: a container uses it'])
})

it('asks no engine where there is none, and is content with no cache', async () => {
  const { run, calls } = engineWith([])
  const cache = join(await temporaryFolder(), 'absent')
  await removeCache(run, cache, false, () => undefined)
  expect(calls).toEqual([])
})
