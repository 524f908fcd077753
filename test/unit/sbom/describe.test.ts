import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workloadImages } from '../../../lab/artifacts/versions.js'
import { readFolder, readImage, type Contents } from '../../../lab/sbom/contents.js'
import type { Bom, Component } from '../../../lab/sbom/cyclonedx.js'
import { describeArtifact, modulesOf, withoutLicence, type Subject } from '../../../lab/sbom/describe.js'
import { temporaryFolder } from '../host/fakes.js'
import { files } from '../artifacts/recipes.js'
import { goProgram } from './elf.js'
import { schemaErrors } from './schema.js'

const modules = [
  'mod\theadless-lab.dev/images/x\t(devel)\t',
  'dep\texample.com/a\tv1.0.0+incompatible\th1:a=',
  'dep\texample.com/old\tv0.1.0',
  '=>\texample.com/fork\tv0.9.0\th1:fork=',
  'dep\texample.com/c\tv0.3.0',
  '=>\t/home/somebody/c\t(devel)\t',
].join('\n')
const patched = ['mod\texample.com/tool\tv2.0.0\th1:t=', '=>\t/tmp/copy\t(devel)\t'].join('\n')
const known = new Map([
  ['example.com/a@v1.0.0+incompatible', ['MIT']],
  ['example.com/tool@v2.0.0', ['Apache-2.0']],
])

const subject: Subject = { name: 'x', title: 'an artifact', key: '0123', version: '1.0' }
const image: Subject = { ...subject, imageId: 'sha256:00' }

/** A bill that is valid, and whose references lead to its parts. */
function bill(about: Subject, contents: Contents): Bom {
  const bom = describeArtifact(about, contents, known)
  expect(schemaErrors(bom)).toEqual([])
  const refs = [bom.metadata.component, ...bom.components].map((part) => part['bom-ref'])
  expect(new Set(refs).size).toBe(refs.length)
  for (const { ref, dependsOn } of bom.dependencies)
    expect([ref, ...dependsOn].filter((one) => !refs.includes(one))).toEqual([])
  return bom
}

const part = ({ components }: Bom, name: string): Component | undefined =>
  components.find((one) => one.name === name)

describe('an artifact of files', () => {
  const folder = async (): Promise<string> =>
    files(await temporaryFolder(), {
      'artifact.json': '{}',
      'manifest.yaml': 'a: 1\n',
      'bin/x': goProgram('go1.26.8', modules),
      'bin/tool': goProgram('go1.26.8', patched),
    })

  it('is its programs with their modules, and its other files', async () => {
    const bom = bill(subject, await readFolder(await folder()))
    expect(bom.metadata.component).toMatchObject({
      type: 'application',
      name: 'headless-lab/x',
      version: '1.0',
    })
    expect(bom.components.map(({ type, name, version }) => [type, name, version])).toEqual([
      ['file', 'manifest.yaml', undefined],
      ['library', 'example.com/c', undefined],
      ['library', 'example.com/a', 'v1.0.0+incompatible'],
      ['library', 'example.com/fork', 'v0.9.0'],
      ['library', 'stdlib', '1.26.8'],
      ['application', 'bin/tool', 'v2.0.0'],
      ['application', 'bin/x', undefined],
    ])
    const of = (ref: string) => bom.dependencies.find((one) => one.ref === ref)?.dependsOn
    expect(of('artifact:x')).toEqual(['file:manifest.yaml', 'program:bin/tool', 'program:bin/x'])
    expect(of('program:bin/tool')).toEqual(['pkg:golang/stdlib@1.26.8'])
    expect(of('program:bin/x')).toHaveLength(4)
  })

  it('tells of a module what go.sum pins, and its licence where that is known', async () => {
    const bom = bill(subject, await readFolder(await folder()))
    expect(part(bom, 'example.com/a')).toMatchObject({
      purl: 'pkg:golang/example.com/a@v1.0.0%2Bincompatible',
      licenses: [{ license: { id: 'MIT', acknowledgement: 'concluded' } }],
      properties: [{ name: 'headless-lab:go.sum', value: 'h1:a=' }],
    })
    expect(withoutLicence(bom)).toEqual(['example.com/fork'])
  })

  it('names what was built in place of a module, and no path of the machine', async () => {
    const bom = bill(subject, await readFolder(await folder()))
    expect(part(bom, 'example.com/c')).toMatchObject({
      pedigree: { ancestors: [{ purl: 'pkg:golang/example.com/c@v0.3.0' }] },
    })
    expect(part(bom, 'example.com/c')).not.toHaveProperty('purl')
    expect(part(bom, 'bin/tool')).toMatchObject({
      purl: 'pkg:golang/example.com/tool@v2.0.0',
      properties: expect.arrayContaining([
        { name: 'headless-lab:patched', value: 'built from a changed copy' },
      ]) as object,
    })
    expect(JSON.stringify(bom)).not.toMatch(/\/home\/|\/tmp\//)
  })

  it('asks for the licences of what was really built', async () => {
    expect(
      modulesOf(await readFolder(await folder()))
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(['example.com/a', 'example.com/fork', 'example.com/tool'])
  })

  it('has the same bill each time, and another when a byte of it is another', async () => {
    const [one, two] = [await folder(), await folder()]
    const bills = [bill(subject, await readFolder(one)), bill(subject, await readFolder(two))]
    expect(JSON.stringify(bills[0])).toBe(JSON.stringify(bills[1]))
    await files(two, { 'manifest.yaml': 'a: 2\n' })
    expect(bill(subject, await readFolder(two)).serialNumber).not.toBe(bills[0]?.serialNumber)
  })
})

describe('an image', () => {
  const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.41-12)
Version: 1:2.41-12+b1
Description: a library
 Status: said in passing

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2025b-4
`
  async function root(): Promise<string> {
    const made = await files(await temporaryFolder(), {
      'usr/lib/os-release': 'PRETTY_NAME="Debian GNU/Linux 13"\nVERSION_ID="13"\nID=debian\n',
      'var/lib/dpkg/status': status,
      'usr/share/doc/glibc/copyright': 'Format: x\n\nFiles: *\nLicense: LGPL-2.1+\n',
      'secret/copyright': 'Format: x\n\nFiles: *\nLicense: MIT\n',
      'app/node_modules/.package-lock.json': JSON.stringify({
        packages: {
          'node_modules/@a/b': { version: '1.0.0', license: 'ISC', integrity: 'sha512-x' },
          'node_modules/@a/b/node_modules/c': { version: '2.0.0' },
        },
      }),
      'opt/kafka/libs/kafka-clients-4.1.0.jar': 'jar',
      'usr/local/bin/calico/x': goProgram('go1.26.8', modules),
      'usr/local/bin/script': '#!/bin/sh\n',
    })
    await symlink('glibc', join(made, 'usr/share/doc/libc6'))
    // A link of the image that would lead to the host's files.
    await symlink('../../../secret', join(made, 'usr/share/doc/tzdata'))
    return join(made)
  }

  it('is a system with its packages, and what was put beside them', async () => {
    const bom = bill(image, await readImage(await root(), await temporaryFolder()))
    expect(bom.metadata.component).toMatchObject({ type: 'container' })
    expect(bom.components.map(({ type, purl, name }) => [type, purl ?? name])).toEqual([
      ['library', 'example.com/c'],
      ['operating-system', 'debian'],
      ['library', 'pkg:deb/debian/libc6@1:2.41-12%2Bb1?arch=amd64&distro=debian-13'],
      ['library', 'pkg:deb/debian/tzdata@2025b-4?arch=all&distro=debian-13'],
      ['library', 'pkg:golang/example.com/a@v1.0.0%2Bincompatible'],
      ['library', 'pkg:golang/example.com/fork@v0.9.0'],
      ['library', 'pkg:golang/stdlib@1.26.8'],
      ['library', 'pkg:maven/org.apache.kafka/kafka-clients@4.1.0'],
      ['library', 'pkg:npm/%40a/b@1.0.0'],
      ['library', 'pkg:npm/c@2.0.0'],
      ['application', 'usr/local/bin/calico/x'],
    ])
    expect(part(bom, 'libc6')).toMatchObject({
      licenses: [{ license: { id: 'LGPL-2.1-or-later' } }],
      properties: [{ name: 'headless-lab:source', value: 'glibc 2.41-12' }],
    })
    expect(part(bom, '@a/b')).toMatchObject({
      licenses: [{ license: { id: 'ISC', acknowledgement: 'declared' } }],
    })
  })

  it('reads nothing that lies outside of it', async () => {
    const bom = bill(image, await readImage(await root(), await temporaryFolder()))
    expect(withoutLicence(bom)).toContain('tzdata')
  })

  it('names the images that are baked into it, and where their bills are', async () => {
    const folder = await files(await temporaryFolder(), {
      'images.txt': `registry.k8s.io/pause:3.10.1\n${workloadImages.redis}\nsha256:00\n`,
    })
    const bom = bill(image, await readImage(await temporaryFolder(), folder))
    expect(bom.components).toMatchObject([
      {
        type: 'container',
        name: 'docker.io/headless-lab/redis',
        externalReferences: [{ url: 'redis.cdx.json' }],
      },
      { name: 'registry.k8s.io/pause', version: '3.10.1', externalReferences: [{ url: 'system.cdx.json' }] },
    ])
  })
})
