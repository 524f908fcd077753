import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { loadSpec, type LoadSpecOptions } from '../../../lab/spec/load.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-lab-spec-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(content: string | Uint8Array, name = 'lab.yaml'): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

async function failure(options: LoadSpecOptions): Promise<LabError> {
  const error: unknown = await loadSpec(options).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof LabError)) throw new Error(`not a LabError: ${String(error)}`)
  expect(error.exitCode).toBe(2)
  expect(error.message).not.toContain('\n')
  return error
}

describe('loadSpec', () => {
  it('gives the default lab without a file', async () => {
    expect(await loadSpec()).toMatchObject({ name: 'headless-services', topology: { workers: 2 } })
  })

  it('reads YAML', async () => {
    const file = await write('# a small lab\nname: small\ntopology:\n  workers: 1 # one\n')
    expect(await loadSpec({ file })).toMatchObject({ name: 'small', topology: { name: 'small', workers: 1 } })
  })

  it('reads JSON, indented by tabs too', async () => {
    const file = await write('{\n\t"name": "small",\n\t"topology": {\n\t\t"workers": 1\n\t}\n}\n', 'lab.json')
    expect(await loadSpec({ file })).toMatchObject({ name: 'small', topology: { workers: 1 } })
  })

  it('lets --name win over the file, also over a name there that is wrong', async () => {
    const file = await write('name: ../x\n')
    expect(await loadSpec({ file, name: 'mine' })).toMatchObject({ name: 'mine', topology: { name: 'mine' } })
  })

  it('names --name when that is wrong', async () => {
    const error = await failure({ name: '../x' })
    expect(error.code).toBe('spec.invalid')
    expect(error.message).toMatch(/^--name: "\.\.\/x" will not do; write lower-case/)
  })
})

describe('a file that cannot be read', () => {
  it.each([
    ['a duplicate field', 'name: a\nname: b\n', ':2:1: the same field is written twice; remove one of them'],
    ['two documents', 'name: a\n---\nname: b\n', ':2:1: a second document begins; write one document'],
    ['no YAML', 'topology: [1\n', ':2:1: not YAML: '],
    ['a tab', 'topology:\n\tworkers: 1\n', ':2:1: a tab cannot indent YAML'],
    ['an unknown tag', 'name: !!js/function x\n', ':1:7: not YAML: '],
    ['a field that is a list', '? [a]\n: 1\n', ':1:3: not YAML: '],
    ['an alias of nothing', 'name: *nobody\n', ': Unresolved alias'],
    ['nothing', '', ': it is empty; write {} for the default lab'],
    ['comments only', '# workers: 1\n', ': it is empty'],
    [
      'a list in itself',
      'name: &a [*a]\n',
      ': it is nested too deep, or a part of it is in itself; write fields',
    ],
    ['a file in itself', '&a\nname: *a\n', ': it is nested too deep'],
    ['lists in lists', `name: ${'['.repeat(40)}${']'.repeat(40)}`, ': it is nested too deep'],
    [
      'more than a spec says',
      `# ${'x'.repeat(200_000)}`,
      ': it is larger than 128 KiB, more than a spec can say',
    ],
  ])('%s', async (_, content, message) => {
    const file = await write(content)
    const error = await failure({ file })
    expect(error.code).toBe('spec.unreadable')
    expect(error.message).toContain(`${file}${message}`)
  })

  it.each(['['.repeat(20_000), `name: ${'['.repeat(700)}${']'.repeat(700)}`])(
    'more levels than the stack has',
    async (content) => {
      const { message } = await failure({ file: await write(content) })
      expect(message).toContain('it is nested too deep')
      expect(message).not.toContain('stack')
    },
  )

  it.each(['|', '*', '!'])('what the parser quotes, no longer than a line: %s', async (sign) => {
    const { message } = await failure({ file: await write(`${sign}${'a'.repeat(5_000)}`) })
    expect(message.length).toBeLessThan(400)
  })

  it('an alias bomb', async () => {
    const rows = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)
    const file = await write(['a0: &a0 [x]', ...rows].join('\n'))
    expect((await failure({ file })).code).toBe('spec.unreadable')
  })

  it('none at all', async () => {
    const error = await failure({ file: join(folder, 'absent.yaml') })
    expect(error.code).toBe('spec.unreadable')
    expect(error.message).toMatch(
      /absent\.yaml: there is no such file; write the path of the spec after --lab/,
    )
  })

  it('a directory', async () => {
    expect((await failure({ file: folder })).message).toContain(`${folder}: it is a directory`)
  })

  it('not text', async () => {
    const file = await write(new Uint8Array([0xff, 0xfe, 0x6e, 0x00]))
    expect((await failure({ file })).message).toContain('it is not UTF-8 text')
  })
})

describe('a file that says what cannot work', () => {
  it.each([
    [
      'an unknown field',
      'name: a\ntopology:\n  worker: 3\n',
      ':3:3: topology.worker: unknown field; did you mean workers?',
    ],
    [
      'a wrong type',
      'topology:\n  workers: two\n',
      ':2:3: topology.workers: "two" will not do; write a whole number',
    ],
    [
      'a wrong item',
      'topology:\n  pools:\n    - cidr: 10.0.0.1/8\n',
      ':3:7: topology.pools[0].cidr: 10.0.0.1/8 has bits set',
    ],
    ['a list for the whole', '- a\n', ':1:1: a list will not do; write fields: '],
    [
      'an absent field, at the one around it',
      'topology:\n  pools:\n    - {}\n',
      ':3:7: topology.pools[0].cidr: write a CIDR',
    ],
    [
      'a default that no longer fits',
      'topology:\n  podSubnets: [10.96.0.0/20]\n',
      ':1:1: topology.serviceSubnets[0]: 10.96.0.0/16 overlaps',
    ],
    ['__proto__', '__proto__: {workers: 1}\n', ':1:1: __proto__: __proto__ cannot be the name of a field'],
    ['a name that would leave its folder', 'name: ../x\n', ':1:1: name: "../x" will not do'],
  ])('%s', async (_, content, message) => {
    const file = await write(content)
    const error = await failure({ file })
    expect(error.code).toBe('spec.invalid')
    expect(error.message).toContain(`${file}${message}`)
    expect(error.details).toBeUndefined()
  })

  it('is quoted as a terminal prints it, and no longer than a line', async () => {
    const file = await write(`"a\\Nb": 1\n"${'k'.repeat(500)}": 1\nname: "\u202ex"\n`)
    const { message, details } = await failure({ file })
    expect(message).toContain(':1:1: ["a\\u0085b"]: unknown field')
    expect(details?.split('\n')).toEqual([
      expect.stringContaining(':1:1: ["a\\u0085b"]: unknown field'),
      expect.stringContaining(`:2:1: ["${'k'.repeat(59)}…"]: unknown field`),
      expect.stringContaining(':3:1: name: "\\u202ex" will not do'),
    ])
  })

  it('tells the first of several in the message and all in the details, as they stand in the file', async () => {
    const file = await write('suite: x\nname: A\nworkloads:\n  redis: {replicas: 0}\n')
    const error = await failure({ file })
    expect(error.message).toMatch(/lab\.yaml:1:1: suite: .*\(and 2 more problems\)$/)
    expect(error.details?.split('\n').map((line) => /:(\d+:\d+): ([\w.]+):/.exec(line)?.slice(1, 3))).toEqual(
      [
        ['1:1', 'suite'],
        ['2:1', 'name'],
        ['4:11', 'workloads.redis.replicas'],
      ],
    )
  })
})
