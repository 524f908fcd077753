import { chmod, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { imageRef, keyed, type Recipe } from '../../../lab/artifacts/recipe.js'
import { temporaryFolder } from '../host/fakes.js'
import { files, recipe } from './recipes.js'

const inputs = { 'app/Dockerfile': 'FROM base\n', 'app/rootfs/etc/app.conf': 'port 1\n', 'other/file': 'x\n' }
const app = recipe('app', { inputs: ['app'], dependsOn: ['base'] })

async function keys(
  recipes: readonly Recipe[],
  contents: Readonly<Record<string, string>> = inputs,
): Promise<Record<string, string>> {
  const images = await files(await temporaryFolder(), contents)
  return Object.fromEntries([...(await keyed(recipes, images))].map(([name, { key }]) => [name, key]))
}

describe('the key of a recipe', () => {
  const base = recipe('base')

  it('is 16 hexadecimal digits, the same for the same recipe wherever its files are', async () => {
    const first = await keys([base, app])
    expect(first['app']).toMatch(/^[0-9a-f]{16}$/)
    expect(await keys([app, base])).toEqual(first)
  })

  it.each<[string, Recipe[], Record<string, string>]>([
    ['an input file', [base, app], { ...inputs, 'app/rootfs/etc/app.conf': 'port 2\n' }],
    [
      'the name of an input file',
      [base, app],
      { 'app/Dockerfile': 'FROM base\n', 'app/rootfs/etc/b': 'port 1\n' },
    ],
    ['one more input file', [base, app], { ...inputs, 'app/more': '' }],
    ['a step', [base, { ...app, steps: [{ run: ['make', 'all'] }] }], inputs],
    [
      'the environment of a step',
      [base, { ...app, steps: [{ run: ['make', 'app'], env: { A: '1' } }] }],
      inputs,
    ],
    ['the version', [base, { ...app, version: '2' }], inputs],
    ['a dependency', [recipe('base', { version: '2' }), app], inputs],
    ['an input of a dependency', [recipe('base', { inputs: ['other'] }), app], inputs],
  ])('changes with %s', async (_, recipes, contents) => {
    expect((await keys(recipes, contents))['app']).not.toBe((await keys([base, app]))['app'])
  })

  it.each<[string, Record<string, string>]>([
    ['a README', { ...inputs, 'app/README.md': 'words' }],
    ['leftovers of editors', { ...inputs, 'app/.Dockerfile.swp': 'x', 'app/Dockerfile~': 'x' }],
    ['files that are no inputs', { ...inputs, 'other/file': 'y' }],
  ])('does not change with %s', async (_, contents) => {
    expect(await keys([base, app], contents)).toEqual(await keys([base, app]))
  })

  it('does not change with times and permissions', async () => {
    const images = await files(await temporaryFolder(), inputs)
    const before = (await keyed([base, app], images)).get('app')?.key
    await utimes(join(images, 'app/Dockerfile'), 1, 1)
    await chmod(join(images, 'app/Dockerfile'), 0o600)
    expect((await keyed([base, app], images)).get('app')?.key).toBe(before)
  })
})

describe('keyed', () => {
  it('gives each after those it depends on, with its reference', async () => {
    const images = await files(await temporaryFolder(), inputs)
    const map = await keyed([app, recipe('base')], images)
    expect([...map.keys()]).toEqual(['base', 'app'])
    const made = map.get('app')
    expect(made?.ref).toBe(`headless-lab/app:1-${made?.key ?? ''}`)
    expect(imageRef({ name: 'app', version: '1', key: 'k' })).toBe('headless-lab/app:1-k')
  })

  it.each<[string, Recipe[], string]>([
    ['an unknown dependency', [recipe('a', { dependsOn: ['b'] })], 'recipe a → b cannot be'],
    ['itself', [recipe('a', { dependsOn: ['a'] })], 'recipe a → a cannot be'],
    [
      'one that depends on it',
      [recipe('a', { dependsOn: ['b'] }), recipe('b', { dependsOn: ['a'] })],
      'recipe a → b → a cannot be',
    ],
  ])('refuses a recipe that depends on %s', async (_, recipes, message) => {
    await expect(keyed(recipes, '/nowhere')).rejects.toThrow(message)
  })

  it('refuses an input that is not there', async () => {
    await expect(keyed([recipe('a', { inputs: ['absent'] })], await temporaryFolder())).rejects.toThrow(
      'ENOENT',
    )
  })
})
