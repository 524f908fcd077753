import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { errorCodes, LabError } from '../../lab/errors.js'

it('has every code in docs/errors.md, with its exit code and whether a retry helps', async () => {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `([a-z.-]+)`\s+\| (\d+)\s+\| (yes|no)\s+\|/gm)].map(
    ([, code, exit, retry]) => [code, { exit: Number(exit), retry: retry === 'yes' }],
  )
  expect(Object.fromEntries(documented)).toEqual(errorCodes)
})

it('is one line that a terminal prints as it is, whatever was typed', () => {
  const { message } = new LabError(
    'usage.invalid',
    'no file a\nb, \u001b[31mred, \u009b2J, \u202egnp, \u2028, \ud800: ä 🙂',
  )
  expect(message).toBe('no file a\\nb, \\u001b[31mred, \\u009b2J, \\u202egnp, \\u2028, \\ud800: ä 🙂')
})
