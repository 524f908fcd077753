import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { KubeConfig } from '@kubernetes/client-node'
import { LabState } from '../../../lab/cluster/state.js'
import { mustRun } from '../../../lab/commands/must-run.js'
import { tryRun } from '../../../lab/host/run.js'
import { expectedContainers } from '../../../lab/pipeline/steps/containers.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { apiServer } from '../cluster/api-server.js'
import { fakeRun, labErrorOf, never, temporaryFolder } from '../host/fakes.js'

vi.mock('../../../lab/host/run.js', async (original) => ({ ...(await original<object>()), tryRun: vi.fn() }))

const plan = makePlan(await loadSpec({}))
const node = 'headless-services-control-plane'

/** A lab whose API server answers, or is not there, and whose control plane is so. */
async function look(
  config: KubeConfig | undefined,
  is: string,
  engine = true,
  others = expectedContainers(plan).slice(1),
): Promise<void> {
  const state = new LabState(plan.name, join(await temporaryFolder(), plan.name))
  await state.create()
  const nowhere = 'clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]\n'
  await state.write(
    'kubeconfig',
    config?.exportConfig() ?? `${nowhere}contexts: [{name: a, context: {cluster: a}}]\n`,
  )
  const { run } = fakeRun(({ line }) => {
    if (line.startsWith('docker version')) return engine ? '26' : { exitCode: 1, stderr: 'no daemon' }
    const rest = others.map((name) => `id-${name}\t${name}\texited\timage\n`)
    return line.startsWith('docker ps') ? `id\t${node}\t${is}\timage\n${rest.join('')}` : ''
  })
  vi.mocked(tryRun).mockImplementation(run)
  await mustRun({ plan, state }, { name: 'a' }, never())
}

it.each([
  ['the node does not run', 'exited', true, `${node} is exited`],
  ['the engine does not run', 'running', false, 'the Docker engine does not run'],
])('says that a lab is stopped, and what starts it: %s', async (_, is, engine, reason) => {
  const error = await labErrorOf(look(undefined, is, engine))
  expect(error).toMatchObject({
    code: 'cluster.unreachable',
    exitCode: 6,
    hint: 'npm run start -- --name a brings it back',
  })
  expect(error.message).toBe(`lab headless-services is stopped: ${reason}`)
})

it('says what makes a lab anew of which the control plane is gone for good', async () => {
  const { hint } = await labErrorOf(look(undefined, 'dead'))
  expect(hint).toBe('npm run deploy -- --name a makes it anew')
})

it('leaves a node that runs, and does not answer, to the checks', async () => {
  await expect(look(undefined, 'running')).resolves.toBeUndefined()
})

it('asks no more of an API server that answers', async () => {
  const { config } = await apiServer(() => [200, { kind: 'Namespace', metadata: { name: 'kube-system' } }])
  await expect(look(config, 'exited')).resolves.toBeUndefined()
})

it('does not promise to bring back a lab of which another node is gone', async () => {
  const { hint } = await labErrorOf(look(undefined, 'exited', true, []))
  expect(hint).toBe('npm run deploy -- --name a makes it anew')
})
