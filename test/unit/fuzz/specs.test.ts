import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { formatPath } from '../../../topology/issues.js'
import { broken } from './breaking.js'
import { CASES, holds } from './cases.js'
import { BOMBS, content, textOf } from './files.js'
import { word } from './hostile.js'
import { expectClear, outcomeOf } from './outcome.js'
import { places, spec, specWith } from './shapes.js'
import { expectSoundPlan } from './sound.js'

const MINUTE = 60_000

let folder = ''
let file = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-lab-fuzz-'))
  file = join(folder, 'lab.yaml')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Whether the spec was taken; either way it holds what has to. */
async function judged(text: string | Uint8Array, name?: string): Promise<boolean> {
  await writeFile(file, text)
  const outcome = await outcomeOf(file, name)
  if ('error' in outcome) expectClear(outcome.error, file)
  else expectSoundPlan(outcome.plan)
  return 'plan' in outcome
}

describe('a spec', { timeout: 2 * MINUTE }, () => {
  it('of the right shape gives a sound plan, or is refused in a clear line', async () => {
    let taken = 0
    await holds(
      fc.asyncProperty(textOf(spec), async (text) => {
        if (await judged(text)) taken++
      }),
      CASES.shaped,
    )
    // Else nothing is tried but refusals.
    expect(taken).toBeGreaterThan(CASES.shaped / 20)
  })

  it('with a value of a wrong kind, at any place, is refused in a line that names the place', async () => {
    for (const { path, wrong } of places)
      for (const given of wrong) {
        await writeFile(file, stringify(specWith(path, given)))
        const outcome = await outcomeOf(file)
        if (!('error' in outcome)) throw new Error(`${formatPath(path)}: ${JSON.stringify(given)} was taken`)
        expectClear(outcome.error, file)
        expect(outcome.error.message).toContain(`: ${formatPath(path)}: `)
      }
  })

  it('that is made wrong anywhere gives a sound plan, or is refused in a clear line', async () => {
    await holds(
      fc.asyncProperty(textOf(broken(spec)), async (text) => {
        await judged(text)
      }),
      CASES.broken,
    )
  })

  it('gives objects with names, which synth writes as they are', async () => {
    await holds(
      fc.asyncProperty(textOf(spec), async (text) => {
        await writeFile(file, text)
        const outcome = await outcomeOf(file)
        if ('error' in outcome) return
        for (const object of outcome.plan.manifests([])) {
          expect(object.metadata?.name).toMatch(/^[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?$/)
          expect(parse(stringify(object, { aliasDuplicateObjects: false }))).toEqual(object)
        }
      }),
      CASES.synthesised,
    )
  })
})

describe('a file', { timeout: 2 * MINUTE }, () => {
  it('of anything gives a sound plan, or is refused in a clear line', async () => {
    await holds(
      fc.asyncProperty(content(spec), fc.option(word, { nil: undefined, freq: 20 }), async (text, name) => {
        await writeFile(file, text)
        const outcome = await outcomeOf(file, name)
        if ('plan' in outcome) expectSoundPlan(outcome.plan)
        else if (outcome.error.message.startsWith('--name: ')) expect(outcome.error.exitCode).toBe(2)
        else expectClear(outcome.error, file)
      }),
      CASES.files,
    )
  })

  it.each(BOMBS.map((text) => [text.slice(0, 40), text]))(
    'that is a bomb is refused: %j',
    async (_, text) => {
      expect(await judged(text)).toBe(false)
    },
  )
})

it('are tried with 10,000 different inputs and more, together with arguments', () => {
  expect(Object.values(CASES).reduce<number>((sum, cases) => sum + cases, 0)).toBeGreaterThanOrEqual(10_000)
})
