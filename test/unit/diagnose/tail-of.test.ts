import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tailOf, tailOfFile } from '../../../lab/diagnose/tail-of.js'
import { temporaryFolder } from '../host/fakes.js'

const ofFile = async (text: string, bytes: number): Promise<string> => {
  const file = join(await temporaryFolder(), 'x.log')
  await writeFile(file, text)
  return tailOfFile(file, bytes)
}

describe.each([
  ['of a text', (text: string, bytes: number) => Promise.resolve(tailOf(text, bytes))],
  ['of a file', ofFile],
])('the end %s', (_, tail) => {
  test('is all of it where it is short', async () => {
    expect(await tail('one\ntwo\n', 8)).toBe('one\ntwo\n')
    expect(await tail('', 8)).toBe('')
  })

  test('is whole lines, and says that it is not all', async () => {
    expect(await tail('one\ntwo\nthree\n', 11)).toBe('… the last 10 of 14 bytes …\ntwo\nthree\n')
  })

  test('is cut between characters', async () => {
    expect(await tail('üüü\nä\n', 4)).toBe('… the last 3 of 10 bytes …\nä\n')
  })

  test('of one endless line is as much of it as may be', async () => {
    expect(await tail('x'.repeat(20), 5)).toBe('… the last 5 of 20 bytes …\nxxxxx')
    expect(await tail(`${'x'.repeat(20)}\n`, 5)).toBe('… the last 5 of 21 bytes …\nxxxx\n')
  })
})
