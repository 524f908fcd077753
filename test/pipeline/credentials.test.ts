import { describe, expect, it, vi } from 'vitest'
import type { WantedSecret } from '../../lab/cluster/secrets.js'
import { LabError } from '../../lab/errors.js'
import type { Plan } from '../../lab/plan/plan.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { labErrorOf } from '../unit/host/fakes.js'
import { makeLab, planOf } from './world.js'

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

const secret = (namespace: string, name: string, ...keys: string[]): WantedSecret => ({
  namespace,
  name,
  keys,
  labels: {},
})

/** A plan that needs two Secrets, one of them in a namespace of its own. */
const plan = (keys = ['password']): Plan => {
  const small = planOf()
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'database' } }
  return {
    ...small,
    manifests: (addresses) => [...small.manifests(addresses), namespace],
    secrets: [secret('database', 'postgres-secret', ...keys), secret('default', 'mysql-secret', 'root')],
  }
}

/** The verdict on the lab as it is now. */
const verified = (): VerifyResult =>
  ({
    schema: 'headless-lab/verify/v1',
    startedAt: new Date().toISOString(),
    checks: [],
  }) as unknown as VerifyResult

describe('credentials', () => {
  it('are made after their namespaces and before what mounts them', async () => {
    const { deploy, world, results } = await makeLab()
    await deploy({ plan: plan() })
    const order = [
      'apply Namespace database',
      'secret database/postgres-secret',
      'secret default/mysql-secret',
      'apply StatefulSet default/redis',
    ]
    expect(world.effects.filter((effect) => order.includes(effect))).toEqual(order)
    expect(results).toContain('2 of 2 Secrets made or completed')
  })

  it('that are there stay, and count for no change', async () => {
    const { deploy, cluster, results, state } = await makeLab()
    await deploy({ plan: plan() })
    const before = structuredClone(cluster.secrets)
    await state.saveResult(verified())
    expect(await deploy({ plan: plan() })).toBe(0)
    expect(cluster.secrets).toEqual(before)
    expect(results).toContain('2 Secrets are there')
    expect(await state.lastResult()).toBeDefined()
  })

  it('that are made anew make what was verified forgotten', async () => {
    const { deploy, cluster, state } = await makeLab()
    await deploy({ plan: plan() })
    await state.saveResult(verified())
    cluster.secrets.delete('default/mysql-secret')
    expect(await deploy({ plan: plan(['password', 'replication']) })).toBe(2)
    expect(await state.lastResult()).toBeUndefined()
  })

  it('that are made anew under a StatefulSet that has the old ones are told', async () => {
    const { deploy, cluster, warnings } = await makeLab()
    const mounting = (): Plan => {
      const small = plan()
      const volumes = [{ name: 'credentials', secret: { secretName: 'postgres-secret' } }]
      const metadata = { name: 'postgres', namespace: 'database' }
      const set = {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata,
        spec: { template: { spec: { volumes } } },
      }
      return { ...small, manifests: (addresses) => [...small.manifests(addresses), set] }
    }
    await deploy({ plan: mounting() })
    expect(warnings).toEqual([])
    cluster.secrets.delete('database/postgres-secret')
    cluster.secrets.delete('default/mysql-secret')
    await deploy({ plan: mounting() })
    expect(warnings.filter((line) => line.includes('Secret'))).toEqual([
      'Secret database/postgres-secret got new passwords, and StatefulSet database/postgres runs with the old ones: Postgres keeps them until ALTER ROLE sets the new, MySQL until its pods start again; or teardown and deploy make the lab anew',
    ])
  })

  it('are asked for again while the API server does not answer', async () => {
    const { deploy, cluster } = await makeLab()
    const { ensureSecret } = cluster
    let mute = true
    cluster.ensureSecret = (wanted) => {
      if (!mute) return ensureSecret(wanted)
      mute = false
      return Promise.reject(new LabError('cluster.unreachable', 'no answer'))
    }
    await deploy({ plan: plan() })
    expect(cluster.secrets.size).toBe(2)
  })

  it('that are made, and whose answer is lost, count as made', async () => {
    const { deploy, cluster, state } = await makeLab()
    await deploy({ plan: plan() })
    await state.saveResult(verified())
    const { ensureSecret } = cluster
    cluster.secrets.delete('default/mysql-secret')
    cluster.ensureSecret = async (wanted) => {
      cluster.ensureSecret = ensureSecret
      await ensureSecret(wanted)
      throw new LabError('cluster.unreachable', 'no answer')
    }
    expect(await deploy({ plan: plan() })).toBe(1)
    expect(await state.lastResult()).toBeUndefined()
  })

  it('make what was verified forgotten before they are made', async () => {
    const { deploy, cluster, state } = await makeLab()
    await deploy({ plan: plan() })
    await state.saveResult(verified())
    const { ensureSecret } = cluster
    cluster.secrets.delete('default/mysql-secret')
    let known: unknown
    cluster.ensureSecret = async (wanted) => {
      known = await state.lastResult()
      return ensureSecret(wanted)
    }
    await deploy({ plan: plan() })
    expect(known).toBeUndefined()
  })

  it('that are refused end the deploy, explained', async () => {
    const { deploy, cluster } = await makeLab()
    cluster.ensureSecret = () => Promise.reject(new LabError('cluster.rejected', 'no'))
    expect(await labErrorOf(deploy({ plan: plan() }))).toMatchObject({
      code: 'cluster.rejected',
      details: 'pods not ready: none',
    })
  })
})
