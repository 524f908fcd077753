import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeCache } from '../../../lab/artifacts/remove-cache.js'
import { LabOwner, ownersFolder } from '../../../lab/cluster/lab-owner.js'
import { LeftNetworks, leftNetworksFolder } from '../../../lab/cluster/left-networks.js'
import { LabError } from '../../../lab/errors.js'
import { PROBE_IMAGE } from '../../../lab/host/engine.js'
import { tryLock, type Release } from '../../../lab/host/lock.js'
import type { Run } from '../../../lab/host/run.js'
import { fakeRun, labErrorOf, linesOf, never, waiting, temporaryFolder } from '../host/fakes.js'
import { files } from './recipes.js'

const cacheFolder = async (): Promise<string> =>
  files(join(await temporaryFolder(), 'headless-lab'), { 'logs/a.log': '' })

const quiet = { signal: never(), say: () => undefined }

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
  const removed = await removeCache(run, cache, true, quiet)
  const images = ['headless-lab/redis:1-new', 'headless-lab/redis:1-old', 'sha256:3']
  expect(removed).toEqual([...images.map((image) => `image ${image}`), cache])
  expect(linesOf(calls).filter((line) => line.includes('somebody'))).toEqual([])
  expect(existsSync(cache)).toBe(false)
})

it('keeps what tells the labs that are left whose they are, and whose network they live on', async () => {
  const cache = await cacheFolder()
  const owner = new LabOwner(ownersFolder(cache), { name: 'lab', folder: '/there/.lab/lab' })
  await owner.claim(waiting())
  const networks = new LeftNetworks(leftNetworksFolder(cache))
  await networks.add('0123')
  await removeCache(engineWith([]).run, cache, true, quiet)
  expect(await readdir(cache)).toEqual(['left-networks', 'owners'])
  expect(await networks.has('0123')).toBe(true)
  await networks.remove('0123')
  await removeCache(engineWith([]).run, cache, true, quiet)
  expect(await readdir(cache)).toEqual(['owners'])
  await owner.release(waiting())
  await removeCache(engineWith([]).run, cache, true, quiet)
  expect(existsSync(cache)).toBe(false)
})

it('leaves an image that a container uses, and says so', async () => {
  const cache = await cacheFolder()
  const said: string[] = []
  const { run } = engineWith(['headless-lab/node:1-k sha256:1'], ['headless-lab/node:1-k'])
  expect(await removeCache(run, cache, true, { signal: never(), say: (line) => said.push(line) })).toEqual([
    cache,
  ])
  expect(said).toEqual(['image headless-lab/node:1-k stays: a container uses it'])
})

it('removes nothing while something is being built', async () => {
  const cache = await cacheFolder()
  const release = (await tryLock(join(cache, 'locks', 'node-k'), 'building node')) as Release
  const { run, calls } = engineWith(['headless-lab/node:1-k sha256:1'])
  const error = await labErrorOf(removeCache(run, cache, true, quiet))
  expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
  expect(error.message).toContain('building node')
  expect(calls).toEqual([])
  expect(existsSync(cache)).toBe(true)
  await release()
})

it('asks no engine where there is none, and is content with no cache', async () => {
  const { run, calls } = engineWith([])
  await removeCache(run, join(await temporaryFolder(), 'absent'), false, quiet)
  expect(calls).toEqual([])
})

it('ends when it is interrupted, and keeps what is not removed by then', async () => {
  const cache = await cacheFolder()
  const controller = new AbortController()
  const { run, calls } = engineWith(['headless-lab/redis:1-k sha256:1', 'headless-lab/node:1-k sha256:2'])
  const interrupted = new LabError('interrupted', 'interrupted')
  const running: Run = async (file, args, options) => {
    options?.signal?.throwIfAborted()
    const result = await run(file, args, options)
    if (args[1] === 'rm') controller.abort(interrupted)
    return result
  }
  const ended = removeCache(running, cache, true, { ...quiet, signal: controller.signal })
  expect(await labErrorOf(ended)).toBe(interrupted)
  expect(linesOf(calls).filter((line) => line.startsWith('docker image rm'))).toHaveLength(1)
  expect(existsSync(cache)).toBe(true)
})
