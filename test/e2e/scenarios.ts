import { describe, expect, it } from 'vitest'
import type { VerifyResult } from '../../lab/report/model.js'
import { lab } from './program.js'

/** Those that no other test here does to the same workloads: failovers of Postgres and Kafka have tests of their own. */
const SCENARIOS = ['pod-deleted', 'scaled', 'not-ready', 'coredns-killed', 'failover-redis']

interface Timed {
  readonly timeline: readonly { readonly atMs: number; readonly what: string }[]
}

export function scenarioTests(): void {
  describe('scenarios', { concurrent: false }, () => {
    it('pass, with what happened when, and leave the lab as it was', async () => {
      const { code, stdout } = await lab('verify', '--scenario', SCENARIOS.join(','), '--json')
      const { checks } = JSON.parse(stdout) as VerifyResult
      expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
      expect(checks.map(({ id }) => id)).toEqual(SCENARIOS.map((name) => `scenario.${name}`))
      for (const { evidence } of checks) {
        const times = (evidence.observed as Timed).timeline.map(({ atMs }) => atMs)
        expect(times.length).toBeGreaterThan(1)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }
      expect(code).toBe(0)
      const after = await lab('verify', '--json')
      const result = JSON.parse(after.stdout) as VerifyResult
      expect(result.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    })
  })
}
