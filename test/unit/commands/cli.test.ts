import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { main } from '../../../lab/cli.js'

describe('a reader of the output that has gone', () => {
  const listeners = [process.stdout, process.stderr].map(
    (stream) => [stream, stream.listeners('error')] as const,
  )
  beforeEach(() => void vi.spyOn(process.stdout, 'write').mockReturnValue(true))
  afterEach(() => {
    vi.restoreAllMocks()
    process.exitCode = undefined
    for (const [stream, before] of listeners) {
      for (const listener of stream.listeners('error')) {
        if (!before.includes(listener)) stream.off('error', listener as (error: Error) => void)
      }
    }
  })

  it('is passed over, and the exit code stays; other errors are not', async () => {
    await main(['--version'])
    for (const stream of [process.stdout, process.stderr]) {
      for (const code of ['EPIPE', 'EIO'])
        stream.emit('error', Object.assign(new Error(`write ${code}`), { code }))
      const other = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })
      expect(() => stream.emit('error', other)).toThrow('write ENOSPC')
    }
    expect(process.exitCode).toBe(0)
  })
})

describe('what cannot be understood', () => {
  const said: string[] = []
  beforeEach(() => {
    said.length = 0
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    process.exitCode = undefined
  })

  it.each([
    [
      'an option of two lines',
      ['deploy', '--a\nb\u001b[2J'],
      "error: unknown option '--a\\nb\\u001b[2J'\n(see --help)\n",
    ],
    ['a slip', ['deploy', '--yess'], "error: unknown option '--yess'\n(Did you mean --yes?)\n(see --help)\n"],
    [
      'a long command',
      [`x${'y'.repeat(900)}`],
      `error: unknown command 'x${'y'.repeat(274)}…\n(see --help)\n`,
    ],
  ])('is quoted in one line, what was meant in another: %s', async (_, args, expected) => {
    await main(args)
    expect(said.join('')).toBe(expected)
    expect(process.exitCode).toBe(2)
  })

  it.each([
    ['synth', '--output'],
    ['verify', '--junit'],
    ['verify', '--from'],
    ['deploy', '--lab'],
    ['kubectl', '--name'],
  ])('is an option that names nothing: %s %s', async (command, option) => {
    await main([command, `${option}=`])
    expect(said.join('')).toBe(`headless-lab: ${option}: names nothing\n`)
    expect(process.exitCode).toBe(2)
  })

  it('is a folder in the place of a file', async () => {
    await main(['verify', '--from', import.meta.dirname])
    expect(said.join('')).toContain(`headless-lab: ${import.meta.dirname}: it is a folder`)
    expect(process.exitCode).toBe(2)
  })
})
