import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { LabError } from '../errors.js'
import { must, tail, type Run } from './run.js'
import { waitUntil } from './wait.js'

/** `absent`: no dockerd and nothing answers; `stopped`: dockerd is there but does not answer. */
export type EngineState = 'absent' | 'stopped' | 'running'

/** Image that `probePrivileged` makes. */
export const PROBE_IMAGE = 'headless-lab/probe:1'
const START_DEADLINE_MS = 60_000

/**
 * Whether a Docker engine answers, and whether there is one to start.
 *
 * @throws LabError `host.engine-unusable` when one is there that this user may not use
 */
export async function engineState(run: Run): Promise<EngineState> {
  if ((await answers(run)) === undefined) return 'running'
  return (await onPath(run, 'dockerd')) ? 'stopped' : 'absent'
}

/** Whether a command is on the PATH. */
export async function onPath(run: Run, command: string): Promise<boolean> {
  return (await run('sh', ['-c', 'command -v "$1"', 'sh', command])).exitCode === 0
}

/** `undefined` when the engine answers, else why it does not. */
async function answers(run: Run): Promise<string | undefined> {
  try {
    const { exitCode, stderr } = await run('docker', ['version', '--format', '{{.Server.Version}}'])
    if (exitCode !== 0 && /permission denied/i.test(stderr)) {
      throw new LabError('host.engine-unusable', 'you may not use the Docker engine of this host', {
        hint: 'run as root, or join the group docker and log in again',
      })
    }
    return exitCode === 0 ? undefined : tail(stderr, 1)
  } catch (error) {
    if (error instanceof LabError && error.code === 'host.lacks') return error.message
    throw error
  }
}

/**
 * Starts the engine and waits until it answers: by systemd where that runs the host, else as a process of
 * its own that outlives this one and holds none of its streams.
 *
 * @throws LabError `host.engine-unusable` with the tail of the engine's log.
 */
export async function startEngine(run: Run, logFile: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(START_DEADLINE_MS)])
  if (existsSync('/run/systemd/system')) {
    await must(run)('systemctl', ['start', 'docker'], { signal: deadline })
    return waitUntil(() => answers(run), { signal: deadline })
  }
  await removeStalePidFiles()
  await mkdir(dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a')
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log.fd, log.fd] })
  let ended: string | undefined
  daemon.once('error', (error) => (ended = error.message))
  daemon.once('exit', (code) => (ended = `it ended with exit code ${String(code)}`))
  daemon.unref()
  await log.close()
  try {
    await waitUntil(
      async () => {
        const missing = await answers(run)
        if (missing !== undefined && ended !== undefined) throw new Error(ended)
        return missing
      },
      { signal: deadline, everyMs: 200 },
    )
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof Error && ended !== undefined ? error.message : 'it did not answer in 60 s'
    throw new LabError('host.engine-unusable', `the Docker engine could not be started: ${reason}`, {
      details: tail(await readFile(logFile, 'utf8').catch(() => ''), 15),
      hint: `its log is ${logFile}`,
      cause: error,
    })
  }
}

/**
 * A machine that lost its power leaves the engine's pid files; dockerd refuses to start when one names a
 * live process, even one that is no engine.
 */
async function removeStalePidFiles(): Promise<void> {
  const owners = [
    ['/var/run/docker.pid', 'dockerd'],
    ['/var/run/docker/containerd/containerd.pid', 'containerd'],
  ] as const
  for (const [file, owner] of owners) {
    const pid = await readFile(file, 'utf8').catch(() => undefined)
    if (pid === undefined) continue
    const running = await readFile(`/proc/${pid.trim()}/comm`, 'utf8').catch(() => '')
    if (running.trim() !== owner) await rm(file, { force: true })
  }
}

/** Stops an engine that `startEngine` started as a process of its own, and waits for its end. */
export async function stopEngine(run: Run, signal: AbortSignal): Promise<void> {
  if (existsSync('/run/systemd/system')) {
    await must(run)('systemctl', ['stop', 'docker', 'docker.socket'], { signal })
    return
  }
  const pid = Number(await readFile('/var/run/docker.pid', 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid <= 0) return
  const comm = join('/proc', String(pid), 'comm')
  const gone = async (): Promise<boolean> =>
    (await readFile(comm, 'utf8').catch(() => '')).trim() !== 'dockerd'
  if (await gone()) return
  process.kill(pid, 'SIGTERM')
  await waitUntil(async () => ((await gone()) ? undefined : 'the Docker engine to end'), {
    signal,
    everyMs: 100,
  })
}

/**
 * Really starts a privileged container, which is what kind's nodes are: some engines cannot, whatever
 * their version says. The image holds only the host's own `true` and the libraries it is linked with, so
 * no registry is needed.
 *
 * @returns `undefined` when it ran, else the engine's words.
 */
export async function probePrivileged(run: Run, signal: AbortSignal): Promise<string | undefined> {
  if ((await run('docker', ['image', 'inspect', PROBE_IMAGE], { signal })).exitCode !== 0) {
    const folder = await mkdtemp(join(tmpdir(), 'headless-lab-probe-'))
    try {
      const tar = join(folder, 'probe.tar')
      const { stdout } = await run('ldd', ['/bin/true'], { signal })
      const libraries = [...stdout.matchAll(/(\/\S+)\s+\(0x/g)].map((match) => match[1] ?? '')
      const contents = ['/bin/true', ...libraries].map((file) => file.slice(1))
      await must(run)('tar', ['-chf', tar, '-C', '/', ...contents], { signal })
      await must(run)('docker', ['import', tar, PROBE_IMAGE], { signal })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  const labels = ['--label', 'headless-lab.dev/probe=privileged']
  const { exitCode, stderr } = await run(
    'docker',
    ['run', '--rm', '--privileged', '--network', 'none', ...labels, PROBE_IMAGE, '/bin/true'],
    { signal },
  )
  return exitCode === 0 ? undefined : refusalIn(stderr)
}

/** The engine's own words in what `docker run` prints around them. */
export function refusalIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const line = lines.find((text) => text.startsWith('docker: ')) ?? lines.find((text) => text !== '')
  return (line ?? 'it gave no reason').replace(/^docker: (Error response from daemon: )?/, '')
}
