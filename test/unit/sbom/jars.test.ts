import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { groups, jarComponent } from '../../../lab/sbom/jars.js'

const pinned = (await readFile(new URL('../../../images/kafka/libs.sha256', import.meta.url), 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => line.split('  '))
  .map(([sha256 = '', file = '']) => ({ sha256, file }))

it('every jar that is pinned is known, with its group and its licence, and no other', () => {
  const components = pinned.map(jarComponent)
  for (const { name, purl, licenses } of components) {
    expect(purl, name).toMatch(/^pkg:maven\/[\w.-]+\/[\w.-]+@\d[\w.-]*$/)
    expect(
      licenses?.map(({ license }) => license.id),
      name,
    ).not.toContain(undefined)
  }
  const known = Object.values(groups).flatMap(({ artifacts }) => artifacts)
  expect(known.toSorted()).toEqual(components.map(({ name }) => name).toSorted())
})

it('names a jar as Maven does', () => {
  expect(jarComponent({ file: 'kafka_2.13-4.1.0.jar', sha256: 'ab' })).toMatchObject({
    group: 'org.apache.kafka',
    name: 'kafka_2.13',
    version: '4.1.0',
    purl: 'pkg:maven/org.apache.kafka/kafka_2.13@4.1.0',
    hashes: [{ alg: 'SHA-256', content: 'ab' }],
  })
  expect(jarComponent({ file: 'zstd-jni-1.5.6-10.jar', sha256: '' }).version).toBe('1.5.6-10')
})

it('tells no lie of a jar it does not know', () => {
  expect(jarComponent({ file: 'other-1.0.jar', sha256: 'ab' })).toEqual({
    ...{ type: 'file', 'bom-ref': 'file:other-1.0.jar', name: 'other-1.0.jar' },
    hashes: [{ alg: 'SHA-256', content: 'ab' }],
  })
})
