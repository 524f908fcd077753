import { describe, expect, test } from 'vitest'
import { ApiReader, type ClusterReader } from '../../../lab/diagnose/cluster-reader.js'
import { knownSecrets } from '../../../lab/diagnose/known-secrets.js'
import { LabError } from '../../../lab/errors.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { apiServer, type ApiAnswer } from '../cluster/api-server.js'
import { fakeRun, never, rejectionOf, type Answer } from '../host/fakes.js'

const plan = makePlan(await loadSpec({ name: 'blue' }))
const [one = '', two = '', three = ''] = plan.nodes
const limits = { partMs: 10_000, wholeMs: 10_000 }

function host(states: Readonly<Record<string, string>>, mounts: (line: string) => Answer = () => '') {
  return fakeRun(({ line, args }) => {
    if (args[0] === 'version') return '28.0'
    if (line.includes('label=io.x-k8s.kind.cluster=blue'))
      return Object.entries(states)
        .map(([name, state]) => `id-${name}\t${name}\t${state}\timage`)
        .join('\n')
    return args[0] === 'exec' ? mounts(line) : ''
  })
}

async function answering(answer: ApiAnswer): Promise<ClusterReader> {
  const { config } = await apiServer(() => answer)
  return new ApiReader(config)
}

const silent = async (): Promise<ClusterReader> => Promise.reject(new Error('connect ECONNREFUSED'))
const running = { [one]: 'running', [two]: 'running', [three]: 'exited', 'blue-external-db': 'running' }

describe('the values of Secrets are known', () => {
  test('from the API server, and no node is asked', async () => {
    const { run, calls } = host(running)
    const cluster = answering([200, { items: [{ type: 'Opaque', data: { a: 'QQ==', b: 'Qg==' } }] }])
    expect(await knownSecrets(cluster, { plan, run }, limits, never())).toEqual({
      values: ['QQ==', 'Qg=='],
      how: 'read from the API server (Secrets: 1)',
    })
    expect(calls).toEqual([])
  })

  test.each<[string, () => Promise<ClusterReader>, string]>([
    ['does not answer', silent, 'connect ECONNREFUSED'],
    [
      'may not tell them',
      () => answering([403, { message: 'forbidden' }]),
      'the API server says to GET /api/v1/secrets: forbidden',
    ],
  ])('from what pods mount on nodes that run, where the API server %s', async (_, cluster, why) => {
    const { run } = host(running, (line) => (line.includes(`id-${one} `) ? 'QQ==\nQg==\n' : 'Qg==\nQw==\n'))
    expect(await knownSecrets(cluster(), { plan, run }, limits, never())).toEqual({
      values: ['QQ==', 'Qg==', 'Qw=='],
      how: `the API server does not tell them (${why}); read from mounts on ${one}; read from mounts on ${two}`,
    })
  })

  test('of those nodes that tell them', async () => {
    const { run } = host(running, (line) =>
      line.includes(`id-${one} `) ? { exitCode: 1, stderr: 'no such container' } : 'Qg==\n',
    )
    const { values, how } = await knownSecrets(silent(), { plan, run }, limits, never())
    expect(values).toEqual(['Qg=='])
    expect(how).toMatch(/; not read from mounts on \S+ \(.*: no such container\); read from mounts on \S+$/)
  })

  test.each([
    ['no node runs', host({ [one]: 'exited' }).run, 'no node runs'],
    ['there is no engine', fakeRun(() => ({ exitCode: 1 })).run, 'there is no Docker engine'],
  ])('nowhere, as %s', async (_, run, why) => {
    expect(await knownSecrets(silent(), { plan, run }, limits, never())).toEqual({
      values: [],
      how: `the API server does not tell them (connect ECONNREFUSED); ${why}`,
    })
  })
})

test('an interruption is no reason', async () => {
  const controller = new AbortController()
  const { run } = host(running)
  const cluster = new Promise<ClusterReader>(() => undefined)
  const asking = knownSecrets(cluster, { plan, run }, limits, controller.signal)
  controller.abort(new LabError('interrupted', 'stop'))
  expect(await rejectionOf(asking)).toMatchObject({ code: 'interrupted' })
})
