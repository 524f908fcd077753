import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { VerifyResult } from '../../lab/report/model.js'
import { Chaos, interrupted, Killed, type When } from './cycles/chaos.js'
import { foreignOf, removeContainer } from './cycles/host.js'
import { expectAsDeclared, expectClear, expectNothingLeft, isWhole } from './cycles/invariants.js'
import { makeFrailLab, type FrailLab } from './cycles/lab.js'
import { randomFrom, type Random } from './cycles/random.js'
import { planOf } from './world.js'

// The free space of the machine that runs the tests says nothing about the pipeline.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

// Nothing here takes time: who waits goes on at once.
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: async (_: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) => {
    const { clock } = await import('./cycles/clock.js')
    await clock.pass()
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
    return value
  },
}))

beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true))
afterEach(() => vi.restoreAllMocks())

/** How many cycles there are; `CYCLES=<number>` for others. */
const CYCLES = Number(process.env['CYCLES'] ?? 60)
/** `CYCLES_SEED=<number>`: the seed in the name of a cycle that failed gives it again, as the first one. */
const FIRST = Number(process.env['CYCLES_SEED'] ?? Date.now() % 1e9)

const OFF = { enabled: false }
const plans = [
  planOf(),
  planOf({ topology: { workers: 0 }, workloads: { externalDatabase: { enabled: true } } }),
  planOf({ topology: { workers: 1 }, workloads: { kafka: { enabled: true }, nginx: {}, webApi: OFF } }),
]

/** Calls that change something, and after which another run has to find its way. */
const CHANGES = [
  /containerlab deploy/,
  /containerlab/,
  /journal/,
  /journal|docker rm|volume rm|network rm/,
  /entries|remove the folder/,
  /docker (ps|container|volume|network)/,
  /apply|secret|database|psql/,
  /write|mkdir|forget|artifact|build/,
  /docker (start|unpause|exec|port)/,
]

/** Something goes wrong once, at any of the calls of a run or at one that matters more, or again and again. */
function chaosOf(random: Random): When {
  const mode = random.pick(['once', 'there', 'there', 'often'] as const)
  switch (mode) {
    case 'once':
      return { mode, at: random.below(random.pick([40, 160])) }
    case 'there':
      return { mode, what: random.pick(CHANGES), at: random.below(random.pick([1, 1, 3, 12])) }
    case 'often':
      return { mode, share: random.pick([0.01, 0.03, 0.1]) }
  }
}

/** A cycle, and what it did so far. */
class Cycle {
  readonly told: string[] = []
  /** Whether a run was killed since the last one that ended well. */
  private killed = false

  private constructor(
    private readonly lab: FrailLab,
    private readonly random: Random,
    private readonly foreign: object,
  ) {}

  static async begin(random: Random): Promise<Cycle> {
    const lab = await makeFrailLab(random.pick(plans), random)
    return new Cycle(lab, random, await foreignOf(lab.host, lab.state))
  }

  /** A run of the program in which something may go wrong. */
  async frail(way: 'deploy' | 'teardown'): Promise<void> {
    const when = chaosOf(this.random)
    const chaos = new Chaos(this.random, when)
    const { lab } = this
    const wasAlive = lab.host.world.containers.every(({ state }) => state !== 'dead')
    const wasWhole = await isWhole(lab)
    const isMade = (await lab.state.record()) !== undefined
    const before = isMade ? lab.clusters.controlPlane : undefined
    if (isMade) await lab.state.saveResult(verified())
    const { effects } = lab.host.world
    const already = effects.length
    const error = await ended(lab[way](chaos))
    // Whatever ended it: what was changed is not what was verified.
    if (way === 'deploy' && effects.length > already) expect(await lab.state.lastResult()).toBeUndefined()
    if (!(error instanceof Killed)) await lab.host.settle()
    this.told.push(`${way}: ${String(error ?? 'done')}\n    ${chaos.log.join('\n    ')}`)
    this.killed = error !== undefined && (this.killed || error instanceof Killed)
    expect(await foreignOf(lab.host, lab.state, this.killed)).toEqual(this.foreign)
    if (error === undefined) return way === 'deploy' ? expectAsDeclared(lab) : expectNothingLeft(lab)
    expectClear(error)
    if (error instanceof Killed) return
    if (chaos.interrupt.aborted && when.mode !== 'often') expect(error).toBe(interrupted)
    if (way === 'teardown') return
    // What was finished stays.
    if (before !== undefined && wasWhole && wasAlive) expect(lab.clusters.controlPlane).toBe(before)
    // Unless a second mishap befell the undo, nothing is half made.
    if (wasWhole && wasAlive && when.mode !== 'often') expect(await isWhole(lab)).toBe(true)
  }

  /** Deploys, with nothing that goes wrong; and once more, which then changes nothing. */
  async deploy(): Promise<void> {
    const { lab } = this
    await lab.deploy(calm(this.random))
    await expectAsDeclared(lab)
    this.killed = false
    expect(await foreignOf(lab.host, lab.state)).toEqual(this.foreign)
    const nodes = lab.clusters.controlPlane
    expect(await lab.deploy(calm(this.random))).toBe(0)
    expect(lab.clusters.controlPlane).toBe(nodes)
    this.told.push('deployed')
  }

  /** Tears down, with nothing that goes wrong; and once more. */
  async teardown(): Promise<void> {
    const { lab } = this
    await lab.teardown(calm(this.random))
    await expectNothingLeft(lab)
    await lab.teardown(calm(this.random))
    await expectNothingLeft(lab)
    this.killed = false
    expect(await foreignOf(lab.host, lab.state)).toEqual(this.foreign)
    this.told.push('torn down')
  }

  /** Something befalls containers of the lab, as a restart of the host does. */
  disturb(): void {
    const { lab, random } = this
    const { containers } = lab.host.world
    const becomes = random.pick(['exited', 'paused', 'dead', 'gone'])
    for (const one of containers.filter(({ labels }) => labels['containerlab'] === lab.plan.name)) {
      if (random.chance(0.5)) continue
      if (becomes === 'gone') removeContainer(lab.host.world, one.name)
      else one.state = becomes
      this.told.push(`${one.name} is ${becomes}`)
    }
  }
}

/** A verdict on the lab as it is now. */
const verified = (): VerifyResult =>
  ({
    schema: 'headless-lab/verify/v1',
    startedAt: new Date().toISOString(),
    checks: [],
  }) as unknown as VerifyResult

const calm = (random: Random): Chaos => new Chaos(random, { mode: 'never' })

const ended = (run: Promise<unknown>): Promise<Error | undefined> =>
  run.then(
    () => undefined,
    (error: unknown) => error as Error,
  )

async function live(cycle: Cycle, random: Random): Promise<void> {
  for (let runs = 1 + random.below(3); runs > 0; runs--) await cycle.frail('deploy')
  if (random.chance(0.3)) {
    await cycle.deploy()
    cycle.disturb()
    for (let runs = random.below(3); runs > 0; runs--) await cycle.frail('deploy')
  }
  const way = random.below(3)
  if (way === 0) await cycle.deploy()
  for (let runs = random.below(3); runs > 0; runs--) await cycle.frail('teardown')
  if (way === 1) await cycle.deploy()
  await cycle.teardown()
}

const MINUTE = 60_000

describe('deploys and teardowns in which anything goes wrong, and then nothing', { timeout: MINUTE }, () => {
  it.each(Array.from({ length: CYCLES }, (_, i) => FIRST + i))('CYCLES_SEED=%d', async (seed) => {
    const random = randomFrom(seed)
    const cycle = await Cycle.begin(random)
    try {
      await live(cycle, random)
    } catch (error) {
      throw new Error(`CYCLES_SEED=${seed}\n  ${cycle.told.join('\n  ')}`, { cause: error })
    }
  })
})
