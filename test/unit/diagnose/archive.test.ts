import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { archiveName, writeArchive } from '../../../lab/diagnose/archive.js'
import { LabError } from '../../../lab/errors.js'
import { tryRun } from '../../../lab/host/run.js'
import { fakeRun, labErrorOf, never, rejectionOf, temporaryFolder } from '../host/fakes.js'

const io = { run: tryRun, signal: never() }

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, 'a'))
  await writeFile(join(folder, 'a/b.txt'), 'content')
}

test('a name tells the lab and the time', () => {
  expect(archiveName('blue', new Date('2026-01-31T23:59:58.123Z'))).toBe('headless-lab-blue-20260131T235958Z')
})

describe('an archive', () => {
  test('holds one folder, and nobody else may read it', async () => {
    const file = join(await temporaryFolder(), 'x.tar.gz')
    const size = await writeArchive(file, 'lab', fill, io)
    const { stdout } = await execa('tar', ['-xzOf', file, 'lab/a/b.txt'])
    expect(stdout).toBe('content')
    const { mode, size: really } = await stat(file)
    expect([mode & 0o777, really]).toEqual([0o600, size])
  })

  test('takes the place of an older one', async () => {
    const file = join(await temporaryFolder(), 'x.tar.gz')
    await writeFile(file, 'older', { mode: 0o644 })
    await writeArchive(file, 'lab', fill, io)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await execa('tar', ['-tzf', file])).stdout).toContain('lab/a/b.txt')
  })

  test('is not there when it could not be filled or made, nor is anything of it', async () => {
    const outside = await temporaryFolder()
    const file = join(outside, 'x.tar.gz')
    let scratch = ''
    const failing = writeArchive(
      file,
      'lab',
      (folder) => {
        scratch = folder
        return Promise.reject(new LabError('interrupted', 'stop'))
      },
      io,
    )
    expect(await rejectionOf(failing)).toMatchObject({ code: 'interrupted' })
    const { run } = fakeRun(() => ({ exitCode: 2, stderr: 'no space' }))
    const noTar = await labErrorOf(writeArchive(file, 'lab', fill, { run, signal: never() }))
    expect([noTar.code, noTar.details]).toEqual(['command.failed', 'no space'])
    expect(await readdir(outside)).toEqual([])
    await expect(stat(scratch)).rejects.toThrow('ENOENT')
  })

  test('is not there when it was interrupted at the last moment, and an older one stays', async () => {
    const file = join(await temporaryFolder(), 'x.tar.gz')
    await writeFile(file, 'older')
    const controller = new AbortController()
    const { run } = fakeRun(async ({ args }) => {
      await writeFile(args[1] ?? '', 'made')
      return ''
    })
    const interrupting: typeof run = async (...call) => {
      const result = await run(...call)
      controller.abort(new LabError('interrupted', 'stop'))
      return result
    }
    const writing = writeArchive(file, 'lab', fill, { run: interrupting, signal: controller.signal })
    expect(await rejectionOf(writing)).toMatchObject({ code: 'interrupted' })
    expect(await readFile(file, 'utf8')).toBe('older')
  })
})
