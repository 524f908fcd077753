import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { ownRun, runOf } from '../../../lab/host/descendants.js'
import {
  engineState,
  onPath,
  PROBE_IMAGE,
  probePrivileged,
  refusalIn,
  startEngine,
} from '../../../lab/host/engine.js'
import { tryRun } from '../../../lab/host/run.js'
import { files } from '../artifacts/recipes.js'
import {
  fakeRun,
  labErrorOf,
  linesOf,
  never,
  rejectionOf,
  temporaryFolder,
  type Answer,
  type Call,
} from './fakes.js'

// Every host of these tests is run by systemd.
vi.mock('node:fs', async (original) => ({ ...(await original<object>()), existsSync: () => true }))
afterEach(() => void vi.useRealTimers())

const noSuchCommand = (): never => {
  throw new LabError('host.lacks', 'the command docker is not there')
}

describe('engineState', () => {
  it.each([
    ['running', '28.1', ''],
    ['stopped', { exitCode: 1, stderr: 'Cannot connect' }, { exitCode: 0 }],
    ['absent', { exitCode: 1, stderr: 'Cannot connect' }, { exitCode: 1 }],
  ])('%s', async (state, version, which) => {
    const { run } = fakeRun(({ line }) => (line.startsWith('docker version') ? version : which))
    expect(await engineState(run, never())).toBe(state)
  })

  it('does not wait for an engine that is mute', async () => {
    vi.useFakeTimers()
    const { run } = fakeRun(() => new Promise(() => undefined))
    const error = labErrorOf(engineState(run, never()))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await error).toMatchObject({
      code: 'host.engine-unusable',
      message: 'the Docker engine does not answer in 10 s',
    })
  })

  it('ends when it is interrupted', async () => {
    const controller = new AbortController()
    const { run } = fakeRun(() => new Promise(() => undefined))
    const error = rejectionOf(engineState(run, controller.signal))
    controller.abort(new LabError('interrupted', 'interrupted'))
    expect(await error).toMatchObject({ code: 'interrupted' })
  })

  it('without a docker command', async () => {
    const { run } = fakeRun(({ line }) => (line.startsWith('docker') ? noSuchCommand() : { exitCode: 1 }))
    expect(await engineState(run, never())).toBe('absent')
  })

  it('does not take an interruption for a stopped engine', async () => {
    const { run } = fakeRun(({ line }) => {
      if (line.startsWith('docker version')) throw new LabError('interrupted', 'interrupted')
      return ''
    })
    await expect(engineState(run, never())).rejects.toMatchObject({ code: 'interrupted' })
  })
})

describe('onPath', () => {
  it('asks the shell, which every system has', async () => {
    const { run, calls } = fakeRun(({ args }) => ({ exitCode: args.at(-1) === 'docker' ? 0 : 127 }))
    expect([await onPath(run, 'docker', never()), await onPath(run, 'podman', never())]).toEqual([
      true,
      false,
    ])
    expect(calls[0]?.line).toBe('sh -c command -v "$1" sh docker')
  })

  it('does not wait for a file system that hangs', async () => {
    vi.useFakeTimers()
    const { run } = fakeRun(() => new Promise(() => undefined))
    const error = labErrorOf(onPath(run, 'go', never()))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await error).toMatchObject({ code: 'command.failed' })
  })

  it('finds what is really there', async () => {
    expect(await onPath(tryRun, 'sh', never())).toBe(true)
    expect(await onPath(tryRun, '/bin/sh', never())).toBe(true)
    expect(await onPath(tryRun, 'headless-lab-no-such-command', never())).toBe(false)
  })
})

describe('startEngine by systemd', () => {
  const start = (answer: (call: Call) => Answer) => startEngine(fakeRun(answer).run, '/nowhere/log', never())

  it('waits until the engine answers', async () => {
    const versions = [{ exitCode: 1 }, { exitCode: 0 }]
    await start(({ line }) => (line === 'systemctl start docker' ? '' : versions.shift()))
    expect(versions).toEqual([])
  })

  it('says so where the service does not start', async () => {
    const error = await labErrorOf(start(() => ({ exitCode: 1, stderr: 'Job for docker.service failed.\n' })))
    expect(error).toMatchObject({ code: 'host.engine-unusable', exitCode: 3 })
    expect(error.message).toBe(
      'the Docker engine could not be started: systemctl start docker failed with exit code 1',
    )
    expect(error.details).toBe('Job for docker.service failed.')
  })

  it('says so where it never answers', async () => {
    vi.useFakeTimers()
    const error = labErrorOf(start(({ line }) => (line.startsWith('systemctl') ? '' : { exitCode: 1 })))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await error).toMatchObject({
      code: 'host.engine-unusable',
      message: 'the Docker engine could not be started: no answer within 60 s',
    })
  })
})

describe('probePrivileged', () => {
  let parts = ''
  beforeEach(async () => {
    const folder = await temporaryFolder()
    vi.stubEnv('XDG_CACHE_HOME', folder)
    parts = join(folder, 'headless-lab', 'scratch', 'probe')
  })
  afterEach(() => void vi.unstubAllEnvs())

  const answers = (outcome: Answer, imported: Answer = '') =>
    fakeRun(({ line }) => {
      if (line.startsWith('docker image inspect')) return { exitCode: 1 }
      if (line.startsWith('ldd')) {
        return '\tlinux-vdso.so.1 (0x0)\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n\t/lib64/ld.so (0x0)\n'
      }
      if (line.startsWith('docker import')) return imported
      return line.startsWith('docker run') ? outcome : ''
    })

  it('makes the image of the host itself, and really runs it', async () => {
    const { run, calls } = answers({})
    expect(await probePrivileged(run, never())).toBeUndefined()
    const lines = linesOf(calls)
    const tar = join(parts, await ownRun(), 'probe.tar')
    expect(lines[2]).toBe(`tar -chf ${tar} -C / bin/true lib/libc.so.6 lib64/ld.so`)
    expect(lines[3]).toBe(`docker import ${tar} ${PROBE_IMAGE}`)
    expect(lines[4]).toMatch(/^docker run --rm --pull never --privileged --network none .* \/bin\/true$/)
  })

  it.each(['', { exitCode: 1, stderr: 'no space left on device\n' }])(
    'leaves nothing of what the image is made of, nor what a run that was killed left: import gives %j',
    async (imported) => {
      // No process has so high an id.
      const killed = await runOf({ pid: 99_999_999, startTime: '1' })
      const alive = await runOf({ pid: process.ppid, startTime: '' })
      for (const run of [killed, alive]) await files(parts, { [`${run}/probe.tar`]: '' })
      await probePrivileged(answers({}, imported).run, never()).catch(() => undefined)
      expect(await readdir(parts)).toEqual([alive])
    },
  )

  it('does not wait for a container that does not come up', async () => {
    vi.useFakeTimers()
    const { run } = fakeRun(({ line }) => (line.startsWith('docker run') ? new Promise(() => undefined) : ''))
    const error = labErrorOf(probePrivileged(run, never()))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await error).toMatchObject({
      code: 'host.engine-unusable',
      message: 'the Docker engine does not answer in 60 s',
    })
  })

  it('gives the words of an engine that refuses', async () => {
    const stderr = 'docker: Error response from daemon: failed to create task: no.\n\nRun docker run --help'
    const { run } = answers({ exitCode: 125, stderr })
    expect(await probePrivileged(run, never())).toBe('failed to create task: no.')
  })

  it('makes the image once', async () => {
    const { run, calls } = fakeRun(() => '')
    await probePrivileged(run, never())
    expect(linesOf(calls).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'docker image',
      'docker run',
    ])
  })
})

describe('refusalIn', () => {
  it.each([
    ['docker: Error response from daemon: OCI runtime create failed.\n', 'OCI runtime create failed.'],
    ['WARNING: something else\ndocker: no such thing.\nSee help.\n', 'no such thing.'],
    ['\n\n  permission denied\n', 'permission denied'],
    ['', 'it gave no reason'],
  ])('%j', (stderr, words) => {
    expect(refusalIn(stderr)).toBe(words)
  })
})
