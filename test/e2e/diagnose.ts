import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ask } from './cluster.js'
import { command, lab } from './program.js'

interface Secrets {
  readonly items: readonly { readonly type: string; readonly data?: Readonly<Record<string, string>> }[]
}

/** Every value of every Secret of a cluster with databases, as it is and in base64. */
async function secretValues(): Promise<string[]> {
  const { items } = JSON.parse(await ask('get', 'secrets', '-A', '-o', 'json')) as Secrets
  const own = items.filter(({ type }) => type === 'Opaque').flatMap(({ data }) => Object.values(data ?? {}))
  const plain = own.map((value) => Buffer.from(value, 'base64').toString())
  // Names of users are no secrets, and words of many other things.
  const secret = [...own.keys()].filter((i) => (plain[i] ?? '').length >= 12)
  return secret.flatMap((i) => [own[i] ?? '', plain[i] ?? ''])
}

export function diagnoseTests(): void {
  it('is told whole in one archive, in which no value of a Secret is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headless-lab-test-diagnose-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const archive = join(folder, 'lab.tar.gz')
    const { code, stdout } = await lab('diagnose', '--output', archive)
    expect(code).toBe(0)
    expect(stdout).toBe(`${archive}\n`)
    expect((await stat(archive)).mode & 0o777).toBe(0o600)
    expect((await command('tar', '-xzf', archive, '-C', folder)).code).toBe(0)
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile() && entry.name !== 'lab.tar.gz')
      .map((entry) => join(entry.parentPath, entry.name))
    for (const part of [
      'journal.jsonl',
      'status.json',
      'events.json',
      'kubelet',
      'redis-0',
      'containerlab.log',
    ])
      expect(
        files.filter((file) => file.includes(part)),
        part,
      ).not.toEqual([])
    const values = await secretValues()
    expect(values.length).toBeGreaterThan(8)
    const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })))
    const telling = texts.filter(({ text }) => values.some((value) => text.includes(value)))
    expect(telling.map(({ file }) => file)).toEqual([])
    expect(
      texts.filter(({ text }) => /-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)).map(({ file }) => file),
    ).toEqual([])
  })
}
