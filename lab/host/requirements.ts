import { debianMirror, type AptSource, type DebianMirror, type OsRelease } from './debian.js'
import type { EngineState } from './engine.js'

/** What building artifacts can ask of the host, beside the engine. */
export type Tool = 'go' | 'debootstrap' | 'maven'

/** What was found on the host; gathered by `inspectHost`, judged here. */
export interface HostFacts {
  readonly os: OsRelease
  readonly hasApt: boolean
  readonly isRoot: boolean
  readonly engine: EngineState
  /** Whether there is `ip`, which tells the host's routes. */
  readonly ip: boolean
  /** Whether there is a docker client. */
  readonly dockerCli: boolean
  /** Version of Go, for example `1.26.8`; `undefined` without Go. */
  readonly go: string | undefined
  /** What `go env GOTOOLCHAIN` says: with `auto` Go fetches a newer toolchain by itself. */
  readonly goToolchain: string
  readonly debootstrap: boolean
  /** Whether there are the keys of Debian's releases: debootstrap verifies with them. */
  readonly debianKeyring: boolean
  /** Whether there is `gpgv`, which debootstrap verifies with; Debian 13's could also with `sqv`, older ones not. */
  readonly gpgv: boolean
  readonly maven: boolean
  readonly aptSources: readonly AptSource[]
}

/** One change to the host: files to write, then commands to run, in order. */
export interface InstallStep {
  readonly files: readonly { readonly path: string; readonly content: string }[]
  readonly commands: readonly (readonly string[])[]
}

/** What is missing, and the packages that bring it; without `from` it has to be installed by hand. */
export interface Requirement {
  readonly name: string
  readonly missing: string
  readonly packages: readonly string[]
  /** The host's own release, or the newer Debian release beside it. */
  readonly from: 'release' | 'newer release' | undefined
}

/** Whoever deploys has to be root: containerlab makes network namespaces and writes /etc/hosts, debootstrap makes a root. */
export const ROOT: Requirement = {
  name: 'root',
  missing: 'only root can make nodes, and this is not run as root',
  packages: [],
  from: undefined,
}
export const AS_ROOT = 'run it as root (sudo -E npm run deploy)'

/** Go that can build all modules by itself, and the oldest that can fetch such a Go (go.dev/doc/toolchain). */
const GO_NEEDED = '1.24'
const GO_WITH_TOOLCHAINS = '1.21'

/** The Debian release that has an engine and a Go new enough, for hosts on an older one. */
const NEWER_RELEASE = 'trixie'
const OLDER_RELEASES: readonly string[] = ['bullseye', 'bookworm']

/** Waits for another apt, as that of a run that was killed, which is let finish. */
const APT_INSTALL = [
  ...['apt-get', 'install', '-y', '--no-install-recommends'],
  ...['-o', 'DPkg::Lock::Timeout=600'],
]

/** What the host lacks for a lab that has to build with `tools`. Pure. */
export function requirements(facts: HostFacts, tools: readonly Tool[]): Requirement[] {
  const from = isDebianLike(facts) ? 'release' : undefined
  const found: Requirement[] = facts.isRoot ? [] : [ROOT]
  if (facts.engine === 'absent') {
    found.push({
      name: 'Docker Engine',
      missing: 'no Docker engine is installed',
      packages: ['docker.io', ...(facts.dockerCli ? [] : clientPackages(facts)), 'iptables'],
      from,
    })
  } else if (!facts.dockerCli) {
    found.push({
      name: 'Docker client',
      missing: 'no docker command is installed',
      packages: clientPackages(facts).length > 0 ? clientPackages(facts) : ['docker.io'],
      from,
    })
  }
  if (!facts.ip) {
    found.push({ name: 'iproute2', missing: 'the command ip is not installed', packages: ['iproute2'], from })
  }
  if (tools.includes('debootstrap')) {
    for (const name of debootstrapPackages(facts))
      found.push({ name, missing: `${name} is not installed`, packages: [name], from })
  }
  if (tools.includes('maven') && !facts.maven) {
    // It brings a Java to run on where there is none.
    found.push({ name: 'Maven', missing: 'Maven is not installed', packages: ['maven'], from })
  }
  if (tools.includes('go') && !goIsGoodEnough(facts)) {
    found.push({
      name: `Go ${GO_NEEDED}`,
      missing: facts.go === undefined ? 'Go is not installed' : `Go ${facts.go} is older than ${GO_NEEDED}`,
      packages: ['golang-go'],
      from: newerRelease(facts) ? 'newer release' : from,
    })
  }
  return found
}

/** The steps that bring what is missing: one update and one installation for each release it comes from. */
export function installSteps(facts: HostFacts, missing: readonly Requirement[]): InstallStep[] {
  const packagesFrom = (from: Requirement['from']): string[] =>
    missing.filter((requirement) => requirement.from === from).flatMap(({ packages }) => packages)
  const [own, newer] = [packagesFrom('release'), packagesFrom('newer release')]
  return [
    ...(own.length === 0 ? [] : [fromRelease(own)]),
    ...(newer.length === 0 ? [] : fromNewerRelease(facts, newer)),
  ]
}

/**
 * How to get an engine that starts privileged containers where the release's own does not: the one of the
 * next Debian release. `undefined` where that is not known to help.
 */
export function newerEngine(facts: HostFacts): readonly InstallStep[] | undefined {
  if (newerRelease(facts) === undefined) return undefined
  return fromNewerRelease(facts, ['docker.io', 'docker-cli', 'containerd', 'runc', 'iptables'])
}

/** The same command with `apt-get -s`: shows what would be installed and upgraded, changes nothing. */
export function simulated(command: readonly string[]): string[] {
  return command.flatMap((word) => (word === 'apt-get' ? [word, '-s'] : [word]))
}

/** What a run of apt does to packages that are installed already: their names. */
export interface AptChanges {
  readonly upgrades: readonly string[]
  readonly removals: readonly string[]
}

/**
 * What a simulated apt run would change of what is installed (apt-get(8)): lines `Inst name [old] (new …)`, and
 * `Remv name [old]`, or `Purg` where apt is set to remove configuration too.
 */
export function changesOf(simulation: string): AptChanges {
  const names = (line: RegExp): string[] => [...simulation.matchAll(line)].map((match) => match[1] ?? '')
  return { upgrades: names(/^Inst (\S+) \[/gm), removals: names(/^(?:Remv|Purg) (\S+)/gm) }
}

/** A step as lines that can be pasted into a shell. */
export function shellLines(step: InstallStep): string[] {
  return [
    ...step.files.map(({ path, content }) => `cat > ${path} <<'EOF'\n${content}EOF`),
    ...step.commands.map((command) =>
      command.map((word) => (/[\s;'"]/.test(word) ? `'${word}'` : word)).join(' '),
    ),
  ]
}

/** Compares dotted versions number by number; a missing number is 0. */
export function atLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number))
  for (const [i, number] of (want ?? []).entries()) {
    const difference = (have?.[i] ?? 0) - number
    if (difference !== 0) return difference > 0
  }
  return true
}

/** From Debian 13 on the client is a package of its own that docker.io only recommends; before, it is part of that. */
function clientPackages(facts: HostFacts): string[] {
  const isDebian = debianMirror(facts.aptSources) !== undefined
  return isDebian && newerRelease(facts) === undefined ? ['docker-cli'] : []
}

/** Which packages are not there of debootstrap and of what it verifies with, which it only recommends. */
function debootstrapPackages({ debootstrap, debianKeyring, gpgv }: HostFacts): string[] {
  const there = { debootstrap, 'debian-archive-keyring': debianKeyring, gpgv }
  return Object.entries(there).flatMap(([name, isThere]) => (isThere ? [] : [name]))
}

function goIsGoodEnough({ go, goToolchain }: HostFacts): boolean {
  if (go === undefined) return false
  return atLeast(go, GO_NEEDED) || (atLeast(go, GO_WITH_TOOLCHAINS) && goToolchain !== 'local')
}

function isDebianLike({ os, hasApt }: HostFacts): boolean {
  return hasApt && [os.id, ...os.like].some((id) => id === 'debian' || id === 'ubuntu')
}

/** The mirror of a Debian old enough to need a newer release. */
function newerRelease({ hasApt, aptSources }: HostFacts): DebianMirror | undefined {
  const mirror = hasApt ? debianMirror(aptSources) : undefined
  return mirror !== undefined && OLDER_RELEASES.includes(mirror.release) ? mirror : undefined
}

function fromRelease(packages: readonly string[]): InstallStep {
  return { files: [], commands: [quiet('apt-get', 'update'), quiet(...APT_INSTALL, ...packages)] }
}

/** Adds the newer release beside the host's own, from the same mirror, pinned so that nothing else moves to it. */
function fromNewerRelease(facts: HostFacts, packages: readonly string[]): InstallStep[] {
  const mirror = newerRelease(facts)
  if (mirror === undefined) return []
  const source = [
    'Types: deb',
    `URIs: ${mirror.uri}`,
    `Suites: ${NEWER_RELEASE}`,
    'Components: main',
    ...(mirror.signedBy === undefined ? [] : [`Signed-By: ${mirror.signedBy}`]),
  ]
  const pin = ['Package: *', `Pin: release n=${NEWER_RELEASE}`, 'Pin-Priority: 50']
  return [
    {
      files: [
        {
          path: `/etc/apt/sources.list.d/headless-lab-${NEWER_RELEASE}.sources`,
          content: `${source.join('\n')}\n`,
        },
        { path: `/etc/apt/preferences.d/headless-lab-${NEWER_RELEASE}`, content: `${pin.join('\n')}\n` },
      ],
      commands: [quiet('apt-get', 'update'), quiet(...APT_INSTALL, '-t', NEWER_RELEASE, ...packages)],
    },
  ]
}

/** Without questions of the packages' own. */
const quiet = (...command: string[]): string[] => [
  ...['env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l'],
  ...command,
]
