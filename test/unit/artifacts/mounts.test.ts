import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mountsWithin } from '../../../lab/artifacts/mounts.js'
import { removeCache } from '../../../lab/artifacts/remove-cache.js'
import { remove } from '../../../lab/artifacts/store.js'
import { must, tryRun } from '../../../lab/host/run.js'
import { fakeRun, labErrorOf, never, temporaryFolder } from '../host/fakes.js'
import { files } from './recipes.js'

describe('mountsWithin', () => {
  const mountinfo = [
    '22 27 0:21 / /proc rw,relatime - proc proc rw',
    '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '40 27 0:40 / /cache rw - tmpfs tmpfs rw',
    '41 40 0:41 / /cache/scratch/base rw shared:7 master:1 - tmpfs tmpfs rw',
    String.raw`42 41 0:42 / /cache/scratch/base/a\040b\134c\011d rw - proc proc rw`,
    '43 41 0:43 / /cache/scratch/base/debian/sys rw - sysfs sysfs rw',
    '44 43 0:44 / /cache/scratch/base/debian/sys/fs/cgroup rw - cgroup2 cgroup2 rw',
    '45 40 0:45 / /cache/scratch/base-2/proc rw - proc proc rw',
    '46 27 0:46 / /home/cache/scratch/base/proc rw - proc proc rw',
    '',
  ].join('\n')

  it('gives those at a folder and below it, deepest first, by their real names', () => {
    expect(mountsWithin(mountinfo, '/cache/scratch/base')).toEqual([
      '/cache/scratch/base/debian/sys/fs/cgroup',
      '/cache/scratch/base/debian/sys',
      '/cache/scratch/base/a b\\c\td',
      '/cache/scratch/base',
    ])
  })

  it('gives a mount point as often as something is mounted there', () => {
    const twice = '1 0 0:1 / /cache/proc rw - proc proc rw\n2 1 0:2 / /cache/proc rw - proc proc rw\n'
    expect(mountsWithin(twice, '/cache')).toEqual(['/cache/proc', '/cache/proc'])
  })

  it('is content with none', () => {
    expect(mountsWithin(mountinfo, '/cache/scratch/other')).toEqual([])
    expect(mountsWithin('', '/cache')).toEqual([])
  })
})

/** Mounts something, of which nothing stays after the test, whatever becomes of it. */
async function mount(point: string, ...how: readonly string[]): Promise<void> {
  await mkdir(point, { recursive: true })
  await must(tryRun)('mount', [...how, point])
  onTestFinished(async () => {
    await tryRun('umount', ['--lazy', point])
  })
}

const tmpfs = ['-t', 'tmpfs', 'tmpfs']
const mountsOf = async (folder: string): Promise<string[]> =>
  mountsWithin(await readFile('/proc/self/mountinfo', 'utf8'), folder)

/** Who is not root, and most containers, can mount nothing. */
const canMount = (await tryRun('unshare', ['--mount', 'true'])).exitCode === 0

describe.skipIf(!canMount)('what a build that was killed has left mounted', () => {
  it('is unmounted before its folder is removed', async () => {
    const root = await temporaryFolder()
    const scratch = await files(join(root, 'scratch', 'base k'), { 'out/half': 'half' })
    await mount(join(scratch, 'debian', 'proc'), '-t', 'proc', 'proc')
    await mount(join(scratch, 'debian', 'a b'), ...tmpfs)
    await mount(join(scratch, 'debian', 'a b', 'c'), ...tmpfs)
    await remove(scratch)
    expect(await mountsOf(root)).toEqual([])
    expect(await readdir(join(root, 'scratch'))).toEqual([])
  })

  it('is unmounted where the cache is reached by a symbolic link', async () => {
    const root = await temporaryFolder()
    await mount(join(root, 'disk', 'scratch', 'proc'), '-t', 'proc', 'proc')
    await symlink(join(root, 'disk'), join(root, 'cache'))
    await remove(join(root, 'cache', 'scratch'))
    expect(await mountsOf(root)).toEqual([])
    expect(await readdir(join(root, 'disk'))).toEqual([])
  })

  it('goes with the cache', async () => {
    const cache = join(await temporaryFolder(), 'headless-lab')
    await mount(join(cache, 'scratch', 'base-k', 'debian', 'proc'), ...tmpfs)
    await removeCache(fakeRun(() => '').run, cache, true, { signal: never(), say: () => undefined })
    expect(await mountsOf(cache)).toEqual([])
    expect(existsSync(cache)).toBe(false)
  })
})

describe('what is not ours', () => {
  it('keeps its files and its own mounts where it is mounted in a folder that is removed', async () => {
    const root = await temporaryFolder()
    const theirs = join(root, 'theirs')
    await mount(theirs, ...tmpfs)
    // As on a host with systemd, where a mount is shared with what it is bound to.
    await must(tryRun)('mount', ['--make-shared', theirs])
    await writeFile(join(theirs, 'file'), 'theirs')
    await mount(join(theirs, 'inner'), ...tmpfs)
    await writeFile(join(theirs, 'inner', 'file'), 'theirs')
    await mount(join(root, 'scratch', 'bound'), '--rbind', theirs)
    await remove(join(root, 'scratch'))
    expect(await mountsOf(root)).toEqual([join(theirs, 'inner'), theirs])
    expect(await readdir(theirs)).toEqual(expect.arrayContaining(['file', 'inner']))
    expect(await readdir(join(theirs, 'inner'))).toEqual(['file'])
    expect(existsSync(join(root, 'scratch'))).toBe(false)
  })

  it('is not emptied where it cannot be unmounted: the words of umount say why, and what to do', async () => {
    const root = await temporaryFolder()
    const inUse = join(root, 'scratch', 'in-use')
    await mount(inUse, ...tmpfs)
    await writeFile(join(inUse, 'file'), 'theirs')
    const used = await open(join(inUse, 'file'))
    onTestFinished(() => used.close())
    const error = await labErrorOf(remove(join(root, 'scratch')))
    expect(error).toMatchObject({
      code: 'command.failed',
      message: `umount ${inUse} failed with exit code 32`,
    })
    expect(error.details).toContain('busy')
    expect(error.hint).toContain('run the same command again')
    expect(await readdir(inUse)).toEqual(['file'])
  })

  it('is left where a symbolic link leads to it', async () => {
    const root = await temporaryFolder()
    await mount(join(root, 'theirs', 'disk'), ...tmpfs)
    await symlink(join(root, 'theirs'), join(root, 'scratch'))
    await remove(join(root, 'scratch'))
    expect(await mountsOf(root)).toEqual([join(root, 'theirs', 'disk')])
    expect(await readdir(root)).toEqual(['theirs'])
  })
})
