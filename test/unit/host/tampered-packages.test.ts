import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { ensureHost } from '../../../lab/host/provision.js'
import type { HostFacts } from '../../../lab/host/requirements.js'
import { tryRun, type Run } from '../../../lab/host/run.js'
import { debian13 } from './facts.js'
import { labErrorOf, never, temporaryFolder } from './fakes.js'

// The host's own apt, with folders of the test, and an archive that lies in one of them.
const world = vi.hoisted((): { facts: unknown } => ({ facts: undefined }))
vi.mock('../../../lab/host/inspect.js', () => ({ inspectHost: () => Promise.resolve(world.facts) }))

const archive = fileURLToPath(new URL('../../fixtures/apt', import.meta.url))
const IN_RELEASE = 'dists/trixie/InRelease'
const hasApt = (await tryRun('sh', ['-c', 'command -v apt-get'])).exitCode === 0

/** A Debian that lacks nothing but debootstrap. */
const lacksOne: HostFacts = {
  ...debian13,
  ...{ engine: 'running', dockerCli: true, go: '1.24', maven: true, gpgv: true, debootstrap: false },
}

/** A copy of the archive, changed by the test, and an apt that knows no other. */
async function host(change: (archive: string) => Promise<void> = () => Promise.resolve()) {
  const folder = await temporaryFolder()
  const own = join(folder, 'archive')
  await cp(archive, own, { recursive: true })
  await change(own)
  for (const path of ['etc/sources.list.d', 'state/lists/partial', 'cache/archives/partial', 'log'])
    await mkdir(join(folder, path), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  const source = ['Types: deb', `URIs: file:${own}`, 'Suites: trixie', 'Components: main']
  await writeFile(
    join(folder, 'etc/sources.list.d/test.sources'),
    `${[...source, `Signed-By: ${own}/keyring.gpg`].join('\n')}\n`,
  )
  const settings = {
    Dir: folder,
    'Dir::Etc': 'etc',
    'Dir::State': 'state',
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': 'cache',
    'Dir::Log': 'log',
    // Whatever happens, nothing is installed.
    'Dir::Bin::dpkg': '/bin/false',
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': 'root',
  }
  const config = join(folder, 'apt.conf')
  await writeFile(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  const run: Run = (file, args, options = {}) => {
    // The engine, which is there and works.
    if (file === 'docker') return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
    return tryRun(file, args, { ...options, env: { ...options.env, APT_CONFIG: config, LC_ALL: 'C' } })
  }
  const install = (): Promise<void> => {
    world.facts = lacksOne
    return ensureHost(['debootstrap'], {
      run,
      consent: () => Promise.resolve(true),
      say: () => undefined,
      signal: never(),
      installLog: join(folder, 'install.log'),
      engineLog: join(folder, 'engine.log'),
    })
  }
  return { run, install, folder }
}

describe.skipIf(!hasApt)('apt, as deploy calls it', () => {
  it('takes a package of an archive that is signed', async () => {
    const { run, install, folder } = await host()
    expect(await run('apt-get', ['update'])).toMatchObject({ exitCode: 0 })
    expect(await run('apt-get', ['install', '-y', '--download-only', 'debootstrap'])).toMatchObject({
      exitCode: 0,
    })
    // It gets as far as dpkg, which this test does not have.
    expect((await labErrorOf(install())).details).toContain('/bin/false')
    expect(await readFile(join(folder, 'install.log'), 'utf8')).toContain('$ env')
  })

  it.each<[string, (archive: string) => Promise<void>, RegExp]>([
    ['that is not signed', unsigned, /is not signed/],
    [
      'whose list was changed after it was signed',
      (own) => replace(own, IN_RELEASE, 'headless', 'headles5'),
      /is not signed/,
    ],
    ['that somebody else has signed', (own) => rm(join(own, 'keyring.gpg')), /is not signed/],
    [
      'whose packages have other checksums than the signed list says',
      (own) => replace(own, 'dists/trixie/main/binary-all/Packages', 'empty', 'empt1'),
      /Hash Sum mismatch/,
    ],
    [
      'with a package that was changed',
      (own) => replace(own, 'pool/debootstrap.deb', 'debian-binary', 'debian-binarx'),
      /Hash Sum mismatch/,
    ],
    [
      'with a package that has grown',
      (own) => appendFile(join(own, 'pool/debootstrap.deb'), 'x'),
      /unexpected size|Size mismatch|Hash Sum mismatch/,
    ],
  ])('refuses an archive %s', async (_, change, words) => {
    const { install } = await host(change)
    const error = await labErrorOf(install())
    expect(error).toMatchObject({ code: 'host.install-failed', exitCode: 3 })
    expect(error.message).toMatch(/apt-get (update|install).* failed with exit code 100$/)
    expect(error.details).toMatch(words)
  })
})

/** The same lists, without the signature around them. */
async function unsigned(own: string): Promise<void> {
  const file = join(own, IN_RELEASE)
  const [, text = ''] = /\n\n([^]*)-----BEGIN PGP SIGNATURE/.exec(await readFile(file, 'utf8')) ?? []
  await writeFile(join(own, 'dists/trixie/Release'), text)
  await rm(file)
}

/** Other bytes of the same length. */
async function replace(own: string, path: string, some: string, other: string): Promise<void> {
  const file = join(own, path)
  const bytes = await readFile(file, 'latin1')
  expect(bytes).toContain(some)
  await writeFile(file, bytes.replace(some, other), 'latin1')
}
