import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { tryRun } from '../../../lab/host/run.js'

const script = new URL('../../../scripts/licences.mjs', import.meta.url)

interface Locked {
  readonly version: string
  readonly license?: string
  readonly dev?: boolean
}

/** What the script finds wrong with a lockfile that has these packages too. */
async function unknown(packages: Readonly<Record<string, Locked>>): Promise<unknown> {
  const lockfile = JSON.stringify({ packages: { '': { dependencies: { a: '*' } }, ...packages } })
  const code = `import { shipped, unknown } from '${script.href}'
    console.log(JSON.stringify(unknown(shipped(${lockfile}))))`
  const { stdout, stderr } = await tryRun(process.execPath, ['--input-type=module', '-e', code])
  return JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout)
}

it('docs/licences.md is what the lockfile says', async () => {
  expect(await tryRun(process.execPath, [fileURLToPath(script), '--check'])).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
})

it('the lockfile says what the packages say themselves', async () => {
  const root = new URL('../../../', import.meta.url)
  const read = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(new URL(path, root), 'utf8'))
  const { packages } = (await read('package-lock.json')) as { packages: Record<string, Locked> }
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  expect(shipped.length).toBeGreaterThan(50)
  for (const [path, { license, version }] of shipped) {
    // One for another system is not installed here.
    const own = await read(`${path}/package.json`).catch(() => undefined)
    if (own !== undefined) expect(own).toMatchObject({ version, license })
  }
})

describe('a package that is shipped', () => {
  it('is refused without a licence, or with one that nobody has looked at', async () => {
    expect(
      await unknown({
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/b': { version: '1.0.0' },
        'node_modules/a/node_modules/@c/d': { version: '2.0.0', license: 'BUSL-1.1' },
      }),
    ).toEqual(['@c/d@2.0.0 (BUSL-1.1)', 'b@1.0.0 (none)'])
  })

  it('is not one that only developing needs', async () => {
    expect(await unknown({ 'node_modules/b': { version: '1.0.0', dev: true } })).toEqual([])
  })
})

it('the packages of the gRPC image have licences that are known too', async () => {
  const url = new URL('../../../images/grpc/package-lock.json', import.meta.url)
  const { packages } = JSON.parse(await readFile(url, 'utf8')) as { packages: Record<string, Locked> }
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  expect(await unknown(Object.fromEntries(locked))).toEqual([])
})
