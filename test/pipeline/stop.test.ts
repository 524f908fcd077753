import { expect, it } from 'vitest'
import { Engine } from '../../lab/cluster/engine.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { runStep, type Step } from '../../lab/pipeline/step.js'
import { stopStage } from '../../lab/pipeline/stop.js'
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
  for (const container of world.containers) container.state = 'exited'
  expect(await runStep(stage, never(), () => undefined)).toBe('none runs')
})
