import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { diagnose, type DiagnoseOptions } from '../../../lab/commands/diagnose.js'
import { LabError } from '../../../lab/errors.js'
import { rejectionOf, temporaryFolder } from '../host/fakes.js'

// A host that has tar, a cache of its own, and an engine without containers only where the test says so.
const world = vi.hoisted((): { asked: string[]; engine: boolean } => ({ asked: [], engine: false }))
vi.mock('../../../lab/host/run.js', async (original) => {
  const real = await original<typeof import('../../../lab/host/run.js')>()
  const tryRun: typeof real.tryRun = async (file, args, options) => {
    if (file === 'tar') return real.tryRun(file, args, options)
    world.asked.push([file, ...args].join(' '))
    options?.signal?.throwIfAborted()
    return Promise.resolve({ exitCode: world.engine ? 0 : 1, stdout: '', stderr: '' })
  }
  return { ...real, tryRun }
})
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () => Promise.resolve({ survey: () => Promise.resolve({ pending: [], tools: ['maven'] }) }),
}))

let folder = ''
beforeEach(async () => {
  folder = await temporaryFolder()
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  Object.assign(world, { asked: [], engine: false })
})

async function run(options: DiagnoseOptions = {}, signal = new AbortController().signal) {
  const [printed, said]: [string[], string[]] = [[], []]
  const code = await diagnose(options, {
    signal,
    say: (line) => void said.push(line),
    print: (text) => void printed.push(text),
  })
  return { code, printed, said }
}

describe('diagnose where there is no lab', () => {
  test('writes what there is, named after the lab and the time, and prints only where', async () => {
    const { code, printed } = await run({ name: 'blue' })
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.tar.gz'))
    expect(name).toMatch(/^headless-lab-blue-\d{8}T\d{6}Z\.tar\.gz$/)
    expect([code, printed]).toEqual([0, [join(folder, name)]])
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    const { stdout } = await execa('tar', ['-xzOf', join(folder, name), '--wildcards', '*/host/doctor.json'])
    const { lab, findings, facts } = JSON.parse(stdout) as Record<string, unknown>
    expect(lab).toBe('blue')
    expect(findings).toContainEqual(expect.objectContaining({ id: 'engine', value: 'there is none' }))
    expect(facts).toMatchObject({ nodesToMake: 3, tools: ['maven'] })
  })

  test('says in one line each what could not be collected', async () => {
    const { said } = await run()
    expect(said).toContain('not collected: containers: there is no Docker engine')
    expect(said).toContain('not collected: cluster: there is no kubeconfig: no lab was made here to the end')
    expect(said.join('\n')).toMatch(/\n\d+ files, \d not collected, 0\.0 MB \(/)
    expect(said.at(-1)).toContain('look through it')
  })

  test.each([true, false])('starts, makes and removes nothing; an engine is there: %s', async (engine) => {
    world.engine = engine
    const { said } = await run()
    const reason = engine ? 'lab headless-services has none' : 'there is no Docker engine'
    expect(said).toContain(`not collected: containers: ${reason}`)
    const changing = / (run|start|import|rm|create|pull|tag) |^systemctl|^dockerd/
    expect(world.asked.filter((line) => changing.test(line))).toEqual([])
    expect((await readdir(folder)).filter((file) => !file.endsWith('.tar.gz'))).toEqual([])
  })
})

describe('the archive', () => {
  test('is where --output says', async () => {
    const { printed } = await run({ output: join(folder, 'x.tgz') })
    expect(printed).toEqual([join(folder, 'x.tgz')])
    expect(await readdir(folder)).toEqual(['x.tgz'])
  })

  test.each([
    ['in a folder that is not there', 'none/x.tgz', 'there is no folder'],
    ['a folder', 'a', 'it is a folder'],
  ])('cannot be %s, and nothing is asked then', async (_, name, reason) => {
    await mkdir(join(folder, 'a'))
    const error = await rejectionOf(run({ output: join(folder, name) }))
    expect(error).toMatchObject({ code: 'usage.invalid', message: expect.stringContaining(reason) as string })
    expect(world.asked).toEqual([])
  })

  test('is not there when it was interrupted', async () => {
    const controller = new AbortController()
    controller.abort(new LabError('interrupted', 'stop'))
    expect(await rejectionOf(run({}, controller.signal))).toMatchObject({ code: 'interrupted' })
    expect(await readdir(folder)).toEqual([])
  })
})
