import { execa } from 'execa'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { parseAllDocuments } from 'yaml'

/** What the tests look at in a Kubernetes object. */
export interface KubeObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Record<string, unknown>
}

/** A project of somebody else, in a folder of its own that is removed after the test. */
export interface Consumer {
  readonly folder: string
  /** Runs a command in it and gives what it wrote to stdout; throws when it fails. */
  run(command: string, ...args: string[]): Promise<string>
  /** Writes a file in it. */
  write(file: string, text: string): Promise<void>
  /** Installs the packed library, beside what its package.json asks for. */
  install(): Promise<void>
}

/** An empty folder, or one with a copy of `from`. */
export async function consumer(from?: string): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'headless-lab-consumer-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  if (from !== undefined) {
    await cp(from, folder, {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    })
  }
  const run = async (command: string, ...args: string[]): Promise<string> => {
    const { stdout } = await execa(command, args, { cwd: folder, stdin: 'ignore', env: { CI: '1' } })
    return stdout
  }
  return {
    folder,
    run,
    write: (file, text) => writeFile(join(folder, file), text),
    install: async () => {
      await run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', inject('tarball'))
    },
  }
}

/** The objects of a YAML stream. */
export function objects(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml).map((document) => {
    if (document.errors.length > 0) throw document.errors[0] ?? new Error('no YAML')
    return document.toJS() as KubeObject
  })
}

/** `Kind name` of each, sorted. */
export function listed(all: readonly KubeObject[]): string[] {
  return all.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()
}

/** The version of a package that is installed here, as a caret range. */
export async function caret(name: string): Promise<string> {
  const file = join(import.meta.dirname, '../../node_modules', name, 'package.json')
  return `^${(JSON.parse(await readFile(file, 'utf8')) as { version: string }).version}`
}
