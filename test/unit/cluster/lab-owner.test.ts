import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { LabOwner } from '../../../lab/cluster/lab-owner.js'
import { LabState } from '../../../lab/cluster/state.js'
import { tryLock } from '../../../lab/host/lock.js'
import { labErrorOf, never, temporaryFolder } from '../host/fakes.js'

interface Folder {
  readonly state: LabState
  readonly owner: LabOwner
}

/** Folders on one host in which a lab of one name may be made. */
async function folders(): Promise<{ here: Folder; there: Folder; notes: string }> {
  const root = await temporaryFolder()
  const notes = join(root, 'cache', 'owners')
  const folder = async (name: string): Promise<Folder> => {
    const state = new LabState('lab', join(root, name, '.lab', 'lab'))
    await state.create()
    return { state, owner: new LabOwner(notes, state) }
  }
  return { here: await folder('here'), there: await folder('there'), notes }
}

it('knows of no other folder where nothing was made, and where this one made it', async () => {
  const { here } = await folders()
  expect(await here.owner.other()).toBeUndefined()
  await here.owner.claim(never())
  expect(await here.owner.other()).toBeUndefined()
})

it('names the folder that made the lab since', async () => {
  const { here, there } = await folders()
  await here.owner.claim(never())
  await there.owner.claim(never())
  expect(await here.owner.other()).toBe(there.state.folder)
  expect(await there.owner.other()).toBeUndefined()
})

it('is of a name only', async () => {
  const { here, notes } = await folders()
  await here.owner.claim(never())
  const other = new LabOwner(notes, { name: 'lab-2', folder: '/elsewhere/.lab/lab-2' })
  expect(await other.other()).toBeUndefined()
  await other.release()
  expect(existsSync(join(notes, 'lab'))).toBe(true)
})

it('passes over a folder that is gone, or was moved, and a note that a crash cut off', async () => {
  const { here, there, notes } = await folders()
  await there.owner.claim(never())
  await rm(there.state.folder, { recursive: true })
  expect(await here.owner.other()).toBeUndefined()
  await writeFile(join(notes, 'lab'), '')
  expect(await here.owner.other()).toBeUndefined()
})

it('lets one of two folders make it while the other one does', async () => {
  const { here, there } = await folders()
  await there.owner.claim(never())
  const release = await tryLock(there.state.lockFile(), 'deploy')
  if (typeof release !== 'function') throw new Error('it is held')
  for (const attempt of [here.owner.mustBeFree(), here.owner.claim(never())]) {
    const error = await labErrorOf(attempt)
    expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
    expect(error.message).toContain(
      `lab lab, made from ${there.state.folder}, is held by process ${process.pid} (deploy`,
    )
  }
  await there.owner.mustBeFree()
  await release()
  await here.owner.mustBeFree()
  await here.owner.claim(never())
})

it('goes to one of those that claim it at the same time', async () => {
  const { here, there } = await folders()
  await Promise.all([tryLock(here.state.lockFile(), 'deploy'), tryLock(there.state.lockFile(), 'deploy')])
  const claims = await Promise.allSettled([here.owner.claim(never()), there.owner.claim(never())])
  expect(claims.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

it('leaves nothing once the lab is gone', async () => {
  const { here, there, notes } = await folders()
  await here.owner.claim(never())
  await there.owner.release()
  expect(existsSync(notes)).toBe(false)
  // Where there never was one.
  await there.owner.release()
  await mkdir(dirname(notes), { recursive: true })
})
