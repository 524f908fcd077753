import { access, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, root, start } from './program.js'

/** What a person meets who types something wrong: one line that says what, and an exit code; never a stack. */
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-lab-input-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const cases: [what: string, args: string[], spec: string | undefined, code: number, says: RegExp][] = [
  ['an unknown command', ['deplyo'], undefined, 2, /unknown command 'deplyo'/],
  ['an unknown option', ['deploy', '--yess'], undefined, 2, /unknown option '--yess'.*/],
  ['an option without its value', ['verify', '--name'], undefined, 2, /argument missing/],
  ['a name that is no label', ['deploy', '--name', '../x'], undefined, 2, /--name: /],
  [
    'a spec that is not there',
    ['deploy', '--lab', 'no-such.yaml'],
    undefined,
    2,
    /no-such\.yaml: there is no such file/,
  ],
  ['a spec that is not YAML', ['deploy', '--lab', 'SPEC'], 'a: [1', 2, /spec\.yaml:\d+:\d+: /],
  [
    'an unknown field',
    ['deploy', '--lab', 'SPEC'],
    'topology:\n  worker: 2\n',
    2,
    /topology\.worker: unknown field/,
  ],
  ['a negative count', ['deploy', '--lab', 'SPEC'], 'topology:\n  workers: -1\n', 2, /topology\.workers: /],
  ['a spec that is in itself', ['deploy', '--lab', 'SPEC'], 'name: &a [*a]\n', 2, /it is nested too deep/],
  ['nesting without end', ['deploy', '--lab', 'SPEC'], '['.repeat(20_000), 2, /it is nested too deep/],
  [
    'a field with a line end in its name',
    ['deploy', '--lab', 'SPEC'],
    '"a\\Nb": 1\n',
    2,
    /\["a\\u0085b"\]: unknown field/,
  ],
  ['an option with a line end', ['deploy', '--a\nb'], undefined, 2, /unknown option '--a\\nb'/],
  ['an option that names nothing', ['synth', '--output='], undefined, 2, /--output: names nothing/],
  [
    'a folder in the place of a recording',
    ['verify', '--from', 'test'],
    undefined,
    2,
    /test: it is a folder/,
  ],
  [
    'a lab that is not there',
    ['verify', '--name', 'no-such-lab'],
    undefined,
    2,
    /there is no lab no-such-lab/,
  ],
]

it.each(cases)('%s: one clear line and the right exit code', async (_, args, spec, code, says) => {
  const file = join(folder, 'spec.yaml')
  if (spec !== undefined) await writeFile(file, spec)
  const ended = await start(args.map((word) => (word === 'SPEC' ? file : word))).ended
  expect(ended.stderr).toMatch(says)
  expect(ended.stderr).not.toMatch(/^\s+at /m)
  expect(ended.stdout).toBe('')
  expect(ended.code).toBe(code)
})

it('prints its help on stdout', async () => {
  const { code, stdout } = await start(['--help']).ended
  expect(code).toBe(0)
  for (const word of ['deploy', 'verify', 'teardown', 'synth', 'calicoctl']) expect(stdout).toContain(word)
})

describe('a host that lacks something', () => {
  /** A PATH with only these commands. */
  const onlyThese = async (...commands: string[]): Promise<string> => {
    const bin = await mkdtemp(join(folder, 'bin-'))
    for (const name of commands) {
      const { stdout } = await command('sh', '-c', 'command -v "$1"', 'sh', name)
      await symlink(stdout.trim(), join(bin, name))
    }
    return bin
  }

  it('gets the exact commands and exit code 3, and nothing installed, without consent', async () => {
    const PATH = await onlyThese('sh', 'apt-get')
    const { code, stderr, stdout } = await start(['deploy', '--name', 'no-such-lab'], { PATH, CI: '' }).ended
    expect(stderr).toMatch(/apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=\d+ docker\.io/)
    expect(stderr).toMatch(/no Docker engine is installed.*nothing is installed without consent/i)
    expect(stdout).toBe('')
    expect(code).toBe(3)
  })

  it('gets a list of what is missing where the program does not know how to install it', async () => {
    const PATH = await onlyThese('sh')
    const { code, stderr } = await start(['deploy', '--name', 'no-such-lab'], { PATH, CI: '' }).ended
    expect(stderr).toContain('has to be installed by hand: Docker Engine')
    expect(code).toBe(3)
  })

  // Mounting takes root, which CI and the engine's host are.
  it.runIf(process.getuid?.() === 0)(
    'is told how much disk is needed where there is too little',
    async () => {
      const small = await mkdtemp(join(folder, 'small-'))
      await command('mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small)
      try {
        const { code, stderr } = await start(['deploy', '--name', 'no-such-lab'], { XDG_CACHE_HOME: small })
          .ended
        expect(stderr).toMatch(/headless-lab: 0\.0 GB free, and this needs \d/)
        expect(code).toBe(3)
      } finally {
        await command('umount', small)
      }
    },
  )
})

it('makes no lab of bad input', async () => {
  const label = 'label=io.x-k8s.kind.cluster=no-such-lab'
  const { stdout } = await command('docker', 'ps', '-a', '-q', '--filter', label)
  expect(stdout).toBe('')
  await expect(access(join(root, '.lab', 'no-such-lab'))).rejects.toThrow('ENOENT')
})
