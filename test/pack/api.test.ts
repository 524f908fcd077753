import { execa } from 'execa'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const cwd = join(import.meta.dirname, '../..')

test('the public API is what docs/api says', async () => {
  const { exitCode, all } = await execa('node', ['scripts/api.mjs', '--check'], {
    cwd,
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  expect({ exitCode, all }).toEqual({ exitCode: 0, all: '' })
})

test('every public symbol of the constructs is documented', async () => {
  const args = ['node_modules/typedoc/bin/typedoc', '--emit', 'none', '--pretty', 'false']
  const { exitCode, all } = await execa('node', args, { cwd, all: true, reject: false, stdin: 'ignore' })
  expect({ exitCode, all }).toEqual({
    exitCode: 0,
    all: expect.not.stringMatching(/warning|error/) as string,
  })
})
