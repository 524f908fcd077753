import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  atLeast,
  changesOf,
  installSteps,
  newerEngine,
  requirements,
  shellLines,
  simulated,
  type HostFacts,
  type Tool,
} from '../../../lab/host/requirements.js'
import { debian12, debian13, debianSource, fedora, ubuntu2404 } from './facts.js'

const ENV = 'env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l'
const UPDATE = `${ENV} apt-get update`
const INSTALL = `${ENV} apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600`

const all: Tool[] = ['go', 'debootstrap', 'maven']
const works = { engine: 'running', dockerCli: true } as const

function found(facts: HostFacts, tools: Tool[]): { names: string[]; commands: string[]; files: string[] } {
  const missing = requirements(facts, tools)
  const steps = installSteps(facts, missing)
  return {
    names: missing.map(({ name }) => name),
    commands: steps.flatMap(({ commands }) => commands.map((command) => command.join(' '))),
    files: steps.flatMap(({ files }) => files.map(({ path }) => path)),
  }
}

describe('what is missing, and the commands that bring it', () => {
  const newerFiles = [
    '/etc/apt/sources.list.d/headless-lab-trixie.sources',
    '/etc/apt/preferences.d/headless-lab-trixie',
  ]
  const cases: [string, HostFacts, Tool[], ReturnType<typeof found>][] = [
    [
      'Debian 12, bare',
      debian12,
      all,
      {
        names: ['Docker Engine', 'debootstrap', 'Maven', 'Go 1.24'],
        commands: [
          UPDATE,
          `${INSTALL} docker.io iptables debootstrap maven`,
          UPDATE,
          `${INSTALL} -t trixie golang-go`,
        ],
        files: newerFiles,
      },
    ],
    [
      'Debian 12 with Go 1.19',
      { ...debian12, ...works, go: '1.19.8' },
      ['go'],
      { names: ['Go 1.24'], commands: [UPDATE, `${INSTALL} -t trixie golang-go`], files: newerFiles },
    ],
    [
      // Its Maven is new enough, and brings a Java.
      'Debian 12 with all but Maven',
      { ...debian12, ...works, go: '1.26.1', debootstrap: true },
      all,
      { names: ['Maven'], commands: [UPDATE, `${INSTALL} maven`], files: [] },
    ],
    [
      'Debian 12, nothing to build',
      debian12,
      [],
      { names: ['Docker Engine'], commands: [UPDATE, `${INSTALL} docker.io iptables`], files: [] },
    ],
    [
      // Its docker.io only recommends the client, which is a package of its own since this release.
      'Debian 13, bare',
      debian13,
      all,
      {
        names: ['Docker Engine', 'debootstrap', 'gpgv', 'Maven', 'Go 1.24'],
        commands: [UPDATE, `${INSTALL} docker.io docker-cli iptables debootstrap gpgv maven golang-go`],
        files: [],
      },
    ],
    [
      'Debian 13 with an engine and no client',
      { ...debian13, engine: 'stopped' },
      [],
      { names: ['Docker client'], commands: [UPDATE, `${INSTALL} docker-cli`], files: [] },
    ],
    [
      // Up to Debian 12 and on Ubuntu the client is part of docker.io.
      'Debian 12 with an engine and no client',
      { ...debian12, engine: 'stopped' },
      [],
      { names: ['Docker client'], commands: [UPDATE, `${INSTALL} docker.io`], files: [] },
    ],
    [
      'Ubuntu 24.04, bare',
      ubuntu2404,
      all,
      {
        names: ['Docker Engine', 'debootstrap', 'debian-archive-keyring', 'Maven', 'Go 1.24'],
        commands: [
          UPDATE,
          `${INSTALL} docker.io iptables debootstrap debian-archive-keyring maven golang-go`,
        ],
        files: [],
      },
    ],
    [
      // debootstrap only recommends what it verifies Debian's lists with.
      'Ubuntu 24.04 with debootstrap, and nothing to verify with',
      { ...ubuntu2404, ...works, debootstrap: true, gpgv: false },
      ['debootstrap'],
      {
        names: ['debian-archive-keyring', 'gpgv'],
        commands: [UPDATE, `${INSTALL} debian-archive-keyring gpgv`],
        files: [],
      },
    ],
    [
      'Ubuntu 24.04 with nothing to verify with, and no Debian to fetch',
      { ...ubuntu2404, ...works, gpgv: false },
      [],
      { names: [], commands: [], files: [] },
    ],
    [
      'Ubuntu 24.04 with Go 1.22 that fetches newer toolchains',
      { ...ubuntu2404, ...works, go: '1.22.2', goToolchain: 'auto' },
      ['go'],
      { names: [], commands: [], files: [] },
    ],
    [
      'Ubuntu 24.04 with Go 1.22 that may not',
      { ...ubuntu2404, ...works, go: '1.22.2', goToolchain: 'local' },
      ['go'],
      { names: ['Go 1.24'], commands: [UPDATE, `${INSTALL} golang-go`], files: [] },
    ],
    [
      'a stopped engine',
      { ...debian12, engine: 'stopped', dockerCli: true },
      [],
      { names: [], commands: [], files: [] },
    ],
    [
      'everything there',
      { ...debian12, ...works, go: '1.26.1', debootstrap: true, maven: true },
      all,
      { names: [], commands: [], files: [] },
    ],
    [
      'Fedora: nothing that we know how to bring',
      fedora,
      all,
      {
        names: ['Docker Engine', 'debootstrap', 'debian-archive-keyring', 'Maven', 'Go 1.24'],
        commands: [],
        files: [],
      },
    ],
  ]
  it.each(cases)('%s', (_, facts, tools, expected) => {
    expect(found(facts, tools)).toEqual(expected)
  })

  it('says what is wrong with what is there', () => {
    expect(requirements({ ...debian12, ...works, go: '1.19.8' }, ['go'])[0]?.missing).toBe(
      'Go 1.19.8 is older than 1.24',
    )
  })

  it('leaves to people what apt cannot bring', () => {
    expect(requirements(fedora, all).map(({ from }) => from)).toEqual(Array(5).fill(undefined))
  })

  it('is root too, even where all else is there', () => {
    const facts = { ...debian13, ...works, isRoot: false }
    expect(requirements(facts, [])).toMatchObject([{ name: 'root', packages: [], from: undefined }])
  })
})

describe('newerEngine', () => {
  it('comes from the next release of the same mirror, pinned so that nothing else does', () => {
    const facts = { ...debian12, aptSources: [debianSource('bookworm', 'http://mirror.example/own')] }
    const [step, ...more] = newerEngine(facts) ?? []
    expect(more).toEqual([])
    expect(step?.files).toEqual([
      {
        path: '/etc/apt/sources.list.d/headless-lab-trixie.sources',
        content: [
          'Types: deb',
          'URIs: http://mirror.example/own',
          'Suites: trixie',
          'Components: main',
          'Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp',
          '',
        ].join('\n'),
      },
      {
        path: '/etc/apt/preferences.d/headless-lab-trixie',
        content: 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n',
      },
    ])
    expect(step?.commands.map((command) => command.join(' '))).toEqual([
      UPDATE,
      `${INSTALL} -t trixie docker.io docker-cli containerd runc iptables`,
    ])
  })

  it.each([
    ['Debian 13', debian13],
    ['Ubuntu', ubuntu2404],
    ['Fedora', fedora],
  ])('is not known on %s', (_, facts) => {
    expect(newerEngine(facts)).toBeUndefined()
  })
})

describe('a simulated run', () => {
  it('is the same command with -s', () => {
    expect(simulated(['sudo', 'env', 'A=b', 'apt-get', 'install', '-y', 'x'])).toEqual([
      ...['sudo', 'env', 'A=b', 'apt-get', '-s', 'install', '-y', 'x'],
    ])
  })

  it('tells what it upgrades and removes from what is new', () => {
    const text = `NOTE: This is only a simulation!
Reading package lists...
The following packages will be upgraded:
  containerd libc6
Inst libc6 [2.36-9+deb12u10] (2.41-12 Debian:13.1/stable [amd64]) [libc-bin:amd64 ]
Conf libc6 (2.41-12 Debian:13.1/stable [amd64])
Inst runc (1.1.15+ds1-2+b4 Debian:13.1/stable [amd64])
Inst containerd [1.6.20~ds1-1+b1] (1.7.24~ds1-6+b4 Debian:13.1/stable [amd64])
Remv tini [0.19.0-1]
Purg docker-doc [20.10] [cgroupfs-mount:amd64 ]
Conf containerd (1.7.24~ds1-6+b4 Debian:13.1/stable [amd64])
`
    expect(changesOf(text)).toEqual({
      upgrades: ['libc6', 'containerd'],
      removals: ['tini', 'docker-doc'],
    })
    expect(changesOf('0 upgraded, 0 newly installed\n')).toEqual({ upgrades: [], removals: [] })
  })
})

describe('shellLines', () => {
  it('can be pasted', () => {
    const files = [{ path: '/etc/apt/x', content: 'a\nb\n' }]
    expect(shellLines({ files, commands: [['apt-get', 'install', 'a b']] })).toEqual([
      "cat > /etc/apt/x <<'EOF'\na\nb\nEOF",
      "apt-get install 'a b'",
    ])
  })
})

describe('atLeast', () => {
  const version = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 })

  it('is the order of the numbers, a missing one being 0', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const width = Math.max(a.length, b.length)
        const weight = (numbers: number[]): number =>
          Array.from({ length: width }, (_, i) => numbers[i] ?? 0).reduce((sum, n) => sum * 100 + n, 0)
        expect(atLeast(a.join('.'), b.join('.'))).toBe(weight(a) >= weight(b))
      }),
    )
  })

  it.each([
    ['1.24', '1.24', true],
    ['1.24.0', '1.24', true],
    ['1.9', '1.24', false],
    ['2', '1.24', true],
    ['1', '1.0.0', true],
  ])('%s, %s: %s', (have, want, result) => {
    expect(atLeast(have, want)).toBe(result)
  })
})
