import { describe, expect, test } from 'vitest'
import type { VerifyTarget } from '../../lab/observe/model/target.js'
import { verify } from '../../lab/verify.js'
import type { VerifyProgress } from '../../lab/verify.js'
import { faults } from './checks/faults.js'
import { healthy, one, recording } from './checks/recorded.js'
import type { World } from './checks/recorded.js'
import { FakeClock } from './observe/fake-clock.js'

const target: VerifyTarget = {
  kubeconfig: 'none',
  lab: healthy().lab,
  declared: recording(healthy()).declared,
  engine: { docker: 'docker', containerlab: 'containerlab', topologyFile: 'none' },
}

const faulty = (name: string): World => {
  const world = healthy()
  one(faults, (fault) => fault.name === name).inject(world)
  return world
}

/** Verifies worlds, one a round, the last one for ever. */
async function over(...worlds: World[]) {
  const clock = new FakeClock()
  const rounds: Extract<VerifyProgress, { type: 'round' }>[] = []
  const result = await verify(target, {
    clock,
    onProgress: (event) => {
      if (event.type === 'round') rounds.push(event)
    },
    observe: async () => {
      await clock.sleep(1000)
      const world = worlds[Math.min(rounds.length, worlds.length - 1)]
      return recording(world ?? healthy()).observations
    },
  })
  return { result, rounds, ms: clock.now() }
}

// The judge takes its time for a whole lab, and is asked several times.
describe('verify', { timeout: 60_000 }, () => {
  test('a healthy lab takes one round', async () => {
    const { result, rounds } = await over(healthy())
    expect(result).toMatchObject({
      schema: 'headless-lab/verify/v1',
      lab: 'headless-services',
      durationMs: 1000,
      summary: { pass: 777, fail: 0, inconclusive: 0, skipped: 26 },
    })
    expect(result.startedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(rounds).toHaveLength(1)
    expect(rounds[0]?.recording.declared).toBe(target.declared)
  })

  test('what is about to be right is no failure', async () => {
    const { result, rounds } = await over(faulty('a replica follows another master'), healthy())
    expect(result.summary.fail).toBe(0)
    expect(rounds.map(({ checks }) => checks.some(({ verdict }) => verdict === 'fail'))).toEqual([
      true,
      false,
    ])
  })

  test('what stays wrong fails, within the bounds', async () => {
    const { result, ms } = await over(faulty('nginx-headless is deleted'))
    expect(result.summary.fail).toBeGreaterThan(0)
    expect(ms).toBeLessThan(10_000)
  })

  test('a wrong answer of a DNS server that caches must outlive its cache', async () => {
    const cached = faulty('the virtual IP in DNS is an old one')
    const { corefile } = cached.observations.api
    if ('value' in corefile) corefile.value = corefile.value.replace(/cache 30 \{[^}]*\}/, 'cache 20')
    const { result, ms } = await over(cached)
    // Its name, and the name of its address.
    expect(result.summary.fail).toBe(2)
    expect(ms).toBeGreaterThan(20_000)
  })

  test('so must a wrong name of an address, which a Corefile of kubeadm lets CoreDNS cache', async () => {
    const { result, ms } = await over(faulty('another server answers for the names of addresses'))
    expect(new Set(result.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id))).toEqual(
      new Set(['dns.ptr.vip', 'dns.ptr.pod', 'dns.ptr.dashed']),
    )
    expect(ms).toBeGreaterThan(30_000)
  })

  test('what only could not be observed is not waited for', async () => {
    const world = healthy()
    world.observations.containers.containerlab = { error: 'gone', source: 'containerlab', durationMs: 1 }
    const { result, rounds } = await over(world)
    expect(result.summary.inconclusive).toBe(1)
    expect(rounds).toHaveLength(1)
  })
})
