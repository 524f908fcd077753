import { expect } from 'vitest'
import { interrupt } from './interrupt.js'
import type { FaultRecord } from './record.js'
import { lastBegun, within, type SmallLab } from './small-lab.js'

export interface Teardowns {
  readonly lab: () => SmallLab
  readonly record: FaultRecord
  readonly nothingIsLeft: () => Promise<void>
  /** How the host was before all of it. */
  readonly before: () => readonly string[]
}

/** Milliseconds after the removal of the nodes has begun: when none is gone yet, and when it is under way. */
const MOMENTS = [500, 2_000]

/** The way back, and a stop, of a lab that runs: what is cut off is finished by the next command. */
export function killedTeardowns({ lab, record, nothingIsLeft, before }: Teardowns): void {
  const deployed = async (): Promise<void> => {
    expect((await lab().run('deploy')).code).toBe(0)
  }
  /** Kills a command of the program so long after the line that says that its stage has begun. */
  const killed = async (name: string, stage: string, afterMs: number): Promise<string> => {
    const run = lab().begin(name)
    await within(run, stage, afterMs)
    run.child.kill('SIGKILL')
    const { code, stderr } = await run.ended
    // One that was over by then was not killed.
    expect(code).toBeNull()
    return lastBegun(stderr)
  }

  record.test('SIGKILL stop at stopping+500ms, and then start', async () => {
    await deployed()
    const where = await killed('stop', 'stopping', 500)
    const { code, stderr } = await lab().run('start')
    expect(stderr).toMatch(/deployed and verified in|last verified .* 0 failed/)
    expect(code).toBe(0)
    const verify = await lab().run('verify')
    expect(verify.code, verify.stdout).toBe(0)
    return `in ${where}, then start`
  })

  for (const afterMs of MOMENTS)
    record.test(`SIGKILL teardown at nodes+${String(afterMs)}ms, and then teardown`, async () => {
      await deployed()
      const where = await killed('teardown', 'nodes', afterMs)
      await nothingIsLeft()
      return `in ${where}, then teardown`
    })

  record.test('SIGINT teardown at nodes+1000ms, and then teardown', async () => {
    await deployed()
    const teardown = lab().begin('teardown')
    await within(teardown, 'nodes', 1_000)
    const { stderr, tookMs } = await interrupt(teardown, { signal: 'SIGINT', exit: 130 }, before())
    await nothingIsLeft()
    return `in ${lastBegun(stderr)}, ended after ${String(tookMs)} ms`
  })
}
