import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import {
  endDescendants,
  markOf,
  runOf,
  self,
  startTimeOf,
  type ProcessIdentity,
} from '../../../lab/host/descendants.js'
import { tryLock } from '../../../lab/host/lock.js'
import { tryRun } from '../../../lab/host/run.js'
import { temporaryFolder } from './fakes.js'

/** Greater than any process id Linux gives (PID_MAX_LIMIT is 4194304). */
const dead: ProcessIdentity = { pid: 5_000_001, startTime: '7' }

/** A process that the given one started, and that has left its group. */
async function startedBy(owner: ProcessIdentity): Promise<{ pid: number; gone: () => Promise<boolean> }> {
  const env = { ...process.env, ...markOf(await runOf(owner)) }
  // The shell stays, so that it is a grandchild of the marked process that is looked for, too.
  const child = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // As it should be.
    }
  })
  const [printed] = (await once(child.stdout, 'data')) as [Buffer]
  const grandchild = Number(printed.toString())
  const isGone = async (pid: number): Promise<boolean> => {
    const startTime = await startTimeOf(pid)
    return startTime === undefined || startTime === 'ended'
  }
  return { pid: grandchild, gone: async () => (await isGone(grandchild)) && isGone(child.pid ?? 0) }
}

it('ends all that a dead run has left, and nothing of others', async () => {
  const ours = await startedBy(dead)
  const others = await Promise.all([
    startedBy({ ...dead, startTime: '70' }),
    startedBy({ ...dead, pid: 500_000 }),
    startedBy(await self()),
  ])
  await endDescendants(dead)
  expect(await ours.gone()).toBe(true)
  expect(await Promise.all(others.map(({ gone }) => gone()))).toEqual([false, false, false])
})

it('knows where there is nothing to end', async () => {
  await expect(endDescendants({ pid: 5_000_002, startTime: '7' })).resolves.toBeUndefined()
})

it('whoever takes over the lock of a dead run ends what that has left', async () => {
  const file = join(await temporaryFolder(), 'lab.lock')
  const left = await startedBy(dead)
  await writeFile(file, JSON.stringify({ ...dead, since: '2026-01-01T00:00:00Z', purpose: 'deploy' }))
  const release = await tryLock(file, 'teardown')
  expect(await left.gone()).toBe(true)
  if (typeof release === 'function') await release()
})

it('commands carry the mark of this run, but for those that outlive it', async () => {
  const [[name, value] = ['', '']] = Object.entries(markOf(await runOf(await self())))
  const script = ['-c', `printf %s "$${name}"`]
  expect((await tryRun('sh', script)).stdout).toBe(value)
  expect((await tryRun('sh', script, { env: { GREETING: 'hello' } })).stdout).toBe(value)
  expect((await tryRun('sh', script, { outlives: true })).stdout).toBe('')
  expect(value).toContain(
    `${process.pid} ${(await readFile('/proc/self/stat', 'utf8')).split(' ')[21] ?? ''}`,
  )
})
