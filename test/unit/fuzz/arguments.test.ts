import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { argumentList, FILES, outputsOf, staysInside } from './arguments.js'
import { CASES, holds } from './cases.js'
import { run, type Ended } from './program.js'

// The host of these tests has no command at all, and no cluster answers: whatever is typed changes nothing there.
vi.mock('../../../lab/host/run.js', async (original) => ({
  ...(await original<object>()),
  tryRun: (file: string) => Promise.reject(new LabError('host.lacks', `the command ${file} is not there`)),
}))
// What can be built is looked up in many files, and is not what is asked here.
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () => Promise.reject(new LabError('artifact.absent', 'nothing is built')),
}))
vi.mock('node:child_process', async (original) => ({
  ...(await original<object>()),
  spawn: () => {
    throw new Error('nothing is started')
  },
}))
vi.mock('../../../lab/observe/any-cluster.js', async (original) => ({
  ...(await original<object>()),
  withCluster: () => Promise.reject(new LabError('cluster.unreachable', 'the cluster does not answer')),
}))

const RECORDING = join(import.meta.dirname, '..', '..', 'fixtures', 'observations', 'default-lab.json.gz')
const MINUTE = 60_000

const before = { cwd: process.cwd(), env: { ...process.env } }
let root = ''
let cwd = ''
let there: ReadonlySet<string> = new Set()
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'headless-lab-fuzz-')))
  cwd = join(root, 'a', 'b', 'c')
  mkdirSync(cwd, { recursive: true })
  process.chdir(cwd)
  const home = join(root, 'home')
  Object.assign(process.env, {
    HOME: home,
    XDG_CACHE_HOME: join(root, 'cache'),
    KUBECONFIG: join(home, 'none'),
  })
  delete process.env['CDK8S_OUTDIR']
  prepare()
  there = new Set(below())
})
afterAll(() => {
  process.chdir(before.cwd)
  process.env = before.env
  rmSync(root, { recursive: true, force: true })
})

/** The same files each time. */
function prepare(): void {
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), content)
  }
  copyFileSync(RECORDING, join(cwd, 'recording.json.gz'))
}

const below = (): string[] =>
  (readdirSync(root, { recursive: true }) as string[]).map((path) => join(root, path))

/** Whether a file or folder that a run has made is one that it may make. */
function mayBeMade(path: string, args: readonly string[]): boolean {
  const own = relative(cwd, path).split(sep)[0] ?? ''
  if (own === '.lab' || own === 'dist' || /^headless-lab-[\w-]+\.tar\.gz$/.test(own)) return true
  if (path.startsWith(join(root, 'cache'))) return true
  return outputsOf(args, cwd).some((given) => join(given, 'lab.k8s.yaml').startsWith(path))
}

function expectClear({ code, stdout, stderr }: Ended): void {
  expect([0, 1, 2, 3, 4, 5, 6]).toContain(code)
  expect(stderr).not.toMatch(/^\s+at |this is a bug/m)
  if (stderr.startsWith('error: '))
    expect(stderr).toMatch(/^error: [^\p{Cc}]*\n(?:\(Did you mean [^\p{Cc}]*\)\n)?\n?\(see --help\)\n$/u)
  const lines = stderr.split('\n')
  const at = lines.findIndex((line) => line.startsWith('headless-lab: '))
  if (at !== -1) {
    expect(lines[at]).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    // What to do next is below it, and nothing else.
    for (const line of lines.slice(at + 1)) expect(line).toMatch(/^(?: {2}|$)|diagnose/)
  }
  // Whoever gets no result is told why.
  if (code !== 0 && stdout === '') expect(at !== -1 || /^(?:error|Usage): /.test(stderr)).toBe(true)
}

async function judged(args: readonly string[]): Promise<void> {
  const ended = await run(args)
  const made = below().filter((path) => !there.has(path))
  for (const path of made) rmSync(path, { recursive: true, force: true })
  // One of the files may have been written over.
  if (outputsOf(args, cwd).length > 0) prepare()
  expect(made.filter((path) => !mayBeMade(path, args))).toEqual([])
  expectClear(ended)
}

describe('arguments', { timeout: 3 * MINUTE }, () => {
  it('of any kind end in an exit code of the contract, and in a clear line where they are refused', async () => {
    await holds(
      fc.asyncProperty(
        argumentList.filter((args) => staysInside(args, cwd, root)),
        judged,
      ),
      CASES.arguments,
    )
  })
})
