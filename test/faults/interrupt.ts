import { expect } from 'vitest'
import { changesSince, isProcess } from '../e2e/host-listing.js'
import type { Started } from '../e2e/program.js'
import type { Interruption } from './points.js'

/** A run that is interrupted has ended by then. */
const END_MS = 5_000

/**
 * Interrupts a run, which has to end as one that was, in time, with nothing left running.
 *
 * @param before how the host was
 */
export async function interrupt(
  { child, ended }: Started,
  { signal, exit }: Pick<Interruption, 'signal' | 'exit'>,
  before: readonly string[],
): Promise<{ readonly stderr: string; readonly tookMs: number }> {
  const began = performance.now()
  child.kill(signal)
  const { code, stderr } = await ended
  const tookMs = Math.round(performance.now() - began)
  expect(stderr).toMatch(/interrupted|terminated/)
  expect(code).toBe(exit)
  expect(await changesSince(before, isProcess)).toEqual([])
  // How long it may take is asked of the machine that was left alone for it.
  if (process.env['FAULTS'] === 'all') expect(tookMs).toBeLessThan(END_MS)
  return { stderr, tookMs }
}
