import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { LabOwner } from '../../../lab/cluster/lab-owner.js'
import { LabState } from '../../../lab/cluster/state.js'
import { holding, mustBeThere, openLab, type Lab } from '../../../lab/commands/context.js'
import { labErrorOf, temporaryFolder, waiting } from '../host/fakes.js'

async function labOf(): Promise<Lab> {
  const { plan } = await openLab({ name: 'lab' })
  const folder = await temporaryFolder()
  const state = new LabState('lab', join(folder, '.lab', 'lab'))
  return { plan, state, owner: new LabOwner(join(folder, 'owners'), state) }
}

it('opens the default lab, and the one that is named', async () => {
  expect((await openLab({})).plan.name).toBe('headless-services')
  const { plan, state } = await openLab({ name: 'mine' })
  expect([plan.name, state.name, state.folder.endsWith(join('.lab', 'mine'))]).toEqual(['mine', 'mine', true])
})

it('writes nothing when it opens a lab', async () => {
  const { state } = await openLab({ name: 'never-made' })
  expect(existsSync(state.folder)).toBe(false)
})

it('holds the lab during an action, and says to others who does', async () => {
  const lab = await labOf()
  const result = await holding(lab, 'deploy', async () => {
    const error = await labErrorOf(holding(lab, 'teardown', () => Promise.resolve('never')))
    expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5, retry: true })
    expect(error.message).toMatch(new RegExp(`^lab lab is held by process ${process.pid} \\(deploy, since `))
    return 'done'
  })
  expect(result).toBe('done')
  expect(await holding(lab, 'teardown', () => Promise.resolve('free'))).toBe('free')
})

it('holds it in the folder that it was made from, too, and is refused while a run there holds it', async () => {
  const here = await labOf()
  const made = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
  await made.create()
  const notes = join(dirname(dirname(here.state.folder)), 'owners')
  const there: Lab = { plan: here.plan, state: made, owner: new LabOwner(notes, made) }
  await there.owner.claim(waiting())
  await holding(here, 'teardown', async () => {
    const error = await labErrorOf(holding(there, 'deploy', () => Promise.resolve('never')))
    expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
    expect(error.message).toContain('(teardown, since ')
  })
  await holding(there, 'deploy', async () => {
    const error = await labErrorOf(holding(here, 'teardown', () => Promise.resolve('never')))
    expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
    expect(error.message).toContain(`lab lab, made from ${made.folder}, is held by process ${process.pid}`)
  })
  // Both are free again.
  expect(await holding(here, 'teardown', () => Promise.resolve('free'))).toBe('free')
  expect(await holding(there, 'deploy', () => Promise.resolve('free'))).toBe('free')
})

it('says that a lab was made anew from another folder, and which', async () => {
  const here = await labOf()
  const made = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
  await made.create()
  await new LabOwner(join(dirname(dirname(here.state.folder)), 'owners'), made).claim(waiting())
  const error = await labErrorOf(mustBeThere(here))
  expect(error).toMatchObject({ code: 'lab.absent', exitCode: 2 })
  expect(error.message).toContain(made.folder)
})

it('gives the lab back after a failure', async () => {
  const lab = await labOf()
  await expect(holding(lab, 'deploy', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await holding(lab, 'deploy', () => Promise.resolve('free'))).toBe('free')
})

it('says that there is no lab, also of one that was not made to the end', async () => {
  const lab = await labOf()
  const absent = async (): Promise<void> => {
    const error = await labErrorOf(mustBeThere(lab))
    expect(error).toMatchObject({ code: 'lab.absent', exitCode: 2 })
    expect(error.hint).toContain('npm run deploy')
  }
  await absent()
  await lab.state.journal({ event: 'nodes-intent' })
  await lab.state.write('kubeconfig', 'x')
  await absent()
  const record = {
    schema: 'headless-lab/state/v1',
    name: 'lab',
    topologyDigest: 'd',
    nodeImage: 'i',
    containerlab: 'c',
    createdAt: '2026-01-01T00:00:00Z',
  } as const
  await lab.state.journal({ event: 'nodes-done', record })
  await mustBeThere(lab)
})
