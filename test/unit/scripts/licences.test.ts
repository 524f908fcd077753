import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { tryRun } from '../../../lab/host/run.js'
import { evaluate } from './evaluate.js'

const root = new URL('../../../', import.meta.url)

interface Lockfile {
  readonly packages: Readonly<Record<string, object>>
}

const lockfileOf = async (folder: string): Promise<Lockfile> =>
  JSON.parse(await readFile(new URL(`${folder}package-lock.json`, root), 'utf8')) as Lockfile

/** What the script finds wrong with the packages of a lockfile. */
const unknown = (lockfile: Lockfile): Promise<unknown> =>
  evaluate('licences.mjs', 'script.unknown(script.listed(value))', lockfile)

it('docs/licences.md is what the lockfile says', async () => {
  expect(
    await tryRun(process.execPath, [fileURLToPath(new URL('scripts/licences.mjs', root)), '--check']),
  ).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
})

it('docs/licences.md has the peers, and what comes with them', async () => {
  const page = await readFile(new URL('docs/licences.md', root), 'utf8')
  const names = [...page.matchAll(/^\| (\S+) /gm)].map((match) => match[1])
  expect(names).toEqual(expect.arrayContaining(['**cdk8s**', '**cdk8s-plus-28**', '**constructs**']))
  expect(names).toEqual(expect.arrayContaining(['follow-redirects', 'fast-json-patch', 'minimatch']))
  expect(names).not.toContain('vitest')
})

it('the lockfile says what the packages say themselves', async () => {
  const shipped = await evaluate('shipped.mjs', 'script.shipped(value)', await lockfileOf(''))
  const entries = Object.entries(shipped as Record<string, { version: string; license: string }>)
  expect(entries.length).toBeGreaterThan(50)
  for (const [path, { version, license }] of entries) {
    // One for another system is not installed here.
    const own = await readFile(new URL(`${path}/package.json`, root), 'utf8').catch(() => undefined)
    if (own !== undefined) expect(JSON.parse(own)).toMatchObject({ version, license })
  }
})

describe('a package that is shipped', () => {
  const entry = { version: '1.0.0', license: 'MIT' }

  it('is refused without a licence, or with one that nobody has looked at', async () => {
    const packages = {
      '': { dependencies: { a: '*', b: '*' } },
      'node_modules/a': { ...entry, dependencies: { '@c/d': '*' } },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/a/node_modules/@c/d': { version: '2.0.0', license: 'BUSL-1.1' },
    }
    expect(await unknown({ packages })).toEqual(['@c/d@2.0.0 (BUSL-1.1)', 'b@1.0.0 (none)'])
  })
})

it('the packages of the gRPC image have licences that are known too', async () => {
  expect(await unknown(await lockfileOf('images/grpc/'))).toEqual([])
})
