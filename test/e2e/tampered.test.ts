import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Recipe } from '../../lab/artifacts/recipe.js'
import { goRecipes } from '../../lab/artifacts/recipes/go.js'
import { imageRecipes } from '../../lab/artifacts/recipes/images.js'
import { SourceBuild } from '../../lab/artifacts/source-build.js'
import { LabError } from '../../lab/errors.js'
import { must, tryRun } from '../../lab/host/run.js'
import { files } from '../unit/artifacts/recipes.js'
import { goProxy, goSum, type Module } from './go-proxy.js'

// What the recipes run, with sources that were changed on their way. Here, since a deploy that had to build has brought
// Go and debootstrap.
const has = async (command: string): Promise<boolean> =>
  (await tryRun('sh', ['-c', 'PATH=$PATH:/usr/sbin; command -v "$1"', 'sh', command])).exitCode === 0
const [hasGo, hasDebootstrap] = [await has('go'), await has('debootstrap')]

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'headless-lab-tampered-'))
  onTestFinished(async () => {
    // Go's cache of modules cannot be written to.
    await must(tryRun)('chmod', ['-R', 'u+w', made])
    await rm(made, { recursive: true, force: true })
  })
  return made
}

/** Builds an artifact; gives its folder, or the error. */
async function build(made: Recipe | undefined, images: string, env: Record<string, string>, mirror?: string) {
  if (made === undefined) throw new Error('there is no such recipe')
  const source = new SourceBuild({
    ...{ recipes: [made], images, cache: await folder(), mirror },
    run: (file, args, options = {}) => tryRun(file, args, { ...options, env: { ...env, ...options.env } }),
  })
  const [pending] = (await source.survey([made.name])).pending
  const { signal } = new AbortController()
  try {
    return (await pending?.provide({ signal, onProgress: () => undefined }))?.folder ?? ''
  } catch (error) {
    if (error instanceof LabError) return error
    throw error
  }
}

describe.skipIf(!hasGo)('a Go module', () => {
  const pinned = (path: string, version: string): Module => ({
    ...{ path, version, mod: `module ${path}\n\ngo 1.21\n` },
    code: 'package lib\n\nfunc Say() string { return "fine" }\n',
  })
  const evil = (module: Module): Module => ({ ...module, code: module.code.replace('fine', 'evil') })

  /** Runs a recipe on a program that needs one module; the proxy has that, or another of the same name. */
  async function compile(
    made: Recipe | undefined,
    module: Module,
    { served = module, sums = goSum(module) },
  ) {
    const { name = '' } = made ?? {}
    const { path, version } = module
    const images = await files(await folder(), {
      [`${name}/go.mod`]: `module x\n\ngo 1.21\n\nrequire ${path} ${version}\n`,
      [`${name}/go.sum`]: sums,
      [`${name}/main.go`]: `package main\n\nimport "${path}"\n\nfunc main() { println(lib.Say()) }\n`,
    })
    const GOPROXY = await goProxy(await folder(), served)
    // What a host may be set to must not matter: go.sum alone decides.
    const careless = { GONOSUMDB: '*', GOINSECURE: '*', GOFLAGS: '-mod=mod', GOSUMDB: 'off' }
    return build(made, images, { ...careless, GOPROXY, GOMODCACHE: await folder() })
  }

  const coredns = goRecipes({ kernelHasModules: true }).find(({ name }) => name === 'coredns')
  const tiny = pinned('example.com/lib', 'v1.0.0')

  it('of the pinned checksum is built', async () => {
    const made = await compile(coredns, tiny, {})
    if (made instanceof LabError) throw made
    const { stderr } = await tryRun(join(made, 'coredns'), [])
    expect(stderr).toBe('fine')
  })

  it.each([
    ['of other code', evil(tiny)],
    ['of other requirements', { ...tiny, mod: `${tiny.mod}\n// changed\n` }],
  ])('%s under the same version is refused', async (_, served) => {
    const error = await compile(coredns, tiny, { served })
    expect(error).toMatchObject({ code: 'artifact.build-failed', exitCode: 4 })
    expect(error).toHaveProperty('details', expect.stringContaining('checksum mismatch'))
  })

  it('that go.sum does not know is refused', async () => {
    const error = await compile(coredns, tiny, { sums: '' })
    expect(error).toMatchObject({ code: 'artifact.build-failed' })
    expect(error).toHaveProperty('details', expect.stringContaining('missing go.sum entry'))
  })

  it('that is to be patched is refused before it is copied', async () => {
    const containerlab = goRecipes({ kernelHasModules: false }).find(({ name }) => name === 'containerlab')
    const module = pinned('github.com/srl-labs/containerlab', 'v0.60.0')
    const error = await compile(containerlab, module, { served: evil(module) })
    expect(error).toMatchObject({ message: expect.stringContaining('go mod download') as string })
    expect(error).toHaveProperty('details', expect.stringContaining('checksum mismatch'))
  })
})

describe.skipIf(!hasDebootstrap)('a Debian mirror', () => {
  it('that Debian has not signed is refused by debootstrap', async () => {
    const base = imageRecipes([]).find(({ name }) => name === 'base')
    const archive = fileURLToPath(new URL('../fixtures/apt', import.meta.url))
    expect(existsSync(join(archive, 'dists/trixie/InRelease'))).toBe(true)
    const images = await files(await folder(), { 'base/rootfs/x': '' })
    const error = await build(base, images, { LC_ALL: 'C' }, `file://${archive}`)
    expect(error).toMatchObject({ code: 'artifact.build-failed', exitCode: 4 })
    expect(error).toHaveProperty('message', expect.stringContaining('debootstrap'))
    expect(error).toHaveProperty('details', expect.stringMatching(/unknown key|signature/i))
  })
})
