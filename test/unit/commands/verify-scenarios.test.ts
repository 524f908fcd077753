import { join } from 'node:path'
import { Command } from 'commander'
import { beforeEach, describe, expect, it, test, vi } from 'vitest'
import { LabOwner } from '../../../lab/cluster/lab-owner.js'
import { LabState } from '../../../lab/cluster/state.js'
import { holding, type Lab } from '../../../lab/commands/context.js'
import { addVerifyOptions, type VerifyCommandOptions } from '../../../lab/commands/verify-options.js'
import { scenariosOf } from '../../../lab/commands/verify-scenarios.js'
import { verifyCommand } from '../../../lab/commands/verify.js'
import { interrupted } from '../../../lab/host/signals.js'
import type { UseCluster } from '../../../lab/observe/any-cluster.js'
import type { VerifyTarget } from '../../../lab/observe/model/target.js'
import type { CheckResult, Verdict, VerifyResult } from '../../../lab/report/model.js'
import { resultOf } from '../../../lab/report/result.js'
import type { ScenarioOptions } from '../../../lab/scenarios/run.js'
import { scenarios } from '../../../lab/scenarios/registry.js'
import type { Scenario } from '../../../lab/scenarios/scenario.js'
import { labErrorOf, never, rejectionOf, temporaryFolder } from '../host/fakes.js'

interface Seen {
  done: string[]
  lab?: Lab
  verdict: Verdict
  run?: (() => Promise<void>) | undefined
}
const seen = vi.hoisted((): Seen => ({ done: [], verdict: 'pass' }))
const check = (id: string, verdict: Verdict): CheckResult => ({
  ...{ id, subject: { kind: 'Pod', name: 'one' }, title: 'a claim', pack: id.split('.')[0] ?? '', verdict },
  ...{ durationMs: 1, evidence: { expected: 1, observed: {}, source: 'here' } },
})
vi.mock('../../../lab/verify.js', () => ({
  verify: (): Promise<VerifyResult> => {
    seen.done.push('checks')
    return Promise.resolve(resultOf('lab', '2026-01-02T03:04:05.000Z', 1000, [check('dns.a', 'pass')]))
  },
}))
vi.mock('../../../lab/scenarios/run.js', async (original) => ({
  ...(await original<object>()),
  runScenarios: async (_: VerifyTarget, chosen: readonly Scenario[], { onMoment }: ScenarioOptions) => {
    await seen.run?.()
    for (const { name } of chosen) {
      seen.done.push(name)
      onMoment?.(name, { atMs: 3210, what: `${name} happened` })
    }
    return chosen.map(({ name }) => check(`scenario.${name}`, seen.verdict))
  },
}))
vi.mock('../../../lab/commands/context.js', async (original) => ({
  ...(await original<object>()),
  openLab: () => Promise.resolve(seen.lab),
  mustBeThere: () => Promise.resolve(),
}))
vi.mock('../../../lab/observe/any-cluster.js', async (original) => ({
  ...(await original<object>()),
  withCluster: async (_: object, { signal }: { signal: AbortSignal }, use: UseCluster<number>) => {
    const target = { lab: { name: 'theirs' } } as VerifyTarget
    const used = use(target, () => Promise.resolve(target))
    // As the real one: an interrupt does not wait for the effect.
    return signal.aborted ? Promise.reject(signal.reason as Error) : used
  },
}))

function parsed(args: readonly string[]): VerifyCommandOptions {
  const quiet = { writeErr: () => undefined }
  const command = addVerifyOptions(new Command('verify').option('--lab <file>').option('--name <name>'))
  return command
    .exitOverride()
    .configureOutput(quiet)
    .parse([...args], { from: 'user' })
    .opts()
}

/** Runs `verify` with these arguments, as the program does. */
async function run(...args: string[]): Promise<{ code: number; said: string[]; printed: VerifyResult }> {
  const [said, printed]: [string[], string[]] = [[], []]
  const io = {
    signal: never(),
    say: (line: string) => said.push(line),
    print: (text: string) => printed.push(text),
  }
  const code = await verifyCommand(parsed([...args, '--json']), io)
  return { code, said, printed: JSON.parse(printed.join('')) as VerifyResult }
}

const ids = ({ checks }: VerifyResult): string[] => checks.map(({ id }) => id)
let state: LabState
let lab: Lab

beforeEach(async () => {
  Object.assign(seen, { done: [], verdict: 'pass', run: undefined })
  const folder = await temporaryFolder()
  state = new LabState('lab', join(folder, '.lab', 'lab'))
  await state.create()
  const plan = { topology: {}, name: 'lab', manifests: () => [] }
  lab = { plan, state, owner: new LabOwner(join(folder, 'owners'), state) } as unknown as Lab
  seen.lab = lab
})

vi.mock('../../../lab/commands/must-run.js', () => ({ mustRun: () => Promise.resolve() }))
vi.mock('../../../lab/observe/model/lab.js', () => ({ labFacts: () => ({ name: 'lab' }) }))
vi.mock('../../../lab/pipeline/external-addresses.js', () => ({
  externalAddresses: () => Promise.resolve([]),
}))

describe('options', () => {
  it('names several, between commas and again, in the order in which they run', () => {
    const options = parsed(['--scenario', 'node-paused,scaled', '--scenario', 'pod-deleted'])
    expect(scenariosOf(options).map(({ name }) => name)).toEqual(['pod-deleted', 'scaled', 'node-paused'])
    expect(scenariosOf(parsed(['--all']))).toEqual(scenarios)
    expect(scenariosOf(parsed([]))).toEqual([])
  })

  test.each([
    ['--scenario scaled', ['--all', '--only dns.*', '--skip dns.*', '--watch', '--save f', '--from f']],
    ['--all', ['--watch', '--save f', '--from f']],
  ])('%s goes with none of %j', (given, others) => {
    for (const other of others) {
      expect(() => parsed(`${given} ${other}`.split(' ')), other).toThrow('cannot be used with option')
    }
  })

  it('an unknown name is bad usage, and those that there are are named', async () => {
    const error = await labErrorOf(run('--scenario', 'scale'))
    expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
    expect(error.message).toContain(scenarios.map(({ name }) => name).join(', '))
  })

  it('another cluster may be disturbed only where that is allowed', async () => {
    for (const asked of ['--all', '--scenario=scaled']) {
      const error = await labErrorOf(run(asked, '-n', 'shop'))
      expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
      expect(error.message).toContain('--write')
    }
    expect(seen.done).toEqual([])
    expect(ids((await run('--scenario', 'scaled', '-n', 'shop', '--write')).printed)).toEqual([
      'scenario.scaled',
    ])
  })
})

it('runs the named ones and no checks, and tells what happens', async () => {
  const { code, said, printed } = await run('--scenario', 'scaled,pod-deleted')
  expect([code, ids(printed)]).toEqual([0, ['scenario.pod-deleted', 'scenario.scaled']])
  expect(printed.summary).toEqual({ pass: 2, fail: 0, inconclusive: 0, skipped: 0 })
  expect(said).toContain('  3.2 s  scaled happened')
  expect(seen.done).not.toContain('checks')
  expect(await state.lastResult()).toBeUndefined()
})

it('runs all after the checks, and keeps the result as that of the lab', async () => {
  const { printed } = await run('--all')
  const all = scenarios.map(({ name }) => `scenario.${name}`)
  expect(ids(printed)).toEqual(['dns.a', ...all])
  expect(printed.startedAt).toBe('2026-01-02T03:04:05.000Z')
  expect(printed.durationMs).toBeGreaterThanOrEqual(1000)
  expect(seen.done).toEqual(['checks', ...scenarios.map(({ name }) => name)])
  expect((await state.lastResult())?.summary.pass).toBe(1 + all.length)
})

it('runs all after some of the checks: globs are not for scenarios', async () => {
  expect(ids((await run('--all', '--only', 'dns.*')).printed)).toHaveLength(1 + scenarios.length)
  expect(await state.lastResult()).toBeUndefined()
})

it('ends with 1 when a scenario fails, and with 6 when one could not be judged', async () => {
  for (const [verdict, code] of [
    ['fail', 1],
    ['inconclusive', 6],
  ] as const) {
    seen.verdict = verdict
    expect((await run('--scenario', 'scaled')).code).toBe(code)
  }
})

it('holds the lab, and does nothing to one that is held', async () => {
  seen.run = async () => {
    const error = await labErrorOf(holding(lab, 'deploy', () => Promise.resolve()))
    expect(error.message).toContain('verify with scenarios')
  }
  await run('--scenario', 'scaled')
  seen.done = []
  const error = await holding(lab, 'deploy', () => labErrorOf(run('--all')))
  expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
  expect(seen.done).toEqual([])
})

it('does not hold the lab for checks alone', async () => {
  expect((await holding(lab, 'deploy', () => run())).code).toBe(0)
})

it('waits on another cluster, too, until changes are taken back', async () => {
  let takenBack = false
  seen.run = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    takenBack = true
    throw interrupted
  }
  const io = { signal: AbortSignal.abort(interrupted), say: () => undefined, print: () => undefined }
  const error = await rejectionOf(
    verifyCommand(parsed(['--scenario', 'scaled', '-n', 'shop', '--write']), io),
  )
  expect(error).toBe(interrupted)
  expect(takenBack).toBe(true)
})

it('prints with --rbac what scenarios need only where they are named', async () => {
  const printed: string[] = []
  const io = { signal: never(), say: () => undefined, print: (text: string) => printed.push(text) }
  await verifyCommand(parsed(['-n', 'shop', '--rbac']), io)
  await verifyCommand(parsed(['-n', 'shop', '--rbac', '--all']), io)
  expect(printed.map((text) => text.includes('statefulsets/scale'))).toEqual([false, true])
})
