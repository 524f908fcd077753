import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { DoctorFacts, InotifyFacts } from './facts.js'

/**
 * The limits of inotify, and what a user has taken of them.
 *
 * @param root where the host's files are
 * @param user whose instances are counted. Default: root's, who runs everything in the nodes
 */
export async function readInotify(root = '/', user = 0): Promise<InotifyFacts> {
  const limit = async (name: string): Promise<number> =>
    Number(await readFile(join(root, 'proc/sys/fs/inotify', name), 'utf8'))
  const [maxInstances, maxWatches, instances] = await Promise.all([
    limit('max_user_instances'),
    limit('max_user_watches'),
    instancesTaken(join(root, 'proc'), user),
  ])
  return { maxInstances, maxWatches, instances }
}

/** Open inotify instances of a user's processes. */
async function instancesTaken(proc: string, user: number): Promise<number> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(
    pids.map(async (pid) => {
      const folder = join(proc, pid, 'fd')
      const owner = await stat(join(proc, pid)).catch(() => undefined)
      const names = owner?.uid === user ? await readdir(folder).catch(() => []) : []
      const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')))
      return links.filter((link) => link === 'anon_inode:inotify').length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** @param root where the host's files are */
export async function readMemory(root = '/'): Promise<DoctorFacts['memory']> {
  const text = await readFile(join(root, 'proc/meminfo'), 'utf8')
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return { available: bytes('MemAvailable'), total: bytes('MemTotal') }
}

/**
 * Whether loopback gives a listener a port.
 *
 * @param port Default: one of the system's choice
 */
export function givesPort(port = 0): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
