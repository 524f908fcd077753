import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { imageRecipes } from '../../../lab/artifacts/recipes/images.js'
import { SourceBuild } from '../../../lab/artifacts/source-build.js'
import { must, tryRun, type Run } from '../../../lab/host/run.js'
import { labErrorOf, never, temporaryFolder } from '../host/fakes.js'
import { files, recipe } from './recipes.js'

const integrityOf = (bytes: Buffer): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/** A package as a registry serves it. */
async function packed(code: string): Promise<Buffer> {
  const folder = await files(await temporaryFolder(), {
    'package/package.json': '{"name":"tiny","version":"1.0.0"}',
    'package/index.js': code,
  })
  await must(tryRun)('tar', ['-czf', 'tiny.tgz', 'package'], { cwd: folder })
  return readFile(join(folder, 'tiny.tgz'))
}

/** A registry on loopback that serves one package, and says of it what is true. */
async function registry(tarball: Buffer): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/tiny.tgz') return void response.end(tarball)
    const dist = { tarball: `${url()}/tiny.tgz`, integrity: integrityOf(tarball) }
    const versions = { '1.0.0': { name: 'tiny', version: '1.0.0', dist } }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: 'tiny', 'dist-tags': { latest: '1.0.0' }, versions }))
  })
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return url()
}

/** What the recipe of the gRPC image runs, for a lockfile that pins one tarball and a registry that serves another. */
async function build(pinned: Buffer, served: Buffer) {
  const dependencies = { tiny: '1.0.0' }
  const images = await files(await temporaryFolder(), {
    'grpc/package.json': JSON.stringify({ name: 'x', version: '1.0.0', dependencies }),
    'grpc/package-lock.json': JSON.stringify({
      ...{ name: 'x', version: '1.0.0', lockfileVersion: 3 },
      packages: {
        '': { name: 'x', version: '1.0.0', dependencies },
        'node_modules/tiny': { version: '1.0.0', integrity: integrityOf(pinned) },
      },
    }),
  })
  const steps = imageRecipes([]).find(({ name }) => name === 'grpc')?.steps ?? []
  const begin = steps.slice(0, steps.findIndex(({ run }) => run[0] === 'npm') + 1)
  const keep = { run: ['cp', '-r', '{scratch}/context/node_modules', '{out}/'] }
  const url = await registry(served)
  const run: Run = (file, args, options = {}) =>
    tryRun(file, args, {
      ...options,
      env: {
        ...options.env,
        npm_config_registry: url,
        npm_config_userconfig: join(images, 'none'),
        npm_config_update_notifier: 'false',
        // `npm test --silent` would silence this npm, too.
        npm_config_loglevel: 'notice',
        NO_PROXY: '127.0.0.1',
        no_proxy: '127.0.0.1',
      },
    })
  const cache = await temporaryFolder()
  const source = new SourceBuild({
    ...{ images, cache, mirror: undefined, run },
    recipes: [recipe('grpc', { inputs: ['grpc'], steps: [...begin, keep] })],
  })
  const [pending] = (await source.survey(['grpc'])).pending
  return { cache, done: pending?.provide({ signal: never(), onProgress: () => undefined }) }
}

it('a package with the pinned checksum is taken, from whatever registry', { timeout: 60_000 }, async () => {
  const tarball = await packed('module.exports = 1\n')
  const { done } = await build(tarball, tarball)
  const { folder = '' } = (await done) ?? {}
  expect(await readFile(join(folder, 'node_modules/tiny/index.js'), 'utf8')).toBe('module.exports = 1\n')
})

it('a package with another is refused, though its registry vouches for it', { timeout: 60_000 }, async () => {
  const { done, cache } = await build(
    await packed('module.exports = 1\n'),
    await packed('module.exports = 666\n'),
  )
  const error = await labErrorOf(done ?? Promise.resolve())
  expect(error).toMatchObject({ code: 'artifact.build-failed', exitCode: 4 })
  expect(error.message).toMatch(/^building grpc failed: npm ci .* failed with exit code 1$/)
  expect(error.details).toContain('EINTEGRITY')
  expect(existsSync(join(cache, 'artifacts'))).toBe(false)
})
