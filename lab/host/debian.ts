import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What /etc/os-release says (os-release(5)). */
export interface OsRelease {
  /** `debian`, `ubuntu`, … */
  readonly id: string
  /** Systems it derives from, for example `debian` for `linuxmint`. */
  readonly like: readonly string[]
  /** `bookworm`, `trixie`, `noble`, …; empty where it has none. */
  readonly codename: string
  readonly prettyName: string
}

/** Parses the text of /etc/os-release. */
export function parseOsRelease(text: string): OsRelease {
  const fields = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const match = /^([A-Z_]+)=(.*)$/.exec(line.trim())
      return match ? [[match[1] ?? '', (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')]] : []
    }),
  )
  return {
    id: fields.get('ID') ?? 'unknown',
    like: (fields.get('ID_LIKE') ?? '').split(' ').filter((word) => word !== ''),
    codename: fields.get('VERSION_CODENAME') ?? '',
    prettyName: fields.get('PRETTY_NAME') ?? 'this system',
  }
}

/** One entry of apt's sources (sources.list(5)). */
export interface AptSource {
  readonly uri: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Path of the key ring, where the entry names one. */
  readonly signedBy: string | undefined
}

/** Parses a `.sources` file (deb822 stanzas). Disabled and source-only entries are left out. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map(
      stanza
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .flatMap((line): [string, string][] => {
          const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line)
          return match ? [[(match[1] ?? '').toLowerCase(), (match[2] ?? '').trim()]] : []
        }),
    )
    const words = (name: string): string[] =>
      (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '')
    if (!words('types').includes('deb') || fields.get('enabled') === 'no') return []
    const signedBy = fields.get('signed-by')
    return words('uris').map((uri) => ({
      uri: uri.replace(/\/$/, ''),
      suites: words('suites'),
      components: words('components'),
      // An embedded key (a value that continues on the next lines) is no path.
      signedBy: signedBy?.startsWith('/') === true ? signedBy : undefined,
    }))
  })
}

/** Parses a `.list` file (one entry a line). */
export function parseSourcesList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.trim())
    if (!match) return []
    const signedBy = /signed-by=(\S+)/.exec(match[1] ?? '')?.[1]
    return [
      {
        uri: (match[2] ?? '').replace(/\/$/, ''),
        suites: [match[3] ?? ''],
        components: (match[4] ?? '').split(/\s+/).filter((word) => word !== ''),
        signedBy,
      },
    ]
  })
}

/** Where the package debian-archive-keyring puts the keys of Debian's releases, and debootstrap looks for them. */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Debian's releases that a host may be on, oldest first. */
export const debianReleases = ['bullseye', 'bookworm', 'trixie', 'forky', 'sid'] as const
export type DebianRelease = (typeof debianReleases)[number]

/** A release of Debian's main archive that the host's apt sources carry. */
export interface DebianMirror extends AptSource {
  readonly release: DebianRelease
}

/**
 * The entry of the host's own apt sources that carries Debian's main archive, of the oldest release where
 * there are several: that is the host's own. Other releases can be had from the same mirror. `undefined` on
 * hosts that are not Debian: there each client's default mirror is used.
 *
 * (os-release does not tell the release: a newer base-files, brought in by one package, changes it.)
 */
export function debianMirror(sources: readonly AptSource[]): DebianMirror | undefined {
  for (const release of debianReleases) {
    const source = sources.find(
      ({ suites, components }) => suites.includes(release) && components.includes('main'),
    )
    if (source !== undefined) return { ...source, release }
  }
  return undefined
}

/** Reads the host's apt sources; none where there is no apt. */
export async function readAptSources(root = '/etc/apt'): Promise<AptSource[]> {
  const text = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
  const names = await readdir(join(root, 'sources.list.d')).catch(() => [])
  const parts = await Promise.all(
    names.toSorted().map(async (name) => [name, await text(join(root, 'sources.list.d', name))] as const),
  )
  return [
    ...parseSourcesList(await text(join(root, 'sources.list'))),
    ...parts.flatMap(([name, content]) => {
      if (name.endsWith('.sources')) return parseDeb822(content)
      return name.endsWith('.list') ? parseSourcesList(content) : []
    }),
  ]
}
