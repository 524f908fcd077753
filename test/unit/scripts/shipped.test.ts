import { expect, it } from 'vitest'
import { evaluate } from './evaluate.js'

/** Where the packages lie that npm installs with the one of this lockfile, in its order. */
const shipped = (packages: Readonly<Record<string, object>>): Promise<unknown> =>
  evaluate('shipped.mjs', 'Object.keys(script.shipped(value))', { packages })

it('is what npm installs: dependencies, those of dependencies, and peers', async () => {
  const packages = {
    '': { dependencies: { a: '*' }, peerDependencies: { p: '*' }, devDependencies: { d: '*', p: '*' } },
    'node_modules/a': { dependencies: { b: '*' } },
    'node_modules/b': { optionalDependencies: { c: '*', 'not-for-this-system': '*' } },
    'node_modules/c': { peerDependencies: { q: '*' } },
    'node_modules/d': { dev: true },
    // The lockfile marks them as of developing, since they are installed for that as well.
    'node_modules/p': { dev: true, dependencies: { r: '*' } },
    'node_modules/q': {},
    'node_modules/p/node_modules/r': { dev: true, inBundle: true },
  }
  expect(await shipped(packages)).toEqual([
    ...['node_modules/a', 'node_modules/b', 'node_modules/c', 'node_modules/p', 'node_modules/q'],
    'node_modules/p/node_modules/r',
  ])
})

it('is not what only developing needs, nor a peer that may be left out', async () => {
  const optional = { peerDependencies: { d: '*' }, peerDependenciesMeta: { d: { optional: true } } }
  const packages = {
    '': { dependencies: { a: '*' }, devDependencies: { d: '*' }, ...optional },
    'node_modules/a': { devDependencies: { e: '*' }, ...optional },
    'node_modules/d': { dev: true },
    'node_modules/e': { dev: true },
  }
  expect(await shipped(packages)).toEqual(['node_modules/a'])
})

it('is the version that is nearest to who asks, as Node looks for it', async () => {
  const packages = {
    '': { dependencies: { a: '*', '@s/b': '*' } },
    'node_modules/a': { dependencies: { x: '*' } },
    'node_modules/a/node_modules/x': { dependencies: { y: '*' } },
    'node_modules/a/node_modules/y': {},
    'node_modules/@s/b': { dependencies: { y: '*' } },
    'node_modules/x': { dev: true },
    'node_modules/y': {},
  }
  expect(await shipped(packages)).toEqual([
    ...['node_modules/a', 'node_modules/a/node_modules/x', 'node_modules/a/node_modules/y'],
    ...['node_modules/@s/b', 'node_modules/y'],
  ])
})

it('is not known of a lockfile that lacks a package', async () => {
  const packages = { '': { dependencies: { a: '*' } }, 'node_modules/a': { dependencies: { b: '*' } } }
  expect(await shipped(packages)).toContain('package-lock.json has no b, which node_modules/a asks for')
})
