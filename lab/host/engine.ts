import { spawn } from 'node:child_process'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LabError } from '../errors.js'
import { withDeadline } from './deadline.js'
import { isOver, ownRun, RUN_LABEL } from './descendants.js'
import { cacheDir } from './paths.js'
import { commandLine, must, tail, type Run, type RunResult } from './run.js'
import { waitUntil } from './wait.js'
import { wordsOf } from '../words.js'

/** `absent`: no dockerd and nothing answers; `stopped`: dockerd is there but does not answer. */
export type EngineState = 'absent' | 'stopped' | 'running'

/** Image that `probePrivileged` makes. */
export const PROBE_IMAGE = 'headless-lab/probe:1'
const START_DEADLINE_MS = 60_000
/** How long the host may take for an answer, and the engine for the container of the probe. */
const ANSWER_MS = 10_000
const PROBE_MS = 60_000

/**
 * Whether a Docker engine answers, and whether there is one to start.
 *
 * @throws LabError `host.engine-unusable` when one is there that this user may not use, or that does not answer
 */
export async function engineState(run: Run, signal: AbortSignal): Promise<EngineState> {
  if ((await answers(run, signal)) === undefined) return 'running'
  return (await onPath(run, 'dockerd', signal)) ? 'stopped' : 'absent'
}

/** Whether a command is on the PATH. */
export async function onPath(run: Run, command: string, signal: AbortSignal): Promise<boolean> {
  return (await ask(run, 'sh', ['-c', 'command -v "$1"', 'sh', command], signal)).exitCode === 0
}

/**
 * A question that the host answers at once.
 *
 * @throws LabError `command.failed` when it does not
 */
export async function ask(
  run: Run,
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<RunResult> {
  return inTime(
    ANSWER_MS,
    (ends) => run(file, args, { signal: ends }),
    signal,
    () =>
      new LabError('command.failed', `${commandLine(file, args)} did not end in ${ANSWER_MS / 1000} s`, {
        hint: 'a folder of the PATH may be on a file system that hangs',
      }),
  )
}

/** Runs an effect that ends with the signal, and fails with the given error when it takes too long by itself. */
async function inTime<T>(
  ms: number,
  effect: (ends: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  late: () => LabError,
): Promise<T> {
  let ends: AbortSignal | undefined
  try {
    return await withDeadline(ms, (given) => effect((ends = given)), signal)
  } catch (error) {
    signal.throwIfAborted()
    throw ends?.aborted === true ? late() : error
  }
}

class MuteEngine extends LabError {
  constructor(ms: number) {
    super('host.engine-unusable', `the Docker engine does not answer in ${ms / 1000} s`, {
      hint: 'restart it (its log: journalctl -u docker), then run the same command again',
    })
  }
}

/** `undefined` when the engine answers, else why it does not. */
async function answers(run: Run, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { exitCode, stderr } = await inTime(
      ANSWER_MS,
      (ends) => run('docker', ['version', '--format', '{{.Server.Version}}'], { signal: ends }),
      signal,
      () => new MuteEngine(ANSWER_MS),
    )
    if (exitCode !== 0 && /permission denied/i.test(stderr)) {
      throw new LabError('host.engine-unusable', 'you may not use the Docker engine of this host', {
        hint: 'run the same command as root, for example sudo -E npm run deploy',
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
 * @throws LabError `host.engine-unusable` with what the engine, or systemd, said last.
 */
export async function startEngine(run: Run, logFile: string, signal: AbortSignal): Promise<void> {
  const bySystemd = existsSync('/run/systemd/system')
  try {
    await withDeadline(
      START_DEADLINE_MS,
      (ends) => (bySystemd ? startService(run, ends) : startDaemon(run, logFile, ends)),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof LabError && error.code === 'host.engine-unusable') throw error
    const reason = wordsOf(error)
    const log = bySystemd ? undefined : tail(await readFile(logFile, 'utf8').catch(() => ''), 15)
    const details = error instanceof LabError ? error.details : log
    throw new LabError('host.engine-unusable', `the Docker engine could not be started: ${reason}`, {
      ...(details === undefined ? {} : { details }),
      hint: bySystemd ? 'its log: journalctl -u docker' : `its log is ${logFile}`,
      cause: error,
    })
  }
}

async function startService(run: Run, signal: AbortSignal): Promise<void> {
  await must(run)('systemctl', ['start', 'docker'], { signal })
  await waitUntil(() => stillStarting(run, signal), { signal })
}

async function startDaemon(run: Run, logFile: string, signal: AbortSignal): Promise<void> {
  await removeStalePidFiles()
  await mkdir(dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a')
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log.fd, log.fd] })
  let ended: string | undefined
  daemon.once('error', (error) => (ended = error.message))
  daemon.once('exit', (code) => (ended = `it ended with exit code ${String(code)}`))
  daemon.unref()
  await log.close()
  await waitUntil(
    async () => {
      const missing = await stillStarting(run, signal)
      if (missing !== undefined && ended !== undefined) throw new Error(ended)
      return missing
    },
    { signal, everyMs: 200 },
  )
}

/** As `answers`; an engine that is mute may only be busy with its start. */
async function stillStarting(run: Run, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await answers(run, signal)
  } catch (error) {
    if (error instanceof MuteEngine) return error.message
    throw error
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
  return inTime(
    PROBE_MS,
    (ends) => probe(run, ends),
    signal,
    () => new MuteEngine(PROBE_MS),
  )
}

async function probe(run: Run, signal: AbortSignal): Promise<string | undefined> {
  const { exitCode: hasNone } = await run('docker', ['image', 'inspect', PROBE_IMAGE], { signal })
  if (hasNone !== 0) await makeProbeImage(run, signal)
  const labels = ['--label', `${RUN_LABEL}=${await ownRun()}`]
  const { exitCode, stderr } = await run(
    'docker',
    [
      'run',
      '--rm',
      '--pull',
      'never',
      '--privileged',
      '--network',
      'none',
      ...labels,
      PROBE_IMAGE,
      '/bin/true',
    ],
    { signal },
  )
  return exitCode === 0 ? undefined : refusalIn(stderr)
}

async function makeProbeImage(run: Run, signal: AbortSignal): Promise<void> {
  const folder = await probeFolder()
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

/** A folder of this run, below the cache. Those that runs which were killed could not remove are removed. */
async function probeFolder(): Promise<string> {
  const all = join(cacheDir(), 'scratch', 'probe')
  const own = join(all, await ownRun())
  await mkdir(own, { recursive: true })
  for (const name of await readdir(all)) {
    if (await isOver(name)) await rm(join(all, name), { recursive: true, force: true })
  }
  return own
}

/** The engine's own words in what `docker run` prints around them. */
export function refusalIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const line = lines.find((text) => text.startsWith('docker: ')) ?? lines.find((text) => text !== '')
  return (line ?? 'it gave no reason').replace(/^docker: (Error response from daemon: )?/, '')
}
