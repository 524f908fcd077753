import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultSource } from '../../lab/artifacts/default-source.js'
import type { Bom } from '../../lab/sbom/cyclonedx.js'
import { withoutLicence } from '../../lab/sbom/describe.js'
import { schemaErrors } from '../unit/sbom/schema.js'
import { command, lab, root } from './program.js'

// The bills of what the deploy before has built, against what others say of the same artifacts.
const images = ['redis', 'nginx', 'multitool', 'postgres', 'mariadb', 'grpc', 'kafka', 'system', 'node-base']
const programs = [
  'kubernetes',
  'etcd',
  'coredns',
  'calico',
  'containerlab',
  'local-path-provisioner',
  'pause',
]
const hasGo = (await command('go', 'version')).code === 0
const folders = new Map<string, string>()
const bills = new Map<string, Bom>()
let output = ''

const bill = (name: string): Bom => {
  const found = bills.get(name)
  if (found === undefined) throw new Error(`there is no bill of ${name}`)
  return found
}

beforeAll(async () => {
  output = await mkdtemp(join(tmpdir(), 'headless-lab-sbom-'))
  const { code, stdout, stderr } = await lab('sbom', '--output', output)
  expect(code, stderr).toBe(0)
  for (const file of stdout.trim().split('\n'))
    bills.set(
      file.slice(output.length + 1).replace('.cdx.json', ''),
      JSON.parse(await readFile(file, 'utf8')) as Bom,
    )
  const source = await defaultSource(join(root, 'images'))
  for (const name of bills.keys()) folders.set(name, (await source.get(name)).folder)
})

afterAll(() => rm(output, { recursive: true, force: true }))

it('there is one of each artifact, valid by the schema of CycloneDX', () => {
  expect([...bills.keys()].toSorted()).toEqual([...images, ...programs, 'base', 'node'].toSorted())
  for (const [name, bom] of bills) expect(schemaErrors(bom), name).toEqual([])
})

describe.each(images)('%s', (name) => {
  it('has the packages that dpkg told when it was built', async () => {
    const told = await readFile(join(folders.get(name) ?? '', 'packages.txt'), 'utf8')
    const packages = bill(name).components.filter(({ purl }) => purl?.startsWith('pkg:deb/') === true)
    // dpkg-query tells the architecture of libraries that may be there in several.
    const expected = told
      .trim()
      .split('\n')
      .map((line) => line.replace(/:\w+\t/, '\t'))
    const has = packages.map((part) => `${part.name}\t${part.version ?? ''}`)
    expect(has.toSorted()).toEqual(expected.toSorted())
  })

  it('has a licence of each package of Debian, npm and Maven', () => {
    const { components, ...rest } = bill(name)
    const others = components.filter(({ purl = '' }) => !purl.startsWith('pkg:golang/'))
    expect(withoutLicence({ ...rest, components: others })).toEqual([])
  })
})

describe.skipIf(!hasGo).each(programs)('%s', (name) => {
  it('has the modules that Go tells of its programs', async () => {
    const { components, dependencies } = bill(name)
    const byRef = new Map(components.map((part) => [part['bom-ref'], part]))
    const own = components.filter(({ type }) => type === 'application')
    expect(own.length).toBeGreaterThan(0)
    for (const program of own) {
      const { stdout } = await command('go', 'version', '-m', join(folders.get(name) ?? '', program.name))
      const parts = dependencies.find(({ ref }) => ref === program['bom-ref'])?.dependsOn ?? []
      const has = parts
        .map((ref) => byRef.get(ref))
        .map((part) => `${part?.name ?? ''} ${part?.version ?? ''}`)
      expect(has.toSorted(), program.name).toEqual(modulesIn(stdout).toSorted())
    }
  })
})

/** `path version` of each module of what `go version -m` prints, and the standard library. */
function modulesIn(printed: string): string[] {
  const [first = '', ...lines] = printed.split('\n')
  const modules: string[] = []
  for (const line of lines) {
    const [, kind, path = '', version = ''] = line.split('\t')
    if (kind === 'dep') modules.push(`${path} ${version}`)
    // In place of the one before; one that is built from a folder has no version.
    if (kind === '=>' && modules.length > 0) {
      const before = modules.pop() ?? ''
      modules.push(version === '(devel)' ? `${before.split(' ')[0] ?? ''} ` : `${path} ${version}`)
    }
  }
  return [...modules, `stdlib ${/: go(\S+)/.exec(first)?.[1] ?? ''}`]
}
