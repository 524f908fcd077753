import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { checks } from '../../../lab/checks/registry.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('ids are unique and begin with the pack', () => {
  const ids = checks.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { id, pack } of checks) expect(id).toMatch(new RegExp(`^${pack}(\\.[a-z-]+)+$`))
})

test('docs/checks.md has a row for each check, with its claim and its exercise, and no other', () => {
  const page = readFileSync(join(root, 'docs/checks.md'), 'utf8')
  const rows = page.split('\n').flatMap((line) => {
    const [, id, title, answers, needs] = line.split('|').map((cell) => cell.trim())
    return id?.startsWith('`') === true ? [{ id: id.replaceAll('`', ''), title, answers, needs }] : []
  })
  expect(rows).toEqual(
    checks.map(({ id, title, answers, needs }) => ({ id, title, answers, needs: needs.join(', ') })),
  )
})

test('checks take nothing of observe but its model, and observe knows nothing of checks', () => {
  expect(importsOf('lab/checks').filter((path) => /observe\/(?!model\/)/.test(path))).toEqual([])
  expect(importsOf('lab/observe').filter((path) => /checks\/|report\//.test(path))).toEqual([])
  expect(importsOf('lab/observe/model').filter((path) => /^\.\.\/[^.]/.test(path))).toEqual([])
})

function importsOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(join(root, folder, name), 'utf8').matchAll(/ from '(\.[^']+)'/g)])
    .map(([, path]) => path ?? '')
}
