import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differences, hostListing } from '../e2e/host-listing.js'
import { root } from '../e2e/program.js'
import { faultsWithVerify } from './with-verify.js'
import { pointsOf, STAGE_NAMES } from './points.js'
import { FaultRecord } from './record.js'
import { lastStage, NAME, SmallLab, within } from './small-lab.js'

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

const INT = { signal: 'SIGINT', exit: 130 } as const
const TERM = { signal: 'SIGTERM', exit: 143 } as const

/** A run that is interrupted has ended by then. */
const END_MS = 5_000

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

/** Sees to it that a deploy has something to do in this stage, also where an earlier one went further. */
async function mustHappen(stage: string): Promise<void> {
  if (stage === 'nodes') await lab.run('teardown')
  if (stage === 'verifying') await lab.run('kubectl', 'delete', 'service', 'nginx-headless')
}

async function nothingIsLeft(): Promise<void> {
  const { code, stderr } = await lab.run('teardown')
  expect(stderr).toContain('looking for what is left: nothing')
  expect(code).toBe(0)
  expect(differences(before, await hostListing())).toEqual([])
}

describe('a deploy that is killed', { concurrent: false }, () => {
  const points = pointsOf(seed)
  it.for(all ? points : oneOf(points))('at $id, and then $next', async ({ id, stage, afterMs, next }) => {
    await record.once(`SIGKILL ${id}`, async () => {
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
      return `in ${lastStage(stderr)}, then ${next}`
    })
  })

  if (all)
    it('was in every stage at least once', () => {
      const notes = record.notesOf(/^SIGKILL /)
      const told = (stage: string): boolean => notes.some((note) => note.startsWith(`in ${stage},`))
      expect(STAGE_NAMES.filter((stage) => !told(stage))).toEqual([])
    })
})

describe('a deploy that is interrupted', { concurrent: false }, () => {
  const stages = STAGE_NAMES.map((stage, i) => ({ stage, ...(i % 2 === 0 ? TERM : INT) }))
  const both = [
    ...stages,
    ...stages.map(({ stage, signal }) => ({ stage, ...(signal === 'SIGINT' ? TERM : INT) })),
  ]
  // Each goes on from where the one before it stopped: what was finished stays.
  it.for(all ? both : oneOf(stages))('in $stage by $signal', async ({ stage, signal, exit }) => {
    await record.once(`${signal} ${stage}`, async () => {
      await mustHappen(stage)
      const deploy = lab.begin('deploy', await environment(stage))
      await within(deploy, stage, stage === 'nodes' ? 8_000 : 0)
      const began = performance.now()
      deploy.child.kill(signal)
      const { code, stderr } = await deploy.ended
      const tookMs = performance.now() - began
      expect(stderr).toMatch(/interrupted|terminated/)
      expect(code).toBe(exit)
      expect((await hostListing()).filter((line) => line.startsWith('process '))).toEqual([])
      // How long it may take is asked of the machine that was left alone for it.
      if (all) expect(tookMs).toBeLessThan(END_MS)
      return `in ${lastStage(stderr)}, ended after ${String(Math.round(tookMs))} ms`
    })
  })

  it('leaves nothing that teardown does not remove', nothingIsLeft)
})

describe('what goes wrong with a lab that runs', { concurrent: false }, () => {
  faultsWithVerify({ lab: () => lab, record, all, nothingIsLeft })

  it('leaves nothing that teardown does not remove', async () => {
    await nothingIsLeft()
    await expect(access(join(root, '.lab', NAME))).rejects.toThrow()
  })
})
