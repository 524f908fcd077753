import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gather } from '../../../lab/diagnose/gather.js'
import type { Collected, Part, Problem, Source } from '../../../lab/diagnose/part.js'
import { redactor } from '../../../lab/diagnose/redact.js'
import { LabError } from '../../../lab/errors.js'
import { deferred, never, rejectionOf, temporaryFolder } from '../host/fakes.js'

const LONG = { partMs: 60_000, wholeMs: 60_000 }

const part = (file: string, read: Part['read']): Part => ({ file, about: `about ${file}`, read })
const text = (file: string, content: string): Part => part(file, () => Promise.resolve(content))
const source = (name: string, ...parts: Part[]): Source => ({ name, find: () => Promise.resolve(parts) })
const hangs = (): Promise<never> => new Promise(() => undefined)

interface Gathered extends Collected {
  readonly folder: string
  readonly told: readonly Problem[]
}

async function gathered(sources: readonly Source[], limits = LONG, signal = never()): Promise<Gathered> {
  const folder = await temporaryFolder()
  const told: Problem[] = []
  const collected = await gather(sources, {
    ...{ folder, limits, signal, redact: redactor(['tiger77']) },
    onProblem: (problem) => void told.push(problem),
  })
  return { ...collected, folder, told }
}

describe('what is collected', () => {
  test('is written without its secrets, in folders of its own, and listed in the order of the sources', async () => {
    const { files, problems, folder } = await gathered([
      source('a', text('a/b/c.log', 'one tiger77 two'), text('a/d.log', 'ü')),
      source('e', text('e.log', '')),
    ])
    expect(files).toEqual([
      { file: 'a/b/c.log', about: 'about a/b/c.log', size: 18, redacted: 1 },
      { file: 'a/d.log', about: 'about a/d.log', size: 2, redacted: 0 },
      { file: 'e.log', about: 'about e.log', size: 0, redacted: 0 },
    ])
    expect(problems).toEqual([])
    expect(await readFile(join(folder, 'a/b/c.log'), 'utf8')).toBe('one [redacted] two')
  })

  test('keeps its order, whatever is there first', async () => {
    const last = deferred()
    const { files } = await gathered([
      source(
        'a',
        part('1.log', () => last.promise.then(() => '1')),
        text('2.log', '2'),
        part('3.log', () => (last.resolve(), Promise.resolve('3'))),
      ),
    ])
    expect(files.map(({ file }) => file)).toEqual(['1.log', '2.log', '3.log'])
  })

  test('does not suffer from what is not', async () => {
    const failed = new LabError('command.failed', 'docker logs x failed with exit code 1', {
      details: 'first\nthe password was tiger77',
    })
    const { files, problems, told } = await gathered([
      { name: 'gone', find: () => Promise.reject(new Error('there is\nnone')) },
      source(
        'a',
        part('a.log', () => Promise.reject(failed)),
        text('b.log', 'b'),
      ),
    ])
    expect(files.map(({ file }) => file)).toEqual(['b.log'])
    expect(problems).toEqual([
      { what: 'gone', reason: 'there is none' },
      { what: 'a.log', reason: 'docker logs x failed with exit code 1: the password was [redacted]' },
    ])
    expect(told).toEqual(problems)
  })
})

describe('what does not answer', () => {
  test('is left behind at its deadline', async () => {
    const { files, problems } = await gathered(
      [{ name: 'mute', find: hangs }, source('a', part('a.log', hangs), text('b.log', 'b'))],
      { partMs: 5, wholeMs: 60_000 },
    )
    expect(files.map(({ file }) => file)).toEqual(['b.log'])
    expect(problems.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      'mute: no answer within 0.005 s',
      'a.log: no answer within 0.005 s',
    ])
  })

  test('is not asked when there is no time left for all', async () => {
    let asked = 0
    const late: Source = { name: 'late', find: () => Promise.resolve((asked++, [])) }
    const { problems } = await gathered([late], { partMs: 60_000, wholeMs: 0 })
    expect([asked, problems]).toEqual([0, [{ what: 'late', reason: 'no time was left of 0 s for all' }]])
  })

  test('is told to end', async () => {
    const ended: unknown[] = []
    const listens = part('a.log', (signal) => {
      signal.addEventListener('abort', () => ended.push(signal.reason))
      return hangs()
    })
    await gathered([source('a', listens)], { partMs: 5, wholeMs: 60_000 })
    expect(ended).toHaveLength(1)
  })
})

test('an interruption ends it: nothing is begun any more, and it is no problem of a part', async () => {
  const controller = new AbortController()
  const begun: string[] = []
  const parts = Array.from({ length: 30 }, (_, i) =>
    part(`${i}.log`, () => {
      begun.push(String(i))
      if (i === 2) controller.abort(new LabError('interrupted', 'stop'))
      return hangs()
    }),
  )
  const told: Problem[] = []
  const folder = await temporaryFolder()
  const running = gather([source('a', ...parts)], {
    ...{ folder, limits: LONG, signal: controller.signal, redact: redactor([]) },
    onProblem: (problem) => void told.push(problem),
  })
  expect(await rejectionOf(running)).toMatchObject({ code: 'interrupted' })
  expect(begun.length).toBeLessThan(10)
  expect([told, await readdir(folder)]).toEqual([[], []])
})

test('what the file system refuses ends it: nothing is begun any more', async () => {
  let begun = 0
  const more = Array.from({ length: 300 }, (_, i) =>
    part(`${i}.log`, () => (begun++, Promise.resolve('text'))),
  )
  const refused = gathered([source('a', text('x'.repeat(300), ''), ...more)])
  expect(await rejectionOf(refused)).toMatchObject({ code: 'ENAMETOOLONG' })
  expect(begun).toBeLessThan(300)
})
