import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deploy, type DeployOptions } from '../../../lab/commands/deploy.js'
import { LabError } from '../../../lab/errors.js'
import { rejectionOf, temporaryFolder } from '../host/fakes.js'

// What making the lab ends with comes from the test.
const world = vi.hoisted((): { fails: () => Error } => ({ fails: () => new Error('not set') }))
vi.mock('../../../lab/host/engine.js', async (original) => ({
  ...(await original<object>()),
  engineState: () => Promise.resolve('running'),
}))
vi.mock('../../../lab/host/provision.js', () => ({ ensureHost: () => Promise.resolve() }))
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () => Promise.resolve({ survey: () => Promise.resolve({ pending: [], tools: [] }) }),
}))
vi.mock('../../../lab/pipeline/progress.js', () => ({
  runStages: () => Promise.reject(world.fails()),
}))

beforeEach(async () => {
  const folder = await temporaryFolder()
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const controllerOf = (): AbortController => new AbortController()

async function run(fails: () => Error, options: DeployOptions = {}, { signal } = controllerOf()) {
  world.fails = fails
  const said: string[] = []
  const code = await deploy(options, {
    signal,
    say: (line) => void said.push(line),
    print: () => undefined,
  })
  return { code, said }
}

const OFFER = 'npm run diagnose -- --name blue collects what happened into one archive (secrets redacted)'

describe('a deploy that failed', () => {
  test.each<[string, LabError]>([
    ['step', new LabError('step.timeout', 'nodes: not done', { hint: 'deploy again' })],
    [
      'cluster that does not answer',
      new LabError('cluster.unreachable', 'no answer', { hint: 'deploy again' }),
    ],
  ])('tells why, and then offers a diagnosis of this lab: a %s', async (_, error) => {
    const { code, said } = await run(() => error, { name: 'blue' })
    expect([code, said]).toEqual([4, [`headless-lab: ${error.message}`, '  deploy again', OFFER]])
  })

  test('by a bug offers it too', async () => {
    const { code, said } = await run(() => new TypeError('x'), { name: 'blue' })
    expect([code, said.at(-1)]).toEqual([4, OFFER])
  })

  test('for want of something does not', async () => {
    const { code, said } = await run(() => new LabError('host.disk', 'no disk'))
    expect([code, said]).toEqual([3, ['headless-lab: no disk']])
  })

  test('as it was interrupted does not: the program tells that itself', async () => {
    const controller = controllerOf()
    const said: string[] = []
    world.fails = () => {
      controller.abort(new LabError('interrupted', 'stop'))
      return new LabError('step.failed', 'killed')
    }
    const io = {
      signal: controller.signal,
      say: (line: string) => void said.push(line),
      print: () => undefined,
    }
    expect(await rejectionOf(deploy({}, io))).toMatchObject({ code: 'interrupted' })
    expect(said).toEqual([])
  })
})
