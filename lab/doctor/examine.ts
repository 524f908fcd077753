import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { findClashes, nodesNetwork } from '../../topology/index.js'
import { Engine } from '../cluster/engine.js'
import { LabError } from '../errors.js'
import { measureDisk } from '../host/disk.js'
import { probePrivileged } from '../host/engine.js'
import { inspectHost } from '../host/inspect.js'
import { cacheDir } from '../host/paths.js'
import type { Tool } from '../host/requirements.js'
import { must, type Run } from '../host/run.js'
import type { Plan } from '../plan/plan.js'
import { space } from '../plan/space.js'
import type { DoctorFacts, InotifyFacts } from './facts.js'
import { featuresFor, readKernel } from './kernel.js'
import { wordsOf } from '../words.js'

/** What an examination is of. */
export interface Examined {
  readonly plan: Plan
  /** Folder of the lab's state. */
  readonly stateFolder: string
  /** What a deploy would build with; empty where everything is built. */
  readonly tools: readonly Tool[]
  readonly builds: boolean
  /** Whether a container may be started, to see whether the engine can. Default: true. */
  readonly starts?: boolean
}

/** Measures the host. It starts one container, which ends at once, and changes nothing else. */
export async function examine(
  { plan, stateFolder, tools, builds, starts = true }: Examined,
  run: Run,
  signal: AbortSignal,
): Promise<DoctorFacts> {
  const host = await tried(inspectHost(run, signal), signal)
  const facts = 'value' in host ? host.value : undefined
  const engine = facts?.engine === 'running' ? new Engine(run, { signal }) : undefined
  const ask = async <T>(question: Promise<T> | undefined): Promise<T | undefined> => {
    const answer = question === undefined ? undefined : await tried(question, signal)
    return answer !== undefined && 'value' in answer ? answer.value : undefined
  }
  const [about, refusal, labs, containers, networks, kernel, inotify, memory, nameservers, freePort] =
    await Promise.all([
      ask(engine && infoOf(run, signal)),
      ask(starts && engine ? probePrivileged(run, signal).then((words) => words ?? 'started') : undefined),
      ask(engine?.labs()),
      ask(engine?.containers(plan.name)),
      ask(engine?.hostNetworks([nodesNetwork])),
      readKernel(),
      ask(readInotify()),
      readMemory(),
      readNameservers(),
      takesPort(),
    ])
  const running = (containers ?? []).filter(({ state }) => state === 'running').map(({ name }) => name)
  const nodesToMake = plan.nodes.filter((node) => !running.includes(node)).length
  const disks = await measureDisk([
    { folder: cacheDir(), bytes: builds ? space.cache : 0 },
    { folder: homedir(), bytes: tools.includes('go') ? space.goCaches : 0 },
    { folder: stateFolder, bytes: space.state },
    {
      folder: about?.dataRoot ?? '/var/lib/docker',
      bytes: (builds ? space.engineToBuild : 0) + nodesToMake * space.engineOfNode,
    },
  ])
  return {
    ...{ tools, labs, disks, memory, nameservers, freePort, inotify, nodesToMake, host: facts },
    isRoot: process.getuid?.() === 0,
    engine: about,
    ...('value' in host ? {} : { engineTrouble: host.trouble }),
    privileged: refusal === undefined || refusal === 'started' ? refusal : { refusal },
    cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1,
    features: featuresFor(plan.topology, kernel),
    clashes: networks === undefined ? undefined : findClashes(plan.topology, networks),
  }
}

/** What cannot be measured is a finding of its own, and must not keep the others from being told. */
async function tried<T>(
  effect: Promise<T>,
  signal: AbortSignal,
): Promise<{ value: T } | { trouble: { why: string; fix: string } }> {
  try {
    return { value: await effect }
  } catch (error) {
    signal.throwIfAborted()
    const why = wordsOf(error)
    const fix = error instanceof LabError ? error.hint : undefined
    return { trouble: { why, fix: fix ?? 'see its log' } }
  }
}

async function infoOf(
  run: Run,
  signal: AbortSignal,
): Promise<{ version: string; storageDriver: string; dataRoot: string }> {
  const format = '{{.ServerVersion}}\t{{.Driver}}\t{{.DockerRootDir}}'
  const { stdout } = await must(run)('docker', ['info', '--format', format], { signal })
  const [version = '', storageDriver = '', dataRoot = '/'] = stdout.trim().split('\t')
  return { version, storageDriver, dataRoot }
}

async function readInotify(): Promise<InotifyFacts> {
  const limit = async (name: string): Promise<number> =>
    Number(await readFile(`/proc/sys/fs/inotify/${name}`, 'utf8'))
  const [maxInstances, maxWatches, instances] = await Promise.all([
    limit('max_user_instances'),
    limit('max_user_watches'),
    instancesTaken(),
  ])
  return { maxInstances, maxWatches, instances }
}

/** Open inotify instances of root's processes. */
async function instancesTaken(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(
    pids.map(async (pid) => {
      const folder = `/proc/${pid}/fd`
      const owner = await stat(`/proc/${pid}`).catch(() => undefined)
      const names = owner?.uid === 0 ? await readdir(folder).catch(() => []) : []
      const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')))
      return links.filter((link) => link === 'anon_inode:inotify').length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function readMemory(): Promise<DoctorFacts['memory']> {
  const text = await readFile('/proc/meminfo', 'utf8')
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return { available: bytes('MemAvailable'), total: bytes('MemTotal') }
}

async function readNameservers(): Promise<string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
}

/** Whether loopback gives a listener a port of its choice. */
function takesPort(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(0, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
