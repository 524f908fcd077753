import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readGoBuildInfo } from '../../../lab/sbom/go-build-info.js'
import { temporaryFolder } from '../host/fakes.js'
import { buildInfoSection, elf, goProgram } from './elf.js'

async function read(bytes: Buffer | string) {
  const file = join(await temporaryFolder(), 'program')
  await writeFile(file, bytes)
  return readGoBuildInfo(file)
}

// As `go version -m` prints it, without the first tab.
const modules = [
  'path\texample.com/tool',
  'mod\texample.com/tool\tv1.2.3\th1:tool=',
  '=>\t/home/somebody/copy\t(devel)\t',
  'dep\texample.com/a\tv0.1.0\th1:a=',
  'dep\texample.com/b\tv0.2.0',
  '=>\texample.com/fork\tv0.9.0\th1:fork=',
  'dep\texample.com/c\tv0.3.0',
  '=>\t./c\t(devel)\t',
  'build\t-trimpath=true',
  '',
].join('\n')

describe('a program of Go', () => {
  it('tells its modules, and what was built in their place', async () => {
    expect(await read(goProgram('go1.26.8', modules))).toEqual({
      go: 'go1.26.8',
      main: {
        ...{ path: 'example.com/tool', version: 'v1.2.3', sum: 'h1:tool=' },
        replacement: { path: '/home/somebody/copy', version: '(devel)', sum: '' },
      },
      modules: [
        { path: 'example.com/a', version: 'v0.1.0', sum: 'h1:a=' },
        {
          ...{ path: 'example.com/b', version: 'v0.2.0', sum: '' },
          replacement: { path: 'example.com/fork', version: 'v0.9.0', sum: 'h1:fork=' },
        },
        {
          ...{ path: 'example.com/c', version: 'v0.3.0', sum: '' },
          replacement: { path: './c', version: '(devel)', sum: '' },
        },
      ],
    })
  })

  it('may have no module at all', async () => {
    expect(await read(goProgram('go1.24', ''))).toEqual({ go: 'go1.24', main: undefined, modules: [] })
  })

  it('may have a list longer than one byte can say', async () => {
    const many = Array.from({ length: 500 }, (_, i) => `dep\texample.com/m${i}\tv1.0.0\th1:x=`).join('\n')
    const { modules: all = [] } = (await read(goProgram('go1.24', many))) ?? {}
    expect(all).toHaveLength(500)
    expect(all.at(-1)).toEqual({ path: 'example.com/m499', version: 'v1.0.0', sum: 'h1:x=' })
  })
})

describe('what is none', () => {
  it.each<[string, Buffer | string]>([
    ['a script', '#!/bin/sh\nexit 0\n'],
    ['an empty file', ''],
    ['a program of another language', elf({ '.text': Buffer.from('code') })],
    ['a section whose name only begins so', elf({ '.go.buildinfo2': buildInfoSection('go1.24', modules) })],
    ['a section of another content', elf({ '.go.buildinfo': Buffer.alloc(64) })],
    ['the beginning of one', goProgram('go1.24', modules).subarray(0, 70)],
  ])('is told from it: %s', async (_, bytes) => {
    expect(await read(bytes)).toBeUndefined()
  })
})
