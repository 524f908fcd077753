import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../lab/host/wait.js'
import { changesSince, hostListing } from '../e2e/host-listing.js'
import { root, type Started } from '../e2e/program.js'
import { interrupt } from './interrupt.js'
import { interruptionsOf, pointsOf, STAGE_NAMES, type Interruption } from './points.js'
import { FaultRecord } from './record.js'
import { lastStage, mountedBelow, NAME, SmallLab, within } from './small-lab.js'
import { killedTeardowns } from './teardowns.js'
import { faultsWithVerify } from './with-verify.js'

/**
 * What goes wrong while a lab is made, on the real thing. `npm run test:faults` does all of it; `npm test` three points
 * of each kind. Each leaves the host as it found it.
 */
const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
const all = process.env['FAULTS'] === 'all'
const record = new FaultRecord(process.env['FAULTS_RECORD'])

/** Of the whole, those that leave the most behind. */
const FEW = ['artifacts', 'nodes', 'workloads']
/** One of each of these stages; of the nodes one that comes late, when there are containers, and goes back at once. */
const oneOf = <T extends { readonly stage: string }>(points: readonly T[]): T[] =>
  FEW.flatMap((stage) => {
    const those = points.filter((point) => point.stage === stage)
    return those.at(stage === 'nodes' ? Math.max(those.length - 3, 0) : 0) ?? []
  })

let lab: SmallLab
let before: string[] = []

beforeAll(async () => {
  console.log(`seed ${String(seed)}`)
  lab = await SmallLab.make()
  // What an interrupted run of these tests left.
  expect((await lab.run('teardown')).code).toBe(0)
  before = await hostListing()
})

afterAll(async () => {
  await lab.run('teardown')
  await lab.remove()
})

const environment = async (stage: string): Promise<{ env?: Record<string, string> }> =>
  stage === 'artifacts' ? { env: await lab.partialCache() } : {}

/**
 * Sees to it that a deploy has something to do in this stage. In those that are not named here it has, where it goes on
 * from one that came no further than the stage before.
 */
async function mustHappen(stage: string): Promise<void> {
  if (stage === 'nodes') await lab.run('teardown')
  if (stage === 'verifying') await lab.run('kubectl', 'delete', 'service', 'nginx-headless')
}

async function nothingIsLeft(): Promise<void> {
  const { code, stderr } = await lab.run('teardown')
  expect(stderr).toContain('looking for what is left: nothing')
  expect(code).toBe(0)
  expect(await changesSince(before)).toEqual([])
}

/**
 * So long after a teardown something may still appear, in milliseconds: a container that the engine was just making when
 * the deploy was killed has its name by then, and is in no list before it is made. That nothing comes can only be seen by
 * looking for as long.
 */
const LATE_MS = 10_000

async function nothingComesLate(): Promise<void> {
  const until = performance.now() + LATE_MS
  await waitUntil(
    async () => {
      expect(await changesSince(before)).toEqual([])
      return performance.now() < until ? 'what comes late' : undefined
    },
    { signal: AbortSignal.timeout(6 * LATE_MS) },
  )
}

/** That what was recorded of a signal came in each stage of a deploy. */
function wasInEveryStage(signal: string): void {
  it(`came in every stage (${signal})`, () => {
    const notes = record.notesOf(new RegExp(`^${signal} deploy `))
    const told = (stage: string): boolean => notes.some((note) => note.startsWith(`in ${stage},`))
    expect(STAGE_NAMES.filter((stage) => !told(stage))).toEqual([])
  })
}

describe('a deploy that is killed', { concurrent: false }, () => {
  const points = pointsOf(seed)
  for (const { id, stage, afterMs, next } of all ? points : oneOf(points))
    record.test(`SIGKILL deploy at ${id}, and then ${next}`, async () => {
      const options = await environment(stage)
      const deploy = lab.begin('deploy', options)
      await within(deploy, stage, afterMs)
      deploy.child.kill('SIGKILL')
      const { code, stderr } = await deploy.ended
      // One that was over by then was not killed.
      expect(code).toBeNull()
      if (next === 'deploy') {
        const again = await lab.begin('deploy', options).ended
        expect(again.stderr).toMatch(/deployed and verified in|last verified .* 0 failed/)
        expect(again.code).toBe(0)
        expect((await lab.run('verify')).code).toBe(0)
      }
      await nothingIsLeft()
      if (all && stage === 'nodes' && next === 'teardown') await nothingComesLate()
      return `in ${lastStage(stderr)}, then ${next}`
    })

  if (!all) return
  wasInEveryStage('SIGKILL')

  // Its scratch folder is where a killed build can leave more than files.
  record.test('SIGKILL deploy at debootstrap, in the midst of what it mounts, and then deploy', async () => {
    // The base layer is made for an image that is missing, and that one for the node. None of them is finished.
    const env = await lab.partialCache(['base', 'redis', 'node'])
    const begin = async (): Promise<Started> => {
      const deploy = lab.begin('deploy', { env })
      onTestFinished(() => void deploy.child.kill('SIGKILL'))
      await mountedBelow(lab.cache, deploy)
      return deploy
    }
    const killed = await begin()
    killed.child.kill('SIGKILL')
    expect((await killed.ended).code).toBeNull()
    // Among what is compared are the mounts.
    await nothingIsLeft()
    // It has removed the scratch folder by then.
    await interrupt(await begin(), { signal: 'SIGINT', exit: 130 }, before)
    await nothingIsLeft()
    return 'in artifacts, then deploy, interrupted at the same place; no mount is left'
  })
})

describe('a deploy that is interrupted', { concurrent: false }, () => {
  /** So often it is tried to be in a stage that may be over before the signal comes. */
  const TRIES = 3

  const oneTry = async ({
    stage,
    afterMs,
    ...how
  }: Interruption): Promise<{ seen: string; tookMs: number }> => {
    await mustHappen(stage)
    const deploy = lab.begin('deploy', await environment(stage))
    await within(deploy, stage, afterMs)
    const { stderr, tookMs } = await interrupt(deploy, how, before)
    return { seen: lastStage(stderr), tookMs }
  }

  const interruptions = interruptionsOf(seed)
  // Each goes on from where the one before it stopped: what was finished stays.
  for (const one of all ? interruptions : oneOf(interruptions))
    record.test(`${one.signal} deploy at ${one.id}`, async () => {
      let { seen, tookMs } = await oneTry(one)
      for (let tries = 1; seen !== one.stage && tries < TRIES; tries++) {
        // It went further: its stage has nothing to do any more.
        await lab.run('teardown')
        ;({ seen, tookMs } = await oneTry(one))
      }
      expect(seen).toBe(one.stage)
      return `in ${seen}, ended after ${String(tookMs)} ms`
    })

  it('leaves nothing that teardown does not remove', nothingIsLeft)

  if (!all) return
  wasInEveryStage('SIGINT')
  wasInEveryStage('SIGTERM')
})

if (all)
  describe('a teardown that is killed', { concurrent: false }, () => {
    killedTeardowns({ lab: () => lab, record, nothingIsLeft, before: () => before })
  })

describe('what goes wrong with a lab that runs', { concurrent: false }, () => {
  faultsWithVerify({ lab: () => lab, record, all, nothingIsLeft })

  it('leaves nothing that teardown does not remove', async () => {
    await nothingIsLeft()
    await expect(access(join(root, '.lab', NAME))).rejects.toThrow()
  })
})
