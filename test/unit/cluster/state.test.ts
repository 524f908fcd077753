import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isMade, LabState, type JournalEntry, type LabRecord } from '../../../lab/cluster/state.js'
import type { VerifyResult } from '../../../lab/report/model.js'
import { labErrorOf, temporaryFolder } from '../host/fakes.js'

const record: LabRecord = {
  schema: 'headless-lab/state/v1',
  name: 'lab',
  topologyDigest: 'digest',
  nodeImage: 'headless-lab/node:1-k',
  containerlab: '/cache/containerlab',
  createdAt: '2026-01-01T00:00:00Z',
}

const labState = async (): Promise<LabState> =>
  new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

describe('the record of a lab', () => {
  it('is none before its nodes are finished', async () => {
    const state = await labState()
    expect(await state.record()).toBeUndefined()
    await state.journal({ event: 'network-intent', network: 'kind' })
    await state.journal({ event: 'nodes-intent' })
    expect(await state.record()).toBeUndefined()
  })

  it('is what was finished last, whatever networks came after', async () => {
    const state = await labState()
    await state.journal({ event: 'nodes-intent' })
    await state.journal({ event: 'nodes-done', record })
    await state.journal({ event: 'network-intent', network: 'kind' })
    expect(await state.record()).toEqual(record)
  })

  it.each([{ event: 'nodes-removed' }, { event: 'nodes-intent' }] as const)(
    'is none after %o',
    async (entry) => {
      const state = await labState()
      await state.journal({ event: 'nodes-done', record })
      await state.journal(entry)
      expect(await state.record()).toBeUndefined()
    },
  )

  it('of another version is refused, and not taken for ours', async () => {
    const state = await labState()
    const other = { ...record, schema: 'headless-lab/state/v2' } as unknown as LabRecord
    await state.journal({ event: 'nodes-done', record: other })
    const error = await labErrorOf(state.record())
    expect(error).toMatchObject({ code: 'state.unreadable', exitCode: 2 })
    expect(error.message).toContain('headless-lab/state/v2')
  })
})

describe('the journal', () => {
  it('is read without a last line that a crash cut off', async () => {
    const state = await labState()
    await state.journal({ event: 'nodes-done', record })
    await appendFile(state.file('journal.jsonl'), '{"at":"2026-01-01","event":"nodes-rem')
    expect(await state.record()).toEqual(record)
  })

  it('loses no line that is written after one that was cut off', async () => {
    const state = await labState()
    await state.create()
    await writeFile(state.file('journal.jsonl'), '{"at":"2026-01-01","event":"nodes-int')
    await state.journal({ event: 'network-made', network: 'kind', id: 'a' })
    await state.journal({ event: 'nodes-done', record })
    expect([...(await state.madeNetworks()).keys()]).toEqual(['kind'])
    expect(await state.record()).toEqual(record)
  })

  it('tells the networks that were made, each once', async () => {
    const state = await labState()
    for (const network of ['kind', 'kind', 'other']) await state.journal({ event: 'network-intent', network })
    expect([...(await state.madeNetworks()).keys()]).toEqual(['kind', 'other'])
  })

  const intent = { event: 'network-intent', network: 'kind' } as const
  const made = (id: string): JournalEntry => ({ event: 'network-made', network: 'kind', id })
  it.each([
    ['one that was about to be made', [intent], 'any', true],
    ['the one that was made', [intent, made('a')], 'a', true],
    ['another of its name', [intent, made('a')], 'b', false],
    ['the one that was there', [{ ...intent, before: 'a' }], 'a', false],
    ['one in the place of the one that was there', [{ ...intent, before: 'a' }], 'b', true],
    ['the one that it made, and found again', [intent, made('a'), { ...intent, before: 'a' }], 'a', true],
    ['one that it makes anew', [intent, made('a'), intent], 'b', true],
    [
      'one that comes after its nodes, with which none was made',
      [intent, { event: 'nodes-gone' }],
      'a',
      false,
    ],
    [
      'the same, where they were finished',
      [
        { ...intent, before: 'a' },
        { event: 'nodes-done', record },
      ],
      'b',
      false,
    ],
  ] satisfies [string, JournalEntry[], string, boolean][])(
    'tells a network of the lab’s from others: %s',
    async (_, entries, id, is) => {
      const state = await labState()
      for (const entry of entries) await state.journal(entry)
      const known = (await state.madeNetworks()).get('kind')
      expect(known !== undefined && isMade(known, id)).toBe(is)
    },
  )

  it('tells the volumes of all its nodes, those that were removed too', async () => {
    const state = await labState()
    await state.journal({ event: 'nodes-removed', volumes: ['a'] })
    await state.journal({ event: 'nodes-removed' })
    await state.journal({ event: 'nodes-removed', volumes: ['b', 'c'] })
    await state.journal({ event: 'nodes-done', record, volumes: ['c', 'd'] })
    expect(await state.volumesOfNodes()).toEqual(['a', 'b', 'c', 'd'])
  })

  it.each([
    [[], false, false],
    [[{ event: 'nodes-intent' }], true, true],
    [[{ event: 'nodes-intent' }, { event: 'network-intent', network: 'kind' }], true, true],
    [[{ event: 'nodes-intent' }, { event: 'nodes-done', record }], false, true],
    [[{ event: 'nodes-done', record }, { event: 'nodes-removed' }], true, true],
    [[{ event: 'nodes-removed' }, { event: 'nodes-gone' }], false, false],
    [[{ event: 'nodes-intent' }, { event: 'nodes-gone' }], false, false],
  ] satisfies [JournalEntry[], boolean, boolean][])(
    '%j: half made %s, nodes %s',
    async (entries, half, may) => {
      const state = await labState()
      for (const entry of entries) await state.journal(entry)
      expect(await state.isHalfMade()).toBe(half)
      expect(await state.mayHaveNodes()).toBe(may)
    },
  )

  it('knows every container that was ever begun, also by another spec, and entries of before that name none', async () => {
    const state = await labState()
    expect(await state.containersOfNodes()).toEqual([])
    await state.journal({ event: 'nodes-intent' })
    await state.journal({ event: 'nodes-intent', containers: ['lab-worker', 'lab-db'] })
    await state.journal({ event: 'nodes-removed', volumes: ['v'] })
    await state.journal({ event: 'nodes-intent', containers: ['lab-worker'] })
    expect(await state.containersOfNodes()).toEqual(['lab-worker', 'lab-db'])
  })

  it('dates its lines', async () => {
    const state = await labState()
    await state.journal({ event: 'nodes-intent' })
    expect(await readFile(state.file('journal.jsonl'), 'utf8')).toMatch(
      /^\{"at":"\d{4}-\d\d-\d\dT[\d:.]+Z","event":"nodes-intent"\}\n$/,
    )
  })
})

describe('files', () => {
  it('are written by rename: whole or not at all, and nothing else stays', async () => {
    const state = await labState()
    await state.create()
    await state.write('kubeconfig', 'a: very long first content\n', 0o600)
    const { ino } = await stat(state.kubeconfig())
    await state.write('kubeconfig', 'b\n', 0o600)
    expect(await state.read('kubeconfig')).toBe('b\n')
    expect((await stat(state.kubeconfig())).ino).not.toBe(ino)
    expect(await mode(state.kubeconfig())).toBe(0o600)
    expect((await readdir(state.folder)).toSorted()).toEqual(['kubeconfig', 'logs'])
  })

  it('that cannot be read are not said to be absent', async () => {
    const state = await labState()
    await state.create()
    await mkdir(state.file('journal.jsonl'))
    await expect(state.record()).rejects.toThrow('EISDIR')
  })

  it('that are not there are undefined', async () => {
    expect(await (await labState()).read('kubeconfig')).toBeUndefined()
  })

  it('are for their owner only', async () => {
    const state = await labState()
    await state.create()
    expect(await mode(state.folder)).toBe(0o700)
  })

  it('keep the last result', async () => {
    const state = await labState()
    expect(await state.lastResult()).toBeUndefined()
    await state.create()
    const result = { schema: 'headless-lab/verify/v1', lab: 'lab', checks: [] } as unknown as VerifyResult
    await state.saveResult(result)
    expect(await state.lastResult()).toEqual(result)
  })

  it('know no result that began before a change was about to be, or was done', async () => {
    const begun = (after: string): VerifyResult =>
      ({ schema: 'headless-lab/verify/v1', startedAt: after, checks: [] }) as unknown as VerifyResult
    for (const entry of [{ event: 'changes-intent' }, { event: 'changes-done', changes: 1 }] as const) {
      const state = await labState()
      await state.journal({ event: 'nodes-intent' })
      await state.saveResult(begun('2000-01-01T00:00:00.000Z'))
      expect(await state.lastResult()).toBeDefined()
      await state.journal(entry)
      expect(await state.lastResult()).toBeUndefined()
      await state.saveResult(begun('2100-01-01T00:00:00.000Z'))
      expect(await state.lastResult()).toBeDefined()
    }
  })

  it('end changes that were cut off, once', async () => {
    const state = await labState()
    await state.endChanges()
    expect(await state.entries()).toEqual([])
    await state.journal({ event: 'changes-intent' })
    await state.endChanges()
    await state.endChanges()
    const last = (await state.entries()).slice(1)
    expect(last).toEqual([expect.objectContaining({ event: 'changes-done', changes: 0 })])
  })

  it('know nothing of a result that another version has written', async () => {
    const state = await labState()
    await state.create()
    await state.write('last-verify.json', '{"schema":"headless-lab/verify/v0","summary":{}}')
    expect(await state.lastResult()).toBeUndefined()
  })

  it('forget the last result, also where there is none', async () => {
    const state = await labState()
    await state.create()
    await state.saveResult({ schema: 'headless-lab/verify/v1' } as VerifyResult)
    await state.forgetResult()
    await state.forgetResult()
    expect(await state.lastResult()).toBeUndefined()
  })

  it('are removed, but not those of other labs, nor the lock', async () => {
    const state = await labState()
    const other = new LabState('lab-2', `${state.folder}-2`)
    await state.create()
    await other.create()
    await writeFile(state.lockFile(), '')
    await state.remove()
    await state.remove()
    expect((await readdir(join(state.folder, '..'))).toSorted()).toEqual(['lab-2', 'lab.lock'])
  })
})
