import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ApiObservations } from '../../../lab/observe/model/observations.js'
import type { Recording } from '../../../lab/observe/model/target.js'
import { readRecording, writeRecording } from '../../../lab/report/recording-file.js'
import { parseRecording, printRecording, type api } from '../../../lab/report/recording.js'
import { mustBeWritable, writeWhole } from '../../../lab/report/write-whole.js'
import { replay } from '../../../lab/verify.js'
import { healthy, recording } from '../checks/recorded.js'
import { labErrorOf, temporaryFolder } from '../host/fakes.js'

/** The compiler says so when a list of the API is not named in the recording's schema. */
export type Unnamed = Exclude<keyof ApiObservations, keyof typeof api>
const none: [Unnamed] extends [never] ? true : Unnamed = true

/** A saved recording, changed. */
function changed(change: (saved: { schema?: unknown; lab: object; observations: object }) => void): string {
  const saved = JSON.parse(printRecording(recording(healthy()))) as Parameters<typeof change>[0]
  change(saved)
  return JSON.stringify(saved)
}

const parsed = (text: string): Promise<Recording> =>
  Promise.resolve().then(() => parseRecording(text, 'a.json'))

describe('a recording', () => {
  test('is read as it was saved, and gives the same verdicts', async () => {
    expect(none).toBe(true)
    const folder = await temporaryFolder()
    // Whatever the recorded lab lacks is told the same way by both.
    const before = await parsed(printRecording(recording(healthy())))
    for (const name of ['a.json', 'a.json.gz']) {
      await writeRecording(join(folder, name), before)
      expect(replay(await readRecording(join(folder, name)))).toEqual(replay(before))
    }
    const [plain, packed] = await Promise.all(
      ['a.json', 'a.json.gz'].map((name) => readFile(join(folder, name))),
    )
    expect(plain?.toString()).toMatch(/^\{"schema":"headless-lab\/recording\/v1",.*\}\n$/)
    expect(packed?.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]))
    // Whole or not at all: nothing else is left.
    expect((await readdir(folder)).sort()).toEqual(['a.json', 'a.json.gz'])
  })

  test.each([
    ['no JSON', '{"schema":', /a\.json: it is not JSON/],
    ['something else', '{"a":1}', /it does not say that it is a recording/],
    ['null', 'null', /it does not say that it is a recording/],
    ['a result', '{"schema":"headless-lab/verify/v1"}', /it is "headless-lab\/verify\/v1", no recording/],
    [
      'another version',
      '{"schema":"headless-lab/recording/v2"}',
      /another version \(headless-lab\/recording\/v2/,
    ],
    ['nothing more', '{"schema":"headless-lab/recording/v1"}', /a\.json: lab: /],
    ['no nodes', changed(({ lab }) => Object.assign(lab, { nodes: 3 })), /a\.json: lab\.nodes: /],
    [
      'a list that is none',
      changed(({ observations }) => Object.assign(observations, { api: { pods: [] } })),
      /a\.json: observations\.api\.pods: /,
    ],
    [
      'a pack that is none',
      changed(({ observations }) => Object.assign(observations, { dns: 'x' })),
      /a\.json: observations\.dns: /,
    ],
  ])('%s is refused in one line', async (_, text, message) => {
    const error = await labErrorOf(parsed(text))
    expect(error).toMatchObject({ code: 'recording.invalid', exitCode: 2 })
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })

  test('what it does not hold was not looked at', async () => {
    const text = changed(({ observations }) => {
      delete (observations as { redis?: unknown }).redis
      delete (observations as { api: { nodes?: unknown } }).api.nodes
    })
    const { checks } = replay(await parsed(text))
    const ping = checks.filter(({ id }) => id === 'redis.ping' || id === 'nodes.ready')
    expect(ping.length).toBeGreaterThan(3)
    expect(new Set(ping.map(({ verdict }) => verdict))).toEqual(new Set(['inconclusive']))
  })

  test('a file that is not there, or not whole, is told', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'a.json.gz')
    expect((await labErrorOf(readRecording(file))).message).toBe(`${file}: there is no such file`)
    await writeRecording(file, recording(healthy()))
    await writeFile(file, (await readFile(file)).subarray(0, 1000))
    expect((await labErrorOf(readRecording(file))).message).toMatch(/cannot be unpacked/)
  })
})

describe('writeWhole', () => {
  test('leaves a link a link, and what is no file what it is', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), 'old')
    await symlink('file', join(folder, 'link'))
    await writeWhole(join(folder, 'link'), 'new')
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new')
    expect((await readdir(folder, { withFileTypes: true })).map((one) => one.isSymbolicLink())).toEqual([
      false,
      true,
    ])
    await symlink('/dev/null', join(folder, 'null'))
    await writeWhole(join(folder, 'null'), 'nothing')
    expect((await stat(join(folder, 'null'))).isFile()).toBe(false)
  })

  test('what cannot be written is told before', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'inner'))
    expect((await labErrorOf(mustBeWritable(join(folder, 'no/a.json')))).message).toContain(
      'there is no folder',
    )
    expect((await labErrorOf(mustBeWritable(join(folder, 'inner')))).message).toContain('it is a folder')
    await expect(mustBeWritable(join(folder, 'a.json'))).resolves.toBeUndefined()
  })
})
