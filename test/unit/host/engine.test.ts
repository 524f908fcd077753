import { describe, expect, it } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { engineState, onPath, PROBE_IMAGE, probePrivileged, refusalIn } from '../../../lab/host/engine.js'
import { tryRun } from '../../../lab/host/run.js'
import { fakeRun, linesOf, never } from './fakes.js'

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
    expect(await engineState(run)).toBe(state)
  })

  it('without a docker command', async () => {
    const { run } = fakeRun(({ line }) => (line.startsWith('docker') ? noSuchCommand() : { exitCode: 1 }))
    expect(await engineState(run)).toBe('absent')
  })

  it('does not take an interruption for a stopped engine', async () => {
    const { run } = fakeRun(({ line }) => {
      if (line.startsWith('docker version')) throw new LabError('interrupted', 'interrupted')
      return ''
    })
    await expect(engineState(run)).rejects.toMatchObject({ code: 'interrupted' })
  })
})

describe('onPath', () => {
  it('asks the shell, which every system has', async () => {
    const { run, calls } = fakeRun(({ args }) => ({ exitCode: args.at(-1) === 'docker' ? 0 : 127 }))
    expect([await onPath(run, 'docker'), await onPath(run, 'podman')]).toEqual([true, false])
    expect(calls[0]?.line).toBe('sh -c command -v "$1" sh docker')
  })

  it('finds what is really there', async () => {
    expect(await onPath(tryRun, 'sh')).toBe(true)
    expect(await onPath(tryRun, '/bin/sh')).toBe(true)
    expect(await onPath(tryRun, 'headless-lab-no-such-command')).toBe(false)
  })
})

describe('probePrivileged', () => {
  const answers = (outcome: object) =>
    fakeRun(({ line }) => {
      if (line.startsWith('docker image inspect')) return { exitCode: 1 }
      if (line.startsWith('ldd')) {
        return '\tlinux-vdso.so.1 (0x0)\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n\t/lib64/ld.so (0x0)\n'
      }
      return line.startsWith('docker run') ? outcome : ''
    })

  it('makes the image of the host itself, and really runs it', async () => {
    const { run, calls } = answers({})
    expect(await probePrivileged(run, never())).toBeUndefined()
    const lines = linesOf(calls)
    expect(lines[2]).toMatch(/^tar -chf \S+ -C \/ bin\/true lib\/libc\.so\.6 lib64\/ld\.so$/)
    expect(lines[3]).toMatch(new RegExp(`^docker import \\S+ ${PROBE_IMAGE}$`))
    expect(lines[4]).toMatch(/^docker run --rm --privileged --network none .* \/bin\/true$/)
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
