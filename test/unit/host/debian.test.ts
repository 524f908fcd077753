import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  debianMirror,
  parseDeb822,
  parseOsRelease,
  parseSourcesList,
  readAptSources,
} from '../../../lab/host/debian.js'
import { debianSource, ubuntu2404 } from './facts.js'
import { temporaryFolder } from './fakes.js'

describe('parseOsRelease', () => {
  it('reads Debian', () => {
    const text = [
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
      'VERSION_ID="12"',
      'VERSION_CODENAME=bookworm',
      'ID=debian',
      '',
    ].join('\n')
    expect(parseOsRelease(text)).toEqual({
      id: 'debian',
      like: [],
      codename: 'bookworm',
      prettyName: 'Debian GNU/Linux 12 (bookworm)',
    })
  })

  it('reads what a system derives from, and single quotes', () => {
    const text = "ID=linuxmint\nID_LIKE='ubuntu debian'\n# ID=none\nPRETTY_NAME='Linux Mint 22'\n"
    expect(parseOsRelease(text)).toEqual({
      id: 'linuxmint',
      like: ['ubuntu', 'debian'],
      codename: '',
      prettyName: 'Linux Mint 22',
    })
  })

  it('gives words for people where there is no such file', () => {
    expect(parseOsRelease('')).toEqual({ id: 'unknown', like: [], codename: '', prettyName: 'this system' })
  })
})

describe('parseDeb822', () => {
  it('reads stanzas, their suites, and the path of a key ring', () => {
    const text = `# comment
Types: deb
# another
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`
    expect(parseDeb822(text)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      {
        uri: 'http://mirror.example/debian-security',
        suites: ['bookworm-security'],
        components: ['main'],
        signedBy: undefined,
      },
    ])
  })

  it('takes an embedded key for no path', () => {
    const text = `Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
`
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://mirror.example/debian', suites: ['trixie'], components: ['main'], signedBy: undefined },
    ])
  })

  it.each([
    [
      'disabled',
      'Types: deb\nEnabled: no\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main',
    ],
    [
      'for sources only',
      'Types: deb-src\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main',
    ],
    ['empty', '\n\n# only words\n'],
  ])('leaves out what is %s', (_, text) => {
    expect(parseDeb822(text)).toEqual([])
  })

  it('gives one entry for each of several mirrors', () => {
    const text =
      'Types: deb\nURIs: http://a.mirror.example http://b.mirror.example\nSuites: sid\nComponents: main\n'
    expect(parseDeb822(text).map(({ uri }) => uri)).toEqual([
      'http://a.mirror.example',
      'http://b.mirror.example',
    ])
  })
})

describe('parseSourcesList', () => {
  it('reads one entry a line, with and without options', () => {
    const text = `# deb http://mirror.example/commented bookworm main
deb http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
  deb [arch=amd64 signed-by=/etc/apt/keyrings/k.asc] http://mirror.example/other/ stable main
`
    expect(parseSourcesList(text)).toEqual([
      {
        uri: 'http://mirror.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: undefined,
      },
      {
        uri: 'http://mirror.example/other',
        suites: ['stable'],
        components: ['main'],
        signedBy: '/etc/apt/keyrings/k.asc',
      },
    ])
  })
})

describe('debianMirror', () => {
  it('is of the oldest release, wherever it stands', () => {
    const sources = [
      debianSource('trixie', 'http://mirror.example/newer'),
      debianSource('bookworm', 'http://mirror.example/own'),
    ]
    expect(debianMirror(sources)).toEqual({
      ...debianSource('bookworm', 'http://mirror.example/own'),
      release: 'bookworm',
    })
  })

  it('is none on Ubuntu', () => {
    expect(debianMirror(ubuntu2404.aptSources)).toBeUndefined()
  })

  it.each([
    ['only updates', { ...debianSource('bookworm'), suites: ['bookworm-updates'] }],
    ['no main', { ...debianSource('bookworm'), components: ['contrib'] }],
  ])('is no entry with %s', (_, source) => {
    expect(debianMirror([source])).toBeUndefined()
  })
})

describe('readAptSources', () => {
  it('reads sources.list and both kinds of files beside it, by name', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'sources.list.d'))
    await writeFile(join(root, 'sources.list'), 'deb http://mirror.example/one bookworm main\n')
    await writeFile(
      join(root, 'sources.list.d', 'b.sources'),
      'Types: deb\nURIs: http://mirror.example/three\nSuites: trixie\nComponents: main\n',
    )
    await writeFile(join(root, 'sources.list.d', 'a.list'), 'deb http://mirror.example/two stable main\n')
    await writeFile(
      join(root, 'sources.list.d', 'a.list.save'),
      'deb http://mirror.example/old stable main\n',
    )
    expect((await readAptSources(root)).map(({ uri }) => uri)).toEqual([
      'http://mirror.example/one',
      'http://mirror.example/two',
      'http://mirror.example/three',
    ])
  })

  it('finds none where there is no apt', async () => {
    expect(await readAptSources(join(await temporaryFolder(), 'absent'))).toEqual([])
  })
})
