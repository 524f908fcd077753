import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeCache } from '../../../lab/artifacts/remove-cache.js'
import { LeftNetworks, leftNetworksFolder } from '../../../lab/cluster/left-networks.js'
import { PROBE_IMAGE } from '../../../lab/host/engine.js'
import { tryLock, type Release } from '../../../lab/host/lock.js'
import { fakeRun, labErrorOf, linesOf, temporaryFolder } from '../host/fakes.js'
import { files } from './recipes.js'

const cacheFolder = async (): Promise<string> =>
  files(join(await temporaryFolder(), 'headless-lab'), { 'logs/a.log': '' })

/** An engine whose images with our label are these, as `docker image ls` prints them. */
function engineWith(labelled: readonly string[], inUse: readonly string[] = []) {
  return fakeRun(({ args }) => {
    if (args[1] === 'ls') {
      expect(args).toContain('label=headless-lab.dev/artifact')
      return `${labelled.join('\n')}\n`
    }
    const image = args.at(-1) ?? ''
    if (image === PROBE_IMAGE) return { exitCode: 1, stderr: `Error: No such image: ${image}\n` }
    return inUse.includes(image) ? { exitCode: 1, stderr: 'a container uses it\n' } : ''
  })
}

it('removes every image with our label that has our name or none, and the folder', async () => {
  const cache = await cacheFolder()
  const { run, calls } = engineWith([
    'headless-lab/redis:1-new sha256:1',
    'headless-lab/redis:1-old sha256:2',
    '<none>:<none> sha256:3',
    'somebody/redis-with-more:1 sha256:4',
  ])
  const removed = await removeCache(run, cache, true, () => undefined)
  const images = ['headless-lab/redis:1-new', 'headless-lab/redis:1-old', 'sha256:3']
  expect(removed).toEqual([...images.map((image) => `image ${image}`), cache])
  expect(linesOf(calls).filter((line) => line.includes('somebody'))).toEqual([])
  expect(existsSync(cache)).toBe(false)
})

it('keeps what tells the labs that are left whose network they live on', async () => {
  const cache = await cacheFolder()
  const networks = new LeftNetworks(leftNetworksFolder(cache))
  await networks.add('0123')
  await removeCache(engineWith([]).run, cache, true, () => undefined)
  expect(await readdir(cache)).toEqual(['left-networks'])
  expect(await networks.has('0123')).toBe(true)
  await networks.remove('0123')
  await removeCache(engineWith([]).run, cache, true, () => undefined)
  expect(existsSync(cache)).toBe(false)
})

it('leaves an image that a container uses, and says so', async () => {
  const cache = await cacheFolder()
  const said: string[] = []
  const { run } = engineWith(['headless-lab/node:1-k sha256:1'], ['headless-lab/node:1-k'])
  expect(await removeCache(run, cache, true, (line) => said.push(line))).toEqual([cache])
  expect(said).toEqual(['image headless-lab/node:1-k stays: a container uses it'])
})

it('removes nothing while something is being built', async () => {
  const cache = await cacheFolder()
  const release = (await tryLock(join(cache, 'locks', 'node-k'), 'building node')) as Release
  const { run, calls } = engineWith(['headless-lab/node:1-k sha256:1'])
  const error = await labErrorOf(removeCache(run, cache, true, () => undefined))
  expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
  expect(error.message).toContain('building node')
  expect(calls).toEqual([])
  expect(existsSync(cache)).toBe(true)
  await release()
})

it('asks no engine where there is none, and is content with no cache', async () => {
  const { run, calls } = engineWith([])
  await removeCache(run, join(await temporaryFolder(), 'absent'), false, () => undefined)
  expect(calls).toEqual([])
})
