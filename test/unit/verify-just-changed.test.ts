import { expect, test } from 'vitest'
import { verify } from '../../lab/verify.js'
import { healthy, recording } from './checks/recorded.js'
import type { World } from './checks/recorded.js'
import { FakeClock } from './observe/fake-clock.js'

/** A replica that is not there yet: `docker ps` could not be asked, in place of anything that a busy machine delays. */
function unobserved(): World {
  const world = healthy()
  world.observations.containers.containerlab = { error: 'gone', source: 'containerlab', durationMs: 1 }
  return world
}

/** Verifies a cluster that looks well only after some seconds; each look takes one. */
async function wellAfter(
  seconds: number,
  justChanged: boolean,
): Promise<{ inconclusive: number; ms: number }> {
  const clock = new FakeClock()
  const { lab, declared } = recording(healthy())
  const { summary } = await verify(
    { kubeconfig: 'none', lab, declared },
    {
      clock,
      justChanged,
      only: ['nodes.*'],
      observe: async () => {
        await clock.sleep(1000)
        return recording(clock.now() > seconds * 1000 ? healthy() : unobserved()).observations
      },
    },
  )
  return { inconclusive: summary.inconclusive, ms: clock.now() }
}

test('just after a change, what cannot be judged yet is waited for', async () => {
  expect(await wellAfter(20, true)).toMatchObject({ inconclusive: 0 })
  expect(await wellAfter(20, false)).toMatchObject({ inconclusive: 1, ms: 1000 })
})

test('and not for ever', async () => {
  const { inconclusive, ms } = await wellAfter(Infinity, true)
  expect(inconclusive).toBe(1)
  expect(ms).toBeLessThan(90_000)
})
