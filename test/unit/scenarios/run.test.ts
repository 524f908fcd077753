import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { interrupted } from '../../../lab/host/signals.js'
import type { VerifyTarget } from '../../../lab/observe/model/target.js'
import { runScenarios, scenariosNamed } from '../../../lab/scenarios/run.js'
import { defineScenario, type Scenario } from '../../../lab/scenarios/scenario.js'
import type { Stage } from '../../../lab/scenarios/stage.js'
import { healthy, recording } from '../checks/recorded.js'

/** A cluster on which nothing listens: what is run here asks it nothing. */
function nobody(): KubeConfig {
  const kubeconfig = new KubeConfig()
  kubeconfig.loadFromClusterAndUser(
    { name: 'cluster', server: 'https://127.0.0.1:1', skipTLSVerify: true },
    { name: 'nobody' },
  )
  return kubeconfig
}

const target: VerifyTarget = { ...recording(healthy()), kubeconfig: nobody() }

/** A scenario that does what the test says. */
function made(act: (stage: Stage) => Promise<boolean>): Scenario {
  return defineScenario<object, boolean>({
    ...{ name: 'made', title: 'a title', answers: 'none', disrupts: 'nothing', hint: 'The hint.' },
    choose: () => ({}),
    subject: () => ({ kind: 'Pod', namespace: 'default', name: 'one' }),
    act: (_, stage) => act(stage),
    judge: (_, seen) => ({ verdict: seen ? 'pass' : 'fail', expected: {}, observed: {} }),
  })
}

const signal = new AbortController().signal

describe('runScenarios', () => {
  test('takes changes back, the last one first, and has the timeline in the evidence', async () => {
    const taken: string[] = []
    const [result] = await runScenarios(
      target,
      [
        made((stage) => {
          stage.undo('first', () => Promise.resolve(taken.push('first')))
          stage.undo('second', () => Promise.resolve(taken.push('second')))
          stage.timeline.note('it was done')
          return Promise.resolve(true)
        }),
      ],
      { signal },
    )
    expect(taken).toEqual(['second', 'first'])
    expect(result).toMatchObject({
      ...{ id: 'scenario.made', pack: 'scenario', verdict: 'pass' },
      evidence: {
        observed: {
          timeline: [{ what: 'it was done' }, { what: 'restored: second' }, { what: 'restored: first' }],
        },
      },
    })
  })

  test('takes changes back also when it throws; then nothing can be said', async () => {
    let taken = false
    const [result] = await runScenarios(
      target,
      [
        made((stage) => {
          stage.undo('it', () => Promise.resolve((taken = true)))
          return Promise.reject(new Error('the pod is gone'))
        }),
      ],
      { signal },
    )
    expect(taken).toBe(true)
    expect(result).toMatchObject({
      verdict: 'inconclusive',
      hint: 'Could not be judged: the pod is gone.',
    })
  })

  test('fails when something cannot be taken back, whatever was seen', async () => {
    const [result] = await runScenarios(
      target,
      [
        made((stage) => {
          stage.undo('the replicas', () => Promise.reject(new Error('no answer')))
          return Promise.resolve(true)
        }),
      ],
      { signal },
    )
    expect(result).toMatchObject({
      verdict: 'fail',
      hint: 'It could not be restored: the replicas: no answer.',
    })
  })

  test('takes changes back when it is interrupted, and then ends', async () => {
    const controller = new AbortController()
    let taken = false
    const run = runScenarios(
      target,
      [
        made(async (stage) => {
          stage.undo('it', () => Promise.resolve((taken = true)))
          controller.abort(new Error('interrupted'))
          await stage.until('never', 60, () => Promise.resolve(false))
          return true
        }),
      ],
      { signal: controller.signal },
    )
    await expect(run).rejects.toThrow('interrupted')
    expect(taken).toBe(true)
  })

  test('says what could not be taken back when it is interrupted', async () => {
    for (const [undo, said] of [
      [() => Promise.resolve(), 'interrupted in the middle of made; what it changed is taken back'],
      [
        () => Promise.reject(new Error('no answer')),
        'interrupted in the middle of made; this could not be restored: the replicas: no answer',
      ],
    ] as const) {
      const controller = new AbortController()
      const run = runScenarios(
        target,
        [
          made((stage) => {
            stage.undo('the replicas', undo)
            controller.abort(interrupted)
            return Promise.resolve(true)
          }),
        ],
        { signal: controller.signal },
      )
      await expect(run).rejects.toMatchObject({ code: 'interrupted', message: said })
    }
  })

  test('tells what it is done to before it is done', async () => {
    const told: string[] = []
    await runScenarios(target, [made((stage) => Promise.resolve(stage.timeline.note('done') >= 0))], {
      signal,
      onBegin: ({ disrupts }, { name }) => told.push(`${disrupts} ${name}`),
      onMoment: (name, { what }) => told.push(`${name} ${what}`),
    })
    expect(told).toEqual(['nothing one', 'made done'])
  })

  test('skips what does not apply, and says why', async () => {
    const scenario = { ...made(() => Promise.resolve(true)), prepare: () => ({ notHere: 'no pods' }) }
    expect(await runScenarios(target, [scenario], { signal })).toMatchObject([
      { verdict: 'skipped', hint: 'Does not apply: no pods.' },
    ])
  })
})

test('names choose scenarios; another name is bad usage', () => {
  expect(scenariosNamed(['scaled', 'pod-deleted']).map(({ name }) => name)).toEqual(['pod-deleted', 'scaled'])
  expect(() => scenariosNamed(['scale'])).toThrow('--scenario: there is no scale; write one of pod-deleted')
})
