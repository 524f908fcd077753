import { existsSync } from 'node:fs'
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { LabOwner } from '../../../lab/cluster/lab-owner.js'
import { LabState } from '../../../lab/cluster/state.js'
import { tryLock } from '../../../lab/host/lock.js'
import { labErrorOf, waiting, temporaryFolder } from '../host/fakes.js'

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
  await here.owner.claim(waiting())
  expect(await here.owner.other()).toBeUndefined()
})

it('names the folder that made the lab since', async () => {
  const { here, there } = await folders()
  await here.owner.claim(waiting())
  await there.owner.claim(waiting())
  expect((await here.owner.other())?.folder).toBe(there.state.folder)
  expect(await there.owner.other()).toBeUndefined()
})

it('is of a name only', async () => {
  const { here, notes } = await folders()
  await here.owner.claim(waiting())
  const other = new LabOwner(notes, { name: 'lab-2', folder: '/elsewhere/.lab/lab-2' })
  expect(await other.other()).toBeUndefined()
  await other.release(waiting())
  expect(existsSync(join(notes, 'lab'))).toBe(true)
})

it('passes over a folder that is gone, or was moved, and a note that a crash cut off', async () => {
  const { here, there, notes } = await folders()
  await there.owner.claim(waiting())
  await rm(there.state.folder, { recursive: true })
  expect(await here.owner.other()).toBeUndefined()
  await writeFile(join(notes, 'lab'), '')
  expect(await here.owner.other()).toBeUndefined()
})

it('is its own by whatever path', async () => {
  const { here, notes } = await folders()
  await here.owner.claim(waiting())
  const moved = `${dirname(dirname(here.state.folder))}-moved`
  await rename(dirname(dirname(here.state.folder)), moved)
  await symlink(moved, dirname(dirname(here.state.folder)))
  const state = new LabState('lab', join(moved, '.lab', 'lab'))
  expect(await new LabOwner(notes, state).other()).toBeUndefined()
})

/** Another run holds a lab: that of the process which started this one. */
async function held({ state }: Folder): Promise<() => Promise<void>> {
  const owner = { pid: process.ppid, startTime: '', since: '2026-01-01T00:00:00Z', purpose: 'deploy' }
  await writeFile(state.lockFile(), JSON.stringify(owner))
  return () => rm(state.lockFile())
}

it('lets one of two folders make it, or say that it is gone, while the other one does', async () => {
  const { here, there, notes } = await folders()
  await there.owner.claim(waiting())
  const release = await held(there)
  const { owner } = here
  const attempts = [() => owner.mustBeFree(), () => owner.claim(waiting()), () => owner.release(waiting())]
  for (const attempt of attempts) {
    const error = await labErrorOf(attempt())
    expect(error).toMatchObject({ code: 'lab.locked', exitCode: 5 })
    expect(error.message).toContain(
      `lab lab, made from ${there.state.folder}, is held by process ${process.ppid} (deploy`,
    )
  }
  expect(await readFile(join(notes, 'lab'), 'utf8')).toBe(there.state.folder)
  await there.owner.mustBeFree()
  await release()
  await here.owner.mustBeFree()
  await here.owner.claim(waiting())
})

it('is free for the run that holds both', async () => {
  const { here, there } = await folders()
  await there.owner.claim(waiting())
  await tryLock(there.state.lockFile(), 'teardown')
  await here.owner.mustBeFree()
  await here.owner.release(waiting())
  expect(await there.owner.other()).toBeUndefined()
})

it('leaves nothing once the lab is gone', async () => {
  const { here, there, notes } = await folders()
  await here.owner.claim(waiting())
  await there.owner.release(waiting())
  expect(existsSync(notes)).toBe(false)
  // Where there never was one.
  await there.owner.release(waiting())
})
