import { describe, expect, it } from 'vitest'
import { expectedContainers, whyNotAlive } from '../../lab/pipeline/steps/containers.js'
import { planOf } from './world.js'

describe('whyNotAlive', () => {
  const expected = ['lab-control-plane', 'lab-worker']
  const container = (name: string, state = 'running') => ({ id: name, name, state, image: 'i' })
  const both = expected.map((name) => container(name))

  it.each([
    ['all there', both, true, undefined],
    ['an extra node, running', [...both, container('lab-db')], true, undefined],
    ['an extra node, exited', [...both, container('lab-db', 'exited')], true, 'lab-db is exited'],
    ['one gone', both.slice(1), true, 'lab-control-plane is not there'],
    ['all gone', [], false, 'lab-control-plane, lab-worker are not there'],
    [
      'one paused',
      [...both.slice(1), container('lab-control-plane', 'paused')],
      true,
      'lab-control-plane is paused',
    ],
    ['never finished', both, false, 'they were never finished'],
  ])('%s', (_, containers, finished, why) => {
    expect(whyNotAlive(containers, expected, finished)).toBe(why)
  })
})

it('a lab has containers for its nodes and for the linux nodes beside them', () => {
  const plan = planOf({ topology: { workers: 1, linuxNodes: [{ name: 'db', image: 'i' }] } })
  expect(expectedContainers(plan)).toEqual(['lab-control-plane', 'lab-worker', 'lab-db'])
})
