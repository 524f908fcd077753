import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { givesPort, readInotify, readMemory } from '../../../lab/doctor/measure.js'
import { temporaryFolder } from '../host/fakes.js'

const user = process.getuid?.() ?? 0

describe('inotify', () => {
  test('has its limits, and the open instances of all processes of a user', async () => {
    const root = await temporaryFolder()
    const limits = join(root, 'proc/sys/fs/inotify')
    await mkdir(limits, { recursive: true })
    await writeFile(join(limits, 'max_user_instances'), '128\n')
    await writeFile(join(limits, 'max_user_watches'), '65536\n')
    const open = {
      '1': ['anon_inode:inotify', '/dev/null', 'anon_inode:inotify'],
      '27': ['anon_inode:[eventpoll]', 'anon_inode:inotify'],
      // No process.
      self: ['anon_inode:inotify'],
    }
    for (const [pid, links] of Object.entries(open)) {
      await mkdir(join(root, 'proc', pid, 'fd'), { recursive: true })
      for (const [fd, link] of links.entries()) await symlink(link, join(root, 'proc', pid, 'fd', String(fd)))
    }
    expect(await readInotify(root, user)).toEqual({ maxInstances: 128, maxWatches: 65_536, instances: 3 })
    expect(await readInotify(root, user + 1)).toMatchObject({ instances: 0 })
  })

  test('counts what a process of this host really has', async () => {
    // Another one of its own: what this process has is its test runner's.
    const script = "require('node:fs').watch('/', () => {}); console.log('watching')"
    const watcher = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void watcher.kill())
    await once(watcher.stdout, 'data')
    const { maxInstances, maxWatches, instances } = await readInotify('/', user)
    for (const number of [maxInstances, maxWatches, instances]) expect(number).toBeGreaterThan(0)
  })
})

describe('memory', () => {
  test('is what is available, not what is free or there', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'proc'))
    const lines = ['MemTotal:       4000 kB', 'MemFree:        1000 kB', 'MemAvailable:   3000 kB']
    await writeFile(join(root, 'proc/meminfo'), `${lines.join('\n')}\n`)
    expect(await readMemory(root)).toEqual({ available: 3000 * 1024, total: 4000 * 1024 })
  })

  test('of this host is what the system tells', async () => {
    const { available, total } = await readMemory()
    expect(total).toBe(totalmem())
    expect(available).toBeGreaterThan(0)
    expect(available).toBeLessThan(total)
  })
})

test('a port is given, and one that somebody listens on is not', async () => {
  expect(await givesPort()).toBe(true)
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  expect(await givesPort((server.address() as AddressInfo).port)).toBe(false)
})
