import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** Root of the checkout. */
export const root = join(import.meta.dirname, '..', '..')

/** The lab of these tests; never the default one, which may be a person's. */
export const LAB = 'headless-e2e'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The program, running. */
export interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<Ended>
}

/** Starts the program as its users do. Progress is shown as it comes, so that a long run can be followed. */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = root,
): Started {
  const child = spawn(process.execPath, [join(root, 'scripts', 'headless-lab.mjs'), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  child.stderr.pipe(process.stderr, { end: false })
  const ended = outcome(child)
  return { child, ended }
}

/** Runs the program on the lab of these tests. */
export const lab = (command: string, ...args: string[]): Promise<Ended> =>
  start([command, '--name', LAB, ...args]).ended

/** Runs any other command to its end. */
export function command(file: string, ...args: string[]): Promise<Ended> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return outcome(child)
}

async function outcome(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve)
    // There is no such command: on a new machine the tests begin before docker is there.
    child.on('error', () => resolve(127))
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
