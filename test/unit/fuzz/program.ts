import { main } from '../../../lab/cli.js'
import { vi } from 'vitest'

/** What the program did, as whoever ran it sees it. */
export interface Ended {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in this process. */
export async function run(args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text)
      return true
    }),
  )
  const streams = [process.stdout, process.stderr]
  const before = streams.map((stream) => stream.listeners('error'))
  try {
    await main(args)
    return { code: process.exitCode, ...written }
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
    for (const [i, stream] of streams.entries())
      for (const listener of stream.listeners('error'))
        if (before[i]?.includes(listener) !== true) stream.off('error', listener as (error: Error) => void)
  }
}
