import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { versions } from '../../../lab/artifacts/versions.js'

interface Lockfile {
  readonly packages: Record<string, { version?: string; resolved?: string; integrity?: string }>
}

const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../../images/grpc/${name}`, import.meta.url), 'utf8'))
const { packages } = (await read('package-lock.json')) as Lockfile
const { '': root, ...locked } = packages

test('every package is pinned by its checksum, and to no registry', () => {
  expect(Object.keys(locked).length).toBeGreaterThan(3)
  for (const [path, { resolved, integrity }] of Object.entries(locked)) {
    expect(integrity, path).toMatch(/^sha512-/)
    expect(resolved, path).toBeUndefined()
  }
})

test('the lockfile is that of package.json, which names exact versions', async () => {
  const { dependencies } = (await read('package.json')) as { dependencies: Record<string, string> }
  expect(root).toMatchObject({ dependencies })
  for (const [name, version] of Object.entries(dependencies))
    expect(locked[`node_modules/${name}`]?.version).toBe(version)
})

test('the image has the version of the package it is about', () => {
  expect(locked['node_modules/@grpc/grpc-js']?.version).toMatch(new RegExp(`^${versions.grpc}\\.`))
})
