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
      stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      const other = Object.assign(new Error('write EIO'), { code: 'EIO' })
      expect(() => stream.emit('error', other)).toThrow('write EIO')
    }
    expect(process.exitCode).toBe(0)
  })
})
