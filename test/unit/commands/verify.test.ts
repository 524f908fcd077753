import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { beforeEach, expect, it, vi } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import { openLab } from '../../../lab/commands/context.js'
import { verifyLab } from '../../../lab/commands/verify.js'
import { tryRun, type Run } from '../../../lab/host/run.js'
import type { VerifyTarget } from '../../../lab/observe/model/target.js'
import type { Plan } from '../../../lab/plan/plan.js'
import { fakeRun, never, temporaryFolder, type Answer } from '../host/fakes.js'

const seen = vi.hoisted(() => ({ declared: [] as unknown[] }))
vi.mock('../../../lab/verify.js', () => ({
  verify: (target: VerifyTarget) => {
    seen.declared = [...target.declared]
    return Promise.resolve({
      lab: 'lab',
      checks: [{}],
      summary: { pass: 1, fail: 0, inconclusive: 0, skipped: 0 },
    })
  },
}))
vi.mock('../../../lab/host/run.js', async (original) => ({ ...(await original<object>()), tryRun: vi.fn() }))
vi.mock('../../../lab/report/console.js', () => ({ renderConsole: () => '' }))

beforeEach(() => {
  seen.declared = []
})

/** Verifies a lab of one object, which holds the addresses it was made for; tells what was said. */
async function verified(answer: Answer): Promise<string[]> {
  vi.mocked(tryRun).mockImplementation(fakeRun(() => answer).run satisfies Run)
  const opened = await openLab({ name: 'lab' })
  const plan: Plan = { ...opened.plan, manifests: (addresses) => [{ addresses } as KubernetesObject] }
  const state = new LabState('lab', join(await temporaryFolder(), 'lab'))
  await state.create()
  const said: string[] = []
  await verifyLab(
    { plan, state },
    {},
    { signal: never(), say: (line) => said.push(line), print: () => undefined },
  )
  return said
}

it('declares the external database where it is now', async () => {
  expect(await verified('172.18.0.9\n\n')).toEqual([])
  expect(seen.declared).toEqual([{ addresses: ['172.18.0.9'] }])
})

it('declares it without an address when it does not run', async () => {
  expect(await verified('\n\n')).toEqual([])
  expect(seen.declared).toEqual([{ addresses: [] }])
})

it('declares it without an address when its container is gone', async () => {
  const stderr = 'Error response from daemon: No such container: lab-external-db\n'
  expect(await verified({ exitCode: 1, stderr })).toEqual([])
  expect(seen.declared).toEqual([{ addresses: [] }])
})

it('does not judge it when the engine does not tell, and says so', async () => {
  const said = await verified({ exitCode: 1, stderr: 'Cannot connect to the Docker daemon\n' })
  expect(seen.declared).toEqual([{ addresses: undefined }])
  expect(said).toEqual([expect.stringMatching(/^warning: the address of the external database is not known/)])
})
