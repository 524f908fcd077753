import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Pending } from '../../../lab/artifacts/artifact.js'
import type { Recipe } from '../../../lab/artifacts/recipe.js'
import { SourceBuild } from '../../../lab/artifacts/source-build.js'
import { LabError } from '../../../lab/errors.js'
import {
  deferred,
  fakeRun,
  labErrorOf,
  linesOf,
  never,
  rejectionOf,
  temporaryFolder,
  type Answer,
  type Call,
} from '../host/fakes.js'
import { files, recipe } from './recipes.js'

/**
 * A workshop: a cache, and an engine whose images are a set. `make NAME [FILE]` writes a file, `bake REF` makes
 * an image; `answer` may do otherwise.
 */
async function workshop(
  recipes: readonly Recipe[],
  answer: (call: Call) => Answer | Promise<Answer> = () => undefined,
) {
  const cache = await temporaryFolder()
  const images = await files(await temporaryFolder(), { 'app/Dockerfile': 'FROM base\n' })
  const engine = new Set<string>()
  const { run, calls } = fakeRun(async (call) => {
    const other = await answer(call)
    if (other !== undefined) return other
    const [first = '', ...rest] = call.args
    if (call.line.startsWith('docker image inspect')) {
      const ref = rest.at(-1) ?? ''
      return engine.has(ref) ? `sha256:${ref}\n` : { exitCode: 1 }
    }
    if (call.line.startsWith('bake')) engine.add(first)
    if (call.line.startsWith('make') && rest[0] !== undefined) await writeFile(rest[0], first)
    return ''
  })
  const source = (mirror?: string): SourceBuild => new SourceBuild({ recipes, images, cache, mirror, run })
  return {
    cache,
    images,
    engine,
    calls,
    source,
    /** What was made, in order. */
    made: () =>
      linesOf(calls)
        .filter((line) => /^(make|bake)/.test(line))
        .map((line) => line.split(' ')[1] ?? ''),
    left: async () => ({
      artifacts: await below(join(cache, 'artifacts')),
      scratch: await below(join(cache, 'scratch')),
      locks: await below(join(cache, 'locks')),
    }),
  }
}

const below = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

const makes = (name: string, fields: Partial<Recipe> = {}): Recipe =>
  recipe(name, { steps: [{ run: ['make', name, '{out}/it'] }], ...fields })
const bakes = (name: string, fields: Partial<Recipe> = {}): Recipe =>
  recipe(name, { kind: 'image', steps: [{ run: ['bake', '{ref}'] }], ...fields })

const provideAll = (pending: readonly Pending[], signal = never()) =>
  Promise.all(pending.map((one) => one.provide({ signal, onProgress: () => undefined })))

async function build(source: SourceBuild, names: readonly string[], refresh = false) {
  const { pending } = await source.survey(names, { refresh })
  return provideAll(pending)
}

const chain = [makes('c', { dependsOn: ['b'] }), makes('b', { dependsOn: ['a'] }), makes('a')]

describe('what is missing', () => {
  it('is surveyed in an order that can be followed, with the tools it takes', async () => {
    const { source } = await workshop([
      makes('app', { dependsOn: ['base', 'program'] }),
      makes('program', { tools: ['go'] }),
      makes('base', { tools: ['debootstrap'] }),
      makes('other', { tools: ['go'] }),
    ])
    const { pending, tools } = await source().survey(['app'])
    expect(pending.map(({ name }) => name)).toEqual(['base', 'program', 'app'])
    expect(tools).toEqual(['debootstrap', 'go'])
  })

  it('is built once, each after what it depends on, however it is asked for', async () => {
    const { source, made, left } = await workshop(chain)
    const { pending } = await source().survey(['c', 'b'])
    await provideAll([...pending.toReversed(), ...pending])
    expect(made()).toEqual(['a', 'b', 'c'])
    expect(await left()).toEqual({ artifacts: ['a', 'b', 'c'], scratch: [], locks: [] })
  })

  it('is built with all it depends on when only it is asked for', async () => {
    const { source, made } = await workshop(chain)
    const { pending } = await source().survey(['c'])
    await provideAll(pending.slice(-1))
    expect(made()).toEqual(['a', 'b', 'c'])
  })

  it('is told with its log while it is built', async () => {
    const { source, cache } = await workshop(chain)
    const { pending } = await source().survey(['b'])
    const told: string[] = []
    await provideAll(pending.slice(0, 1))
    await pending[1]?.provide({ signal: never(), onProgress: (line) => told.push(line) })
    expect(told).toEqual(['waits for a', 'waits its turn', `log: ${join(cache, 'logs', 'b.log')}`])
    expect(pending[1]?.log).toBe(join(cache, 'logs', 'b.log'))
  })
})

describe('what is there', () => {
  it('is given, with its files and a record', async () => {
    const { source } = await workshop([makes('a')])
    await build(source(), ['a'])
    const artifact = await source().get('a')
    expect(artifact.image).toBeUndefined()
    expect(await readFile(join(artifact.folder, 'it'), 'utf8')).toBe('a')
    expect(JSON.parse(await readFile(join(artifact.folder, 'artifact.json'), 'utf8'))).toMatchObject({
      name: 'a',
      key: artifact.key,
      version: '1',
    })
  })

  it('is not built again, nor is what it was made of, even where that is gone', async () => {
    const { source, made, engine } = await workshop([makes('app', { dependsOn: ['base'] }), bakes('base')])
    await build(source(), ['app'])
    engine.clear()
    expect((await source().survey(['app'])).pending).toEqual([])
    expect(made()).toHaveLength(2)
  })

  it('is built again when the engine has lost its image', async () => {
    const { source, made, engine } = await workshop([bakes('app')])
    await build(source(), ['app'])
    expect((await source().survey(['app'])).pending).toEqual([])
    expect((await source().get('app')).image).toMatch(/^headless-lab\/app:1-/)
    engine.clear()
    await expect(source().get('app')).rejects.toMatchObject({ code: 'artifact.absent' })
    await build(source(), ['app'])
    expect(made()).toHaveLength(2)
    expect(engine.size).toBe(1)
  })

  it('is built again, all of it, by a refresh', async () => {
    const { source, made } = await workshop(chain)
    await build(source(), ['c'])
    await build(source(), ['c'], true)
    expect(made()).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })
})

describe('what is not there', () => {
  it('is a LabError', async () => {
    const { source } = await workshop([makes('a')])
    expect((await labErrorOf(source().get('a'))).code).toBe('artifact.absent')
  })

  it('has no recipe: a bug', async () => {
    const { source } = await workshop([])
    await expect(source().survey(['a'])).rejects.toThrow('there is no recipe for a')
  })
})

describe('a step that fails', () => {
  const failing = (call: Call): Answer =>
    call.line.startsWith('make b') ? { exitCode: 2, stderr: 'no space left\n' } : undefined

  it('leaves nothing of its artifact, keeps what was built before, and names the log', async () => {
    const { source, left, cache } = await workshop(chain, failing)
    const error = await labErrorOf(build(source(), ['c']))
    expect(error).toMatchObject({ code: 'artifact.build-failed', exitCode: 4, details: 'no space left' })
    expect(error.message).toMatch(/^building b failed: make b .* failed with exit code 2$/)
    expect(error.hint).toContain(join(cache, 'logs', 'b.log'))
    expect(await left()).toEqual({ artifacts: ['a'], scratch: [], locks: [] })
  })

  it('is tried again by the next run, which builds only the rest', async () => {
    let fails = true
    const { source, made } = await workshop(chain, (call) => (fails ? failing(call) : undefined))
    await labErrorOf(build(source(), ['c']))
    fails = false
    await build(source(), ['c'])
    expect(made()).toEqual(['a', 'b', 'b', 'c'])
  })

  it('is followed by the cleanup, whose own failures do not matter', async () => {
    const cleanup = [{ run: ['docker', 'rm', '-f', 'bake-{key}'] }, { run: ['docker', 'rmi', 'x'] }]
    const { source, calls } = await workshop([makes('b', { cleanup })], (call) =>
      call.line.startsWith('docker rm -f') ? { exitCode: 1 } : failing(call),
    )
    await labErrorOf(build(source(), ['b']))
    const steps = linesOf(calls).map((line) => line.split(' ').slice(0, 2).join(' '))
    expect(steps).toEqual(['docker rm', 'docker rmi', 'make b', 'docker rm', 'docker rmi'])
  })

  it('is a recipe that makes no image', async () => {
    const { source, left } = await workshop([makes('b', { kind: 'image' })])
    await expect(build(source(), ['b'])).rejects.toThrow('the recipe did not make headless-lab/b:1-')
    expect((await left()).artifacts).toEqual([])
  })

  it('is a recipe with an unknown placeholder', async () => {
    const { source, left } = await workshop([makes('b', { steps: [{ run: ['make', '{nonsense}'] }] })])
    await expect(build(source(), ['b'])).rejects.toThrow('recipe b has the unknown placeholder {nonsense}')
    expect(await left()).toMatchObject({ artifacts: [], scratch: [] })
  })

  it('may be the question for a placeholder: no scratch folder stays', async () => {
    const { source, left } = await workshop([makes('b', { tools: ['go'] })], ({ line }) =>
      line.startsWith('go env') ? { exitCode: 1, stderr: 'broken' } : undefined,
    )
    await rejectionOf(build(source(), ['b']))
    expect(await left()).toMatchObject({ artifacts: [], scratch: [], locks: [] })
  })
})

describe('an interruption', () => {
  const interrupted = new LabError('interrupted', 'interrupted')

  it('ends the step, cleans up, and leaves no half artifact', async () => {
    const controller = new AbortController()
    const cleanup = [{ run: ['docker', 'rm', '-f', 'bake'] }]
    const { source, left, calls } = await workshop([makes('a', { cleanup })], (call) => {
      if (call.line.startsWith('make')) controller.abort(interrupted)
      return undefined
    })
    const { pending } = await source().survey(['a'])
    expect(await rejectionOf(provideAll(pending, controller.signal))).toBe(interrupted)
    expect(calls.find(({ line }) => line.startsWith('make'))?.options.signal).toBe(controller.signal)
    expect(linesOf(calls).at(-1)).toBe('docker rm -f bake')
    expect(await left()).toEqual({ artifacts: [], scratch: [], locks: [] })
  })

  it('lets what waits its turn not begin', async () => {
    const controller = new AbortController()
    const cpu = [makes('a', { lane: 'cpu' }), makes('b', { lane: 'cpu' })]
    const { source, made } = await workshop(cpu, () => {
      controller.abort(interrupted)
      return undefined
    })
    const { pending } = await source().survey(['a', 'b'])
    const outcomes = await Promise.allSettled(
      pending.map((one) => one.provide({ signal: controller.signal, onProgress: () => undefined })),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(made()).toEqual(['a'])
  })
})

describe('a build that died', () => {
  it('left a scratch folder, which the next one empties', async () => {
    const { source, cache, left } = await workshop([makes('a')])
    const { key } = (await build(source(), ['a']))[0] ?? { key: '' }
    await files(cache, { [`scratch/a-${key}/out/half`]: 'half' })
    const [artifact] = await build(source(), ['a'], true)
    expect(existsSync(join(artifact?.folder ?? '', 'half'))).toBe(false)
    expect((await left()).scratch).toEqual([])
  })
})

describe('two programs on one cache', () => {
  it('build once: the second waits, says for whom, and finds it there', async () => {
    const began = deferred()
    const end = deferred()
    const { source, made } = await workshop([makes('a')], async (call) => {
      if (!call.line.startsWith('make')) return undefined
      began.resolve()
      await end.promise
      return undefined
    })
    const [one, two] = await Promise.all([source().survey(['a']), source().survey(['a'])])
    const first = provideAll(one.pending)
    await began.promise
    const told: string[] = []
    const second = two.pending[0]?.provide({
      signal: never(),
      onProgress: (line) => {
        told.push(line)
        if (line.startsWith('waits for process')) end.resolve()
      },
    })
    const [built] = await first
    expect(built?.built?.durationMs).toBeGreaterThanOrEqual(0)
    expect(await second).toEqual({ ...built, built: undefined })
    expect(told.some((line) => line.includes('which began building a'))).toBe(true)
    expect(made()).toEqual(['a'])
  })
})

describe('placeholders', () => {
  const asked = makes('app', {
    kind: 'image',
    dependsOn: ['base', 'program'],
    tools: ['go'],
    steps: [
      { run: ['bake', '{ref}'] },
      { run: ['copy', '{artifact:program}/bin', '{scratch}/x', '{images}/app', '{gomodcache}/m', '{out}'] },
      { run: ['docker', 'build', '{no-cache}', 'BASE={artifact:base}', '{mirror}', '{{.Id}}'] },
      {
        run: ['tell', '{key}'],
        cwd: '{images}/app',
        env: { BASE: '{artifact:base}' },
        input: 'from {artifact:base}\n',
        stdoutTo: '{out}/told.txt',
      },
    ],
  })
  const run = async (refresh: boolean, mirror?: string) => {
    const shop = await workshop([asked, bakes('base'), makes('program')], ({ line }) => {
      if (line.startsWith('go env GOMODCACHE')) return '/go/mod\n'
      return line.startsWith('tell') ? 'all is well' : undefined
    })
    const source = shop.source(mirror)
    await build(source, ['app'], refresh)
    const [app, base, program] = await Promise.all(['app', 'base', 'program'].map((name) => source.get(name)))
    return { ...shop, app, base, program, lines: linesOf(shop.calls) }
  }

  it('are filled in, in every part of a step', async () => {
    const { cache, images, calls, lines, app, base, program } = await run(
      false,
      'http://mirror.example/debian',
    )
    const scratch = join(cache, 'scratch', `app-${app?.key ?? ''}`)
    expect(lines).toContain(
      `copy ${program?.folder ?? ''}/bin ${scratch}/x ${images}/app /go/mod/m ${scratch}/out`,
    )
    expect(lines).toContain(`docker build BASE=${base?.image ?? ''} http://mirror.example/debian {{.Id}}`)
    const tell = calls.find(({ line }) => line.startsWith('tell'))
    expect(tell?.line).toBe(`tell ${app?.key ?? ''}`)
    expect(tell?.options).toMatchObject({
      cwd: join(images, 'app'),
      env: { BASE: base?.image ?? '' },
      input: `from ${base?.image ?? ''}\n`,
      log: join(cache, 'logs', 'app.log'),
    })
    expect(await readFile(join(app?.folder ?? '', 'told.txt'), 'utf8')).toBe('all is well\n')
  })

  it('{mirror} falls away where the host has none, {no-cache} comes with a refresh', async () => {
    const { lines, base } = await run(true)
    expect(lines).toContain(`docker build --no-cache BASE=${base?.image ?? ''} {{.Id}}`)
  })
})

describe('independent builds', () => {
  /** Begins all, and tells which have begun once nothing more begins by itself. */
  async function beside(lane: Recipe['lane']) {
    const names = ['a', 'b']
    const ends = names.map(() => deferred())
    const began = names.map(() => deferred())
    const begun: string[] = []
    const { source } = await workshop(
      names.map((name) => makes(name, { lane })),
      async ({ line, args }) => {
        if (!line.startsWith('make')) return undefined
        const i = names.indexOf(args[0] ?? '')
        begun.push(args[0] ?? '')
        began[i]?.resolve()
        await ends[i]?.promise
        return undefined
      },
    )
    const { pending } = await source().survey(names)
    return { begun, began, ends, done: pending.map((one) => provideAll([one])) }
  }

  it('that download overlap', async () => {
    const { began, ends, done } = await beside('io')
    // Neither has ended when both have begun.
    await Promise.all(began.map(({ promise }) => promise))
    for (const end of ends) end.resolve()
    await Promise.all(done)
  })

  it('that compile are run one after the other', async () => {
    const { begun, ends, done } = await beside('cpu')
    ends[1]?.resolve()
    const second = done[1]?.then(() => begun.push('b ended'))
    const first = done[0]?.then(() => begun.push('a ended'))
    ends[0]?.resolve()
    await Promise.all([first, second])
    expect(begun).toEqual(['a', 'a ended', 'b', 'b ended'])
  })
})

describe('older builds', () => {
  it('are removed but for the newest three, and but for images that a container still uses', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 0 })
    try {
      let used = ''
      const shop = await workshop([bakes('app', { inputs: ['app'] })], ({ line, args }) => {
        if (!line.startsWith('docker image rm')) return undefined
        const ref = args.at(-1) ?? ''
        if (ref === used) return { exitCode: 1, stderr: 'conflict: a container uses it' }
        shop.engine.delete(ref)
        return ''
      })
      const refs: string[] = []
      for (let version = 0; version < 5; version++) {
        vi.setSystemTime(version * 1000)
        await files(shop.images, { 'app/Dockerfile': `FROM base\nRUN ${version}\n` })
        const [artifact] = await build(shop.source(), ['app'])
        refs.push(artifact?.image ?? '')
        used = refs[0] ?? ''
      }
      expect([...shop.engine].toSorted()).toEqual([refs[0], refs[2], refs[3], refs[4]].toSorted())
      expect(await below(join(shop.cache, 'artifacts', 'app'))).toHaveLength(4)
    } finally {
      vi.useRealTimers()
    }
  })
})
