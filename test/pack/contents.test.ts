import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execa } from 'execa'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { expect, inject, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const tarball = inject('tarball')

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}

/** What is compiled from the TypeScript of some folders. */
async function compiled(to: string, ...folders: string[]): Promise<string[]> {
  const files = (await Promise.all(folders.map(sources))).flat().filter((file) => file.endsWith('.ts'))
  return files.flatMap((file) => ['.js', '.d.ts'].map((ending) => `${to}/${file.slice(0, -3)}${ending}`))
}

test('the package holds what is compiled, the recipes of the images, the documents, and nothing else', async () => {
  const { stdout } = await execa('tar', ['-tzf', tarball])
  const packed = stdout.split('\n').map((file) => file.replace(/^package\//, ''))
  const expected = [
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'package.json',
    'scripts/headless-lab.mjs',
    'scripts/packages.mjs',
    'build/cjs/package.json',
    ...(await compiled('build', 'constructs', 'lab', 'topology')),
    ...(await compiled('build/cjs', 'constructs', 'topology')),
    ...(await sources('images')),
    ...(await sources('docs')).filter((file) => /^docs\/([^/]+\.md|(adr|api|schema)\/.*)$/.test(file)),
    ...(await sources('examples')),
  ]
  expect(packed.sort()).toEqual(expected.sort())
})

test('links between the documents lead to files of the package', async () => {
  const { stdout } = await execa('tar', ['-tzf', tarball])
  const packed = new Set(stdout.split('\n').map((file) => file.replace(/^package\//, '')))
  const documents = [...packed].filter((file) => file.endsWith('.md'))
  expect(documents.length).toBeGreaterThan(10)
  for (const document of documents) {
    const text = await readFile(join(root, document), 'utf8')
    const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, link = '']) => link)
    for (const link of links) {
      const to = posix.join(posix.dirname(document), link).replace(/\/$/, '')
      const found = packed.has(to) || [...packed].some((file) => file.startsWith(`${to}/`))
      expect(found, `${document} leads to ${link}`).toBe(true)
    }
  }
})

test('publint finds nothing', async () => {
  const data = await readFile(tarball)
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) },
  })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('types are right for every entry point, by every way a project may resolve them', async () => {
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))))
  if (!analysis.types) throw new Error('the package has no types')
  expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining(['.', './topology', './verify']))
  // The verifier is an ES module only, as the Kubernetes client that it is made with; Node can require it.
  const meant = { kind: 'CJSResolvesToESM', entrypoint: './verify', resolutionKind: 'node16-cjs' }
  expect(analysis.problems).toEqual([meant])
})
