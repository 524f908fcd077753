import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { errorCodes } from '../../lab/errors.js'

it('has every code in docs/errors.md, with its exit code and whether a retry helps', async () => {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `([a-z.-]+)`\s+\| (\d+)\s+\| (yes|no)\s+\|/gm)].map(
    ([, code, exit, retry]) => [code, { exit: Number(exit), retry: retry === 'yes' }],
  )
  expect(Object.fromEntries(documented)).toEqual(errorCodes)
})
