import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checks } from '../../../lab/checks/registry.js'
import { faultsPage, neverRed } from './faults-page.js'
import { faults, faultsOf } from './faults.js'

const file = join(import.meta.dirname, '../../../docs/faults.md')

test('docs/faults.md has the table of the faults (UPDATE_DOCS=1 writes it)', async () => {
  const page = faultsPage(faultsOf, checks)
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(file, page)
  expect(await readFile(file, 'utf8')).toBe(page)
})

test('every check fails in some fault, or it is said why in none', () => {
  const red = new Set(faults.flatMap(({ fails }) => fails))
  const never = checks.map(({ id }) => id).filter((id) => !red.has(id))
  expect(never.sort()).toEqual(Object.keys(neverRed).sort())
})

test('every pack of a lab has at least two faults that turn it red, and names are unique', () => {
  const packs = new Set(checks.map(({ pack }) => pack).filter((pack) => pack !== 'cluster'))
  expect(new Set(Object.keys(faultsOf))).toEqual(packs)
  for (const [pack, own] of Object.entries(faultsOf)) {
    const red = own.filter(({ fails }) => fails.some((id) => id.startsWith(`${pack}.`)))
    expect([pack, red.length >= 2]).toEqual([pack, true])
  }
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
})

test('what is expected are checks that there are', () => {
  const known = new Set(checks.map(({ id }) => id))
  const named = faults.flatMap(({ fails, inconclusive = [] }) => [...fails, ...inconclusive])
  expect(named.filter((id) => !known.has(id))).toEqual([])
})
