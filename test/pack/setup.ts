import { execa } from 'execa'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the package, as `npm publish` would send it. */
    tarball: string
  }
}

const root = join(import.meta.dirname, '../..')

/** Packs the library once, for all tests of this room. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'headless-lab-pack-'))
  await execa('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, stdin: 'ignore' })
  const [name = ''] = await readdir(folder)
  project.provide('tarball', join(folder, name))
  return () => rm(folder, { recursive: true, force: true })
}
