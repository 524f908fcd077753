import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTimeOf } from '../../../lab/host/descendants.js'
import { commandLine, must, tail, tryRun, type RunOptions } from '../../../lab/host/run.js'
import { fakeRun, labErrorOf, never, temporaryFolder } from './fakes.js'
import { programOf, startProgram } from './program.js'

describe('tryRun', () => {
  it('gives exit code and both streams, whatever the exit code', async () => {
    expect(await tryRun('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      exitCode: 3,
      stdout: 'out',
      stderr: 'err',
    })
  })

  it('gives input, environment and folder; without input there is none', async () => {
    const cwd = await temporaryFolder()
    const { stdout } = await tryRun('sh', ['-c', 'cat; echo "$GREETING"; pwd'], {
      input: 'typed\n',
      env: { GREETING: 'hello' },
      cwd,
    })
    expect(stdout.split('\n').slice(0, 2)).toEqual(['typed', 'hello'])
    expect(stdout).toContain(cwd)
    expect((await tryRun('cat', [])).stdout).toBe('')
  })

  it('passes words as they are: no shell', async () => {
    expect((await tryRun('printf', ['%s', '$HOME; *'])).stdout).toBe('$HOME; *')
  })

  it('says that a command is not there', async () => {
    const error = await labErrorOf(tryRun('headless-lab-no-such-command', []))
    expect(error).toMatchObject({ code: 'host.lacks', exitCode: 3 })
    expect(error.message).toContain('headless-lab-no-such-command')
  })

  it('appends command and output to the log', async () => {
    const log = join(await temporaryFolder(), 'a.log')
    await tryRun('sh', ['-c', 'echo out; echo err >&2'], { log })
    await tryRun('echo', ['again'], { log })
    const text = await readFile(log, 'utf8')
    expect(text).toContain('$ sh -c')
    expect(text).toMatch(/^out$/m)
    expect(text).toMatch(/^err$/m)
    expect(text).toMatch(/\$ echo again\nagain\n$/)
  })

  it('starts nothing once aborted', async () => {
    const log = join(await temporaryFolder(), 'a.log')
    const signal = AbortSignal.abort(new Error('interrupted'))
    await expect(tryRun('true', [], { signal, log })).rejects.toThrow('interrupted')
    await expect(readFile(log)).rejects.toThrow('ENOENT')
  })

  /** Whether any process of the group is left; a zombie that nobody has waited for yet is none. */
  const groupIsThere = async (leader: number): Promise<boolean> => {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const stats = await Promise.all(
      processes.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
    )
    return stats.some((stat) => {
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(group) === leader && state !== 'Z'
    })
  }

  /** Aborts a script once it has printed its process id; gives that, and what came of it. */
  async function abortWhenBegun(
    script: string,
    options: RunOptions = {},
  ): Promise<{ leader: number; error: unknown }> {
    const log = join(await temporaryFolder(), 'begun.log')
    const controller = new AbortController()
    const ended = tryRun('bash', ['-c', script], { signal: controller.signal, log, ...options }).catch(
      (error: unknown) => error,
    )
    const leader = await vi.waitFor(async () => {
      const printed = /^\d+$/m.exec(await readFile(log, 'utf8'))
      expect(printed).not.toBeNull()
      return Number(printed?.[0])
    })
    controller.abort(new Error('interrupted'))
    return { leader, error: await ended }
  }

  it('ends grandchildren too when aborted', async () => {
    const { leader, error } = await abortWhenBegun('sleep 1000 & echo $$; wait')
    expect(error).toEqual(new Error('interrupted'))
    expect(leader).toBeGreaterThan(1)
    await vi.waitFor(async () => expect(await groupIsThere(leader)).toBe(false))
  }, 20_000)

  it('leaves no grandchild that outlives its parent and holds none of its streams', async () => {
    // The leader speaks only once its child ignores SIGTERM.
    const child = 'trap "" TERM; echo ready >ready; exec sleep 1000 >/dev/null 2>&1'
    const { leader } = await abortWhenBegun(
      `cd ${await temporaryFolder()}; mkfifo ready; (${child}) & read word <ready; echo $$; wait`,
    )
    expect(leader).toBeGreaterThan(1)
    await vi.waitFor(async () => expect(await groupIsThere(leader)).toBe(false))
  }, 20_000)

  it('kills a command whose own clean-up is not wanted, and what it started', async () => {
    const folder = await temporaryFolder()
    const script = `cd ${folder}; trap 'touch cleaned' TERM; (trap 'touch cleaned' TERM; sleep 1000) & echo $$; wait`
    const { leader } = await abortWhenBegun(script, { killAtOnce: true })
    expect(leader).toBeGreaterThan(1)
    await vi.waitFor(async () => expect(await groupIsThere(leader)).toBe(false))
    expect(await readdir(folder)).toEqual([])
  }, 20_000)

  it('leaves an unaborted command its time', async () => {
    expect((await tryRun('true', [], { signal: never() })).exitCode).toBe(0)
  })
})

it('a program that ends leaves no command behind, but for those that are to go on', async () => {
  const folder = await programOf(
    ['run', 'descendants', 'wait', 'deadline', 'error-code'],
    `import { tryRun } from './host/run.js'
     void tryRun('sh', ['-c', 'echo $$ > gone; sleep 1000'])
     void tryRun('sh', ['-c', 'echo $$ > stays; sleep 1000'], { outlives: true })
     process.stdin.resume()
     const { existsSync } = await import('node:fs')
     while (!existsSync('gone') || !existsSync('stays')) await new Promise((next) => setImmediate(next))
     process.exit(0)`,
  )
  const [code] = (await once(startProgram(folder), 'exit')) as [number]
  expect(code).toBe(0)
  const pid = async (name: string): Promise<number> => Number(await readFile(join(folder, name), 'utf8'))
  const [gone, stays] = [await pid('gone'), await pid('stays')]
  onTestFinished(() => void process.kill(-stays, 'SIGKILL'))
  await vi.waitFor(async () => expect([undefined, 'ended']).toContain(await startTimeOf(gone)))
  expect(await startTimeOf(stays)).toMatch(/^\d+$/)
})

describe('must', () => {
  it('passes on what succeeds', async () => {
    const { run } = fakeRun(() => 'fine')
    expect((await must(run)('x', [])).stdout).toBe('fine')
  })

  it('tells command, exit code, the end of the errors and the log', async () => {
    const stderr = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n')
    const { run } = fakeRun(() => ({ exitCode: 7, stdout: 'no', stderr }))
    const error = await labErrorOf(must(run)('go', ['build', 'a b'], { log: '/nowhere/go.log' }))
    expect(error).toMatchObject({ code: 'command.failed', exitCode: 4 })
    expect(error.message).toBe("go build 'a b' failed with exit code 7")
    expect(error.details?.split('\n')).toHaveLength(20)
    expect(error.details).toContain('line 29')
    expect(error.hint).toContain('/nowhere/go.log')
  })

  it('tells the output where there are no errors', async () => {
    const { run } = fakeRun(() => ({ exitCode: 1, stdout: 'said on stdout\n', stderr: ' \n' }))
    expect((await labErrorOf(must(run)('x', []))).details).toBe('said on stdout')
  })

  it('says what to do where no log tells more', async () => {
    const { run } = fakeRun(() => ({ exitCode: 1, stderr: 'volume is in use\n' }))
    expect((await labErrorOf(must(run)('docker', ['volume', 'rm', 'x']))).hint).toBe(
      'run the same command again; if it fails again, mend what docker says',
    )
  })
})

it('tail and commandLine', () => {
  expect(tail('a\nb\nc\n\n', 2)).toBe('b\nc')
  expect(commandLine('docker', ['ps', '{{.ID}}'])).toBe("docker ps '{{.ID}}'")
  expect(commandLine('x', ['y'.repeat(300)])).toHaveLength(158)
})
