import { describe, expect, it } from 'vitest'
import { expectedContainers, whyMadeAnew, whyNotAlive } from '../../lab/pipeline/steps/containers.js'
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

describe('whyMadeAnew', () => {
  const plan = planOf({ topology: { workers: 0, linuxNodes: [{ name: 'db', image: 'i' }] } })
  const lab = (node: string, db: string) =>
    Object.entries({ 'lab-control-plane': node, 'lab-db': db }).map(([name, state]) => ({
      ...{ id: name, name, image: 'i' },
      state,
    }))

  it.each([
    ['running', 'running', undefined],
    ['running', 'exited', undefined],
    ['running', 'created', undefined],
    ['running', 'paused', undefined],
    ['paused', 'paused', undefined],
    ['paused', 'exited', undefined],
    ['exited', 'running', undefined],
    ['exited', 'exited', undefined],
    ['created', 'running', 'lab-control-plane is created'],
    ['running', 'restarting', undefined],
    // Docker does not start what it was about to remove.
    ['running', 'dead', 'lab-db is dead'],
  ])('the node %s, the linux node %s', (node, db, why) => {
    expect(whyMadeAnew(lab(node, db), plan, true)).toBe(why)
  })

  it('one that was never finished is made anew, and one whose linux node is gone', () => {
    expect(whyMadeAnew(lab('running', 'exited'), plan, false)).toBe('they were never finished')
    expect(whyMadeAnew(lab('running', 'exited').slice(0, 1), plan, true)).toBe('lab-db is not there')
  })
})

it('a lab has containers for its nodes and for the linux nodes beside them', () => {
  const plan = planOf({ topology: { workers: 1, linuxNodes: [{ name: 'db', image: 'i' }] } })
  expect(expectedContainers(plan)).toEqual(['lab-control-plane', 'lab-worker', 'lab-db'])
})
