import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { reportError } from '../../../lab/commands/report-error.js'
import { LabError } from '../../../lab/errors.js'

function reported(error: unknown): { code: number; said: string[] } {
  const said: string[] = []
  const code = reportError(error, (line) => said.push(line))
  return { code, said }
}

it('explains, says it in one line, and tells what to do next', () => {
  const error = new LabError('host.disk', 'no disk', { details: 'df says so', hint: 'free some' })
  expect(reported(error)).toEqual({ code: 3, said: ['df says so', 'headless-lab: no disk', '  free some'] })
})

it('says no more than there is', () => {
  expect(reported(new LabError('interrupted', 'interrupted', { details: '' }))).toEqual({
    code: 130,
    said: ['headless-lab: interrupted'],
  })
})

it.each([
  ['EACCES', "permission denied, mkdir '/x'", '/x: permission denied (mkdir)'],
  ['EROFS', "read-only file system, open '/x'", '/x: read-only file system (open)'],
  ['ENOTDIR', "not a directory, mkdir '/x'", '/x: not a directory (mkdir)'],
])('says in one line which file the system refuses, and why: %s', (code, words, line) => {
  const syscall = line.slice(line.indexOf('(') + 1, -1)
  const error = Object.assign(new Error(`${code}: ${words}`), { code, errno: -1, syscall, path: '/x' })
  const { code: exit, said } = reported(error)
  expect(exit).toBe(3)
  expect(said[0]).toBe(`headless-lab: ${line}`)
  expect(said).toHaveLength(2)
})

it('takes what the system says as it comes', async () => {
  const error = await mkdir(join(import.meta.filename, 'x')).catch((thrown: unknown) => thrown)
  expect(reported(error).said[0]).toMatch(/report-error\.test\.ts\/x: not a directory \(mkdir\)$/)
})

it('says that the disk is full, also where no file is named', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  })
  expect(reported(error)).toMatchObject({
    code: 3,
    said: [
      'headless-lab: a file could not be written: no space left on the disk',
      expect.stringContaining('free some space'),
    ],
  })
})

it('takes a file that is not there, and one that no path is known of, for bugs', () => {
  for (const fields of [{ code: 'ENOENT', path: '/x' }, { code: 'EACCES' }]) {
    expect(reported(Object.assign(new Error('x'), fields)).code).toBe(4)
  }
})

it('shows the stack of a bug', () => {
  const { code, said } = reported(new TypeError('x is undefined'))
  expect(code).toBe(4)
  expect(said[0]).toContain('this is a bug')
  expect(said[1]).toMatch(/TypeError: x is undefined\n\s+at /)
  expect(reported('thrown words').said[1]).toBe('thrown words')
})
