import { expect, it } from 'vitest'
import { Engine } from '../../lab/cluster/engine.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { runStep, type Step } from '../../lab/pipeline/step.js'
import { stopNodes, stopStage } from '../../lab/pipeline/stop.js'
import { never } from '../unit/host/fakes.js'
import { makeLab, node } from './world.js'

it('stops what runs or is paused, of this very lab, and forgets what was verified', async () => {
  const { state, world } = await makeLab()
  const states = { 'lab-control-plane': 'running', 'lab-worker': 'paused', 'lab-db': 'exited' }
  for (const [name, is] of Object.entries(states)) world.containers.push(node(name, 'lab', is))
  world.containers.push(node('lab-2-control-plane', 'lab-2'))
  await state.create()
  await state.saveResult({
    schema: 'headless-lab/verify/v1',
    startedAt: '2026-01-01T00:00:00Z',
    checks: [],
  } as unknown as VerifyResult)
  const stopped: string[] = []
  const stage = stopStage({ state }, (signal) => new Engine(world.run, { signal }), stopped) as Step
  expect(await runStep(stage, never(), () => undefined)).toBe('2 stopped')
  expect(world.effects).toEqual([
    'docker unpause id-lab-worker',
    'docker stop -t 45 id-lab-control-plane id-lab-worker',
  ])
  expect(stopped).toEqual(['lab-control-plane', 'lab-worker'])
  expect(await state.lastResult()).toBeUndefined()
  expect((await state.entries()).map(({ event }) => event)).toEqual(['stop-intent', 'stop-done'])
  for (const container of world.containers) container.state = 'exited'
  expect(await runStep(stage, never(), () => undefined)).toBe('none runs')
})

it('says before that it stops them, and not that it has where that fails', async () => {
  const { state, world } = await makeLab()
  world.containers.push(node('lab-control-plane', 'lab'))
  let stopping = false
  const engine = new Engine(async (file, args, options) => {
    if (args[0] !== 'stop') return world.run(file, args, options)
    stopping = await state.isStopping()
    return { exitCode: 1, stdout: '', stderr: 'no' }
  })
  await expect(stopNodes(state, engine)).rejects.toThrow()
  expect([stopping, await state.isStopping()]).toEqual([true, true])
  // Whoever finds them stopped ends it.
  for (const container of world.containers) container.state = 'exited'
  expect(await stopNodes(state, new Engine(world.run))).toEqual([])
  expect(await state.isStopping()).toBe(false)
})
