import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Artifact } from '../../../lab/artifacts/artifact.js'
import { sbom } from '../../../lab/commands/sbom.js'
import { LabError } from '../../../lab/errors.js'
import { files } from '../artifacts/recipes.js'
import { labErrorOf, never, temporaryFolder } from '../host/fakes.js'
import { goProgram } from '../sbom/elf.js'

// What is built, and what the host answers, come from the test.
const world = vi.hoisted((): { built: Record<string, unknown>; cache: string; go: unknown } => ({
  built: {},
  cache: '',
  go: undefined,
}))
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () =>
    Promise.resolve({
      survey: (_: unknown, { refresh }: { refresh: boolean }) =>
        Promise.resolve({
          pending: refresh ? ['tools', 'image'].map((name) => ({ name, title: `the ${name}` })) : [],
        }),
      get: (name: string) => {
        const artifact = world.built[name]
        return artifact === undefined
          ? Promise.reject(new LabError('artifact.absent', 'not there'))
          : artifact instanceof Error
            ? Promise.reject(artifact)
            : Promise.resolve(artifact)
      },
    }),
}))
vi.mock('../../../lab/host/paths.js', async (original) => ({
  ...(await original<object>()),
  cacheDir: () => world.cache,
}))
vi.mock('../../../lab/host/run.js', async (original) => ({
  ...(await original<object>()),
  tryRun: (file: string, args: readonly string[]) => {
    if (file === 'go') {
      if (world.go instanceof Error) return Promise.reject(world.go)
      return Promise.resolve({ exitCode: 0, stdout: `${String(world.go)}\n`, stderr: '' })
    }
    if (args[0] === 'cp' && args[1] === 'c:/usr/lib/os-release')
      return writeFile(join(args[2] ?? '', 'os-release'), 'ID=debian\nVERSION_ID="13"\n').then(() => ok)
    if (args[0] === 'cp' && args[1] === 'c:/var/lib/dpkg/status')
      return writeFile(
        join(args[2] ?? '', 'status'),
        'Package: bash\nStatus: install ok installed\nVersion: 5.2\n',
      ).then(() => ok)
    return Promise.resolve({ ...ok, stdout: 'c\n' })
  },
}))
const ok = { exitCode: 0, stdout: '', stderr: '' }

async function artifact(name: string, image?: string): Promise<Artifact> {
  const record = { name, key: 'k', version: '1', ...(image === undefined ? {} : { imageId: 'sha256:1' }) }
  const folder = await files(await temporaryFolder(), {
    'artifact.json': JSON.stringify(record),
    tool: goProgram('go1.26.8', 'mod\tx\t(devel)\t\ndep\texample.com/a\tv1.0.0\th1:a='),
  })
  return { name, key: 'k', folder, image }
}

beforeEach(async () => {
  world.cache = await temporaryFolder()
  world.go = await files(await temporaryFolder(), {
    'example.com/a@v1.0.0/LICENSE': 'Apache License, Version 2.0',
  })
  world.built = { tools: await artifact('tools'), image: await artifact('image', 'headless-lab/image:1-k') }
})

async function run(output: string) {
  const printed: string[] = []
  const said: string[] = []
  const code = await sbom(
    { output },
    { signal: never(), say: (line) => said.push(line), print: (text) => printed.push(text) },
  )
  const read = async (name: string): Promise<{ components: { name: string; licenses?: unknown }[] }> =>
    JSON.parse(await readFile(join(output, `${name}.cdx.json`), 'utf8')) as never
  return { code, printed, said, read }
}

describe('sbom', () => {
  it('writes a bill of each artifact, of files and of images, and prints where they are', async () => {
    const folder = join(await temporaryFolder(), 'new', 'bills')
    const { code, printed, said, read } = await run(folder)
    expect(code).toBe(0)
    expect(printed).toEqual(['tools', 'image'].map((name) => join(folder, `${name}.cdx.json`)))
    expect((await read('tools')).components.map(({ name }) => name)).toEqual([
      'example.com/a',
      'stdlib',
      'tool',
    ])
    expect((await read('image')).components.map(({ name }) => name)).toEqual(['debian', 'bash'])
    expect(said).toEqual(['image: no licence is known of bash'])
    expect(await readdir(join(world.cache, 'scratch'))).toEqual([])
  })

  it('does without Go, and then knows no licence of its modules', async () => {
    world.go = new LabError('host.lacks', 'the command go is not there')
    const { said, read } = await run(await temporaryFolder())
    expect((await read('tools')).components[0]).not.toHaveProperty('licenses')
    expect(said).toContain('tools: no licence is known of example.com/a')
  })

  it('writes nothing where something is not built, and names it', async () => {
    world.built = { image: world.built['image'] }
    const folder = await temporaryFolder()
    const error = await labErrorOf(run(folder))
    expect(error).toMatchObject({ code: 'sbom.unbuilt', exitCode: 2 })
    expect(error.message).toBe('not built, or not by this version of the program: tools')
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses artifacts that have changed since they were built', async () => {
    world.built = { ...world.built, tools: new LabError('artifact.changed', 'changed') }
    expect((await labErrorOf(run(await temporaryFolder()))).code).toBe('artifact.changed')
  })
})
