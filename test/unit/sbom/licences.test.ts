import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { licencesOfCopyright } from '../../../lab/sbom/debian-copyright.js'
import { licencesInText } from '../../../lab/sbom/licence-text.js'
import { licences, spdxId } from '../../../lab/sbom/licences.js'
import { moduleLicences } from '../../../lab/sbom/module-licences.js'
import { temporaryFolder } from '../host/fakes.js'

const MIT = `Permission is hereby granted, free of charge, to any person obtaining
# a copy of this software and associated documentation files`
const TWO = `Redistribution and use in source and binary forms, with or without
modification, are permitted provided that …`
const THREE = `${TWO}\n   * Neither the name of Google Inc. nor …`

describe('spdxId', () => {
  it.each([
    ['Expat', 'MIT'],
    ['BSD-3-clause', 'BSD-3-Clause'],
    ['GPL-2', 'GPL-2.0-only'],
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['LGPL-2.1+', 'LGPL-2.1-or-later'],
    ['GPL-2.0-or-later', 'GPL-2.0-or-later'],
    ['LGPL-2', 'LGPL-2.0-only'],
    ['Zlib', 'Zlib'],
  ])('%s is %s', (name, id) => {
    expect(spdxId(name)).toBe(id)
  })

  it.each([
    'GPL',
    'GPL-2+ or Artistic',
    'GPL-2 with Linux-syscall-note exception',
    'LGPL-1',
    'public-domain',
  ])('%s is none', (name) => {
    expect(spdxId(name)).toBeUndefined()
  })

  it('leaves an id what it is', () => {
    for (const name of ['Expat', 'GPL-1+', 'Apache-2', 'curl', 'OpenLDAP-2.8'])
      expect(spdxId(spdxId(name) ?? '')).toBe(spdxId(name))
  })
})

it('licences are named once each, sorted; what SPDX does not list keeps its name', () => {
  expect(licences(['Expat', 'MIT', 'GPL-2+ or Artistic'], 'declared').licenses).toEqual([
    { license: { name: 'GPL-2+ or Artistic', acknowledgement: 'declared' } },
    { license: { id: 'MIT', acknowledgement: 'declared' } },
  ])
  expect(licences([], 'declared')).toEqual({})
})

describe('licencesInText', () => {
  it.each([
    ['Apache License\n   Version 2.0, January 2004', ['Apache-2.0']],
    ['Mozilla Public License, version 2.0', ['MPL-2.0']],
    [MIT, ['MIT']],
    [TWO, ['BSD-2-Clause']],
    [THREE, ['BSD-3-Clause']],
    [`${MIT}\n\n${THREE}`, ['MIT', 'BSD-3-Clause']],
    ['All rights reserved.', []],
  ])('%s', (text, ids) => {
    expect(licencesInText(text)).toEqual(ids)
  })
})

describe('a Debian copyright file', () => {
  it('in the machine-readable format names the licences of its files', () => {
    const text = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Source: nowhere

Files: *
Copyright: somebody
License: GPL-2+

Files: lib/*
Copyright: somebody else
License: Expat or Artistic
 Text of it.

Files: old/*
Copyright: nobody
License: ${MIT.replaceAll('\n', '\n ')}

License: CC0-1.0
 A text that no file has.
`
    expect(licencesOfCopyright(text)).toEqual(['GPL-2+', 'Expat or Artistic', 'MIT'])
  })

  it('in words points to the common licences, or has a text, or speaks of one', () => {
    expect(licencesOfCopyright(`see /usr/share/common-licenses/GPL-2.\n${THREE}`)).toEqual([
      'common-licenses/GPL-2',
      'BSD-3-Clause',
    ])
    expect(licencesOfCopyright('under the GNU Lesser General Public\nLicense')).toEqual(['LGPL'])
    expect(licencesOfCopyright('Ask me.')).toEqual([])
  })
})

describe('moduleLicences', () => {
  it('reads the files of each module, and tells none from not known', async () => {
    const cache = await temporaryFolder()
    const write = async (module: string, name: string, text: string): Promise<void> => {
      await mkdir(join(cache, module), { recursive: true })
      await writeFile(join(cache, module, name), text)
    }
    await write('example.com/!burnt!sushi/toml@v1.0.0', 'COPYING', MIT)
    await write('example.com/two@v1.0.0', 'LICENSE.MIT', MIT)
    await write('example.com/two@v1.0.0', 'LICENSE-BSD', THREE)
    await write('example.com/none@v1.0.0', 'README.md', MIT)
    const module = (path: string): { path: string; version: string } => ({ path, version: 'v1.0.0' })
    const all = ['BurntSushi/toml', 'two', 'none', 'gone'].map((name) => module(`example.com/${name}`))
    expect([...(await moduleLicences([...all, ...all], cache))]).toEqual([
      ['example.com/BurntSushi/toml@v1.0.0', ['MIT']],
      ['example.com/two@v1.0.0', ['BSD-3-Clause', 'MIT']],
      ['example.com/none@v1.0.0', []],
    ])
  })
})
