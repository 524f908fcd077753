import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { changeHosts } from '../../../lab/cluster/hosts-file.js'
import { unlessAborted } from '../../../lab/host/deadline.js'
import { lock } from '../../../lab/host/lock.js'
import { labErrorOf, rejectionOf, temporaryFolder } from '../host/fakes.js'

vi.mock('../../../lab/host/lock.js', { spy: true })
afterEach(() => void vi.useRealTimers())

async function hosts(text: string): Promise<{ folder: string; file: string; now: () => Promise<string> }> {
  const folder = await temporaryFolder()
  const file = join(folder, 'hosts')
  await writeFile(file, text, { mode: 0o644 })
  return { folder, file, now: () => readFile(file, 'utf8') }
}

it('writes what is another text, and leaves nothing beside it', async () => {
  const { folder, file, now } = await hosts('a\n')
  expect(await changeHosts(file, (text) => `${text}b\n`)).toBe(true)
  expect(await now()).toBe('a\nb\n')
  expect(await changeHosts(file, (text) => text)).toBe(false)
  expect((await stat(file)).mode & 0o777).toBe(0o644)
  expect(await readdir(folder)).toEqual(['hosts'])
})

it('loses no change of labs that make theirs at the same time', async () => {
  const { file, now } = await hosts('')
  const lines = Array.from({ length: 8 }, (_, i) => `line ${i}\n`)
  await Promise.all(lines.map((line) => changeHosts(file, (text) => text + line)))
  expect((await now()).split('\n').toSorted()).toEqual(['', ...lines.map((line) => line.trim())])
})

it.each([
  ['nothing of it was written', '', 'a\nb\n'],
  ['it was cut in a line', 'a', 'a\nb\n'],
  ['the copy was cut', 'a\nb\n', 'a\nb\n'],
])('completes what a run that was killed wrote in place: %s', async (_, is, expected) => {
  const { folder, file, now } = await hosts(is)
  await writeFile(`${file}.headless-lab`, is === 'a\nb\n' ? 'a' : 'a\nb\n')
  await changeHosts(file, (text) => text)
  expect(await now()).toBe(expected)
  expect(await readdir(folder)).toEqual(['hosts'])
})

it('tells a user who may write nothing there that there is nothing to do, and else what refuses', async () => {
  const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  const { file } = await hosts('a\n')
  vi.mocked(lock).mockRejectedValue(refused)
  try {
    expect(await changeHosts(file, (text) => text)).toBe(false)
    expect(await rejectionOf(changeHosts(file, (text) => `${text}b\n`))).toBe(refused)
    await writeFile(`${file}.headless-lab`, 'a\nb\n')
    expect(await rejectionOf(changeHosts(file, (text) => text))).toBe(refused)
  } finally {
    vi.mocked(lock).mockReset()
  }
})

it('says who holds the file', async () => {
  vi.useFakeTimers()
  const { file } = await hosts('a\n')
  vi.mocked(lock).mockImplementation((_, __, { signal, onWaiting }) => {
    onWaiting?.('process 7')
    return unlessAborted(signal, new Promise(() => undefined))
  })
  try {
    const error = labErrorOf(changeHosts(file, (text) => text))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await error).toMatchObject({ code: 'lab.locked', message: `${file} is held by process 7` })
  } finally {
    vi.mocked(lock).mockReset()
  }
})
