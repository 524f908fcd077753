import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { holderOf, lock, lockedBy, tryLock, type LockOwner, type Release } from '../../../lab/host/lock.js'
import { never, temporaryFolder } from './fakes.js'
import { programOf, startProgram } from './program.js'

/** Greater than any process id Linux gives (PID_MAX_LIMIT is 4194304). */
const NOBODY = 5_000_000

const lockFile = async (): Promise<string> => join(await temporaryFolder(), 'locks', 'lab.lock')

async function held(file: string, owner: Partial<LockOwner>): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true })
  const whole = {
    pid: process.pid,
    startTime: '',
    since: '2026-01-01T00:00:00Z',
    purpose: 'deploy',
    ...owner,
  }
  await writeFile(file, JSON.stringify(whole))
}

function taken(got: Release | LockOwner): Release {
  if (typeof got !== 'function') throw new Error(`held by ${JSON.stringify(got)}`)
  return got
}

describe('tryLock', () => {
  it('takes a free lock, refuses it to a second one, and gives it back', async () => {
    const file = await lockFile()
    const release = taken(await tryLock(file, 'deploy'))
    expect(await tryLock(file, 'teardown')).toMatchObject({ pid: process.pid, purpose: 'deploy' })
    await release()
    await taken(await tryLock(file, 'teardown'))()
    expect(await readdir(join(file, '..'))).toEqual([])
  })

  it('goes to exactly one of many contenders of one process', async () => {
    const file = await lockFile()
    const got = await Promise.all(Array.from({ length: 12 }, () => tryLock(file, 'deploy')))
    expect(got.filter((one) => typeof one === 'function')).toHaveLength(1)
  })

  it('is taken over from the dead', async () => {
    const file = await lockFile()
    // Many at once and many times: who comes late must not remove the lock that another has taken meanwhile.
    for (let round = 0; round < 10; round++) {
      await held(file, { pid: NOBODY, since: `2026-01-01T00:00:0${round}Z` })
      const got = await Promise.all(Array.from({ length: 30 }, () => tryLock(file, 'deploy')))
      expect(got.filter((one) => typeof one === 'function')).toHaveLength(1)
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid })
    }
    expect(await readdir(join(file, '..'))).toEqual(['lab.lock'])
  })

  it('is not taken over from a process of another namespace, of which nothing is known', async () => {
    const file = await lockFile()
    const owner = { pid: NOBODY, namespace: 'pid:[1]', since: '2026-01-01T00:00:00Z', purpose: 'deploy' }
    await held(file, owner)
    expect(await tryLock(file, 'teardown')).toMatchObject(owner)
    expect(await holderOf(file)).toMatchObject(owner)
    const { message, hint } = await lockedBy('lab lab', file, { ...owner, startTime: '' })
    expect(message).toBe(`lab lab is held by process ${NOBODY} (deploy, since 2026-01-01T00:00:00Z)`)
    expect(hint).toMatch(new RegExp(`if it is gone, .* remove ${file}$`))
    expect((await lockedBy('lab lab', file, { ...owner, startTime: '', namespace: '' })).hint).not.toContain(
      file,
    )
  })

  it('is held by nobody where it is free, or of the dead', async () => {
    const file = await lockFile()
    expect(await holderOf(file)).toBeUndefined()
    await held(file, { pid: NOBODY })
    expect(await holderOf(file)).toBeUndefined()
    await held(file, {})
    expect(await holderOf(file)).toMatchObject({ pid: process.pid })
  })

  it('leaves nothing behind of processes that were killed while they took it', async () => {
    const file = await lockFile()
    await held(file, { pid: NOBODY })
    // One that had not written it yet, one that had, and one that was removing the file of another.
    await writeFile(`${file}.${NOBODY}.abc`, '')
    await held(`${file}.${NOBODY}.def`, { pid: NOBODY })
    await held(`${file}.0123456789abcdef`, { pid: NOBODY })
    // Somebody who waits for it lives.
    await writeFile(`${file}.${process.pid}.abc`, '')
    await taken(await tryLock(file, 'teardown'))()
    expect(await readdir(join(file, '..'))).toEqual([`lab.lock.${process.pid}.abc`])
  })

  it('is taken over where the process id was given to another process', async () => {
    const file = await lockFile()
    await held(file, { pid: process.pid, startTime: '1' })
    taken(await tryLock(file, 'deploy'))
  })

  it('is not taken over from a live process whose start time is not known', async () => {
    const file = await lockFile()
    await held(file, { pid: process.pid, startTime: '' })
    expect(await tryLock(file, 'deploy')).toMatchObject({ pid: process.pid })
  })

  it('is not taken over from a live process', async () => {
    const file = await lockFile()
    const stat = await readFile('/proc/1/stat', 'utf8')
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    await held(file, { pid: 1, startTime, purpose: 'verify' })
    expect(await tryLock(file, 'deploy')).toMatchObject({ pid: 1, purpose: 'verify' })
  })

  it.each(['', '{"pid": 12', 'not JSON'])('is taken over from a file that says %j', async (content) => {
    const file = await lockFile()
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, content)
    taken(await tryLock(file, 'deploy'))
  })
})

describe('lock', () => {
  it('waits, tells for whom, and gets it', async () => {
    const file = await lockFile()
    const release = taken(await tryLock(file, 'building redis'))
    const told: string[] = []
    const got = await lock(file, 'building nginx', {
      signal: never(),
      onWaiting: (what) => {
        told.push(what)
        void release()
      },
    })
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(new RegExp(`^process ${process.pid}, which began building redis at 20`))
    await got()
  })

  it('ends its wait when aborted, and leaves the lock to its owner', async () => {
    const file = await lockFile()
    taken(await tryLock(file, 'deploy'))
    const controller = new AbortController()
    const wait = lock(file, 'deploy', {
      signal: controller.signal,
      onWaiting: () => controller.abort(new Error('interrupted')),
    })
    await expect(wait).rejects.toThrow('interrupted')
    expect(await readdir(join(file, '..'))).toEqual(['lab.lock'])
  })
})

describe('between processes', () => {
  const program = (main: string): Promise<string> =>
    programOf(
      ['lock', 'descendants', 'wait', 'deadline', 'not-found', 'error-code'],
      `import { tryLock } from './host/lock.js'\n${main}`,
    )

  it('one at a time holds it, also over the lock of a dead one', async () => {
    const folder = await program(`
      import { readFile, writeFile } from 'node:fs/promises'
      for (let round = 0; round < 10; ) {
        const got = await tryLock('lab.lock', 'counting')
        if (typeof got !== 'function') continue
        await writeFile('count', String(Number(await readFile('count', 'utf8')) + 1))
        await got()
        round++
      }`)
    await writeFile(join(folder, 'count'), '0')
    await held(join(folder, 'lab.lock'), { pid: NOBODY })
    const children = Array.from({ length: 3 }, () => startProgram(folder))
    expect(
      (await Promise.all(children.map((child) => once(child, 'exit')))).map(([code]) => code as number),
    ).toEqual([0, 0, 0])
    expect(await readFile(join(folder, 'count'), 'utf8')).toBe('30')
  }, 30_000)

  it('is held by a live one, and free once that was killed', async () => {
    const folder = await program(`
      await tryLock('lab.lock', 'deploy')
      console.log('held')
      setInterval(() => undefined, 1000)`)
    const file = join(folder, 'lab.lock')
    const child = startProgram(folder)
    if (child.stdout) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    expect(await tryLock(file, 'teardown')).toMatchObject({ pid: child.pid, purpose: 'deploy' })
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    taken(await tryLock(file, 'teardown'))
  }, 30_000)
})
