import type { Component } from './cyclonedx.js'
import { licences } from './licences.js'
import { purl } from './purl.js'

/** A package that is installed. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** The source package it was built from, and its version where that is another. */
  readonly source: { readonly name: string; readonly version: string }
}

/** Of /usr/lib/os-release. */
export interface OperatingSystem {
  readonly id: string
  readonly version: string
}

/** The packages that dpkg's status file (/var/lib/dpkg/status) says are installed. */
export function installedPackages(status: string): DebianPackage[] {
  return status.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? ''
    if (field('Status') !== 'install ok installed') return []
    const [name, version] = [field('Package'), field('Version')]
    // `Source: glibc`, or `Source: gcc-14 (14.2.0-19)`
    const [, source = name, sourceVersion = version] = /^(\S+)(?: \((.+)\))?$/.exec(field('Source')) ?? []
    return [
      {
        ...{ name, version, architecture: field('Architecture') },
        source: { name: source, version: sourceVersion },
      },
    ]
  })
}

/** @param named licences that the package's copyright file names */
export function debianComponent(
  { name, version, architecture, source }: DebianPackage,
  { id, version: release }: OperatingSystem,
  named: readonly string[],
): Component {
  const qualifiers = { arch: architecture, distro: `${id}-${release}` }
  const url = purl('deb', [id, name], version, qualifiers)
  return {
    ...{ type: 'library', 'bom-ref': url, name, version },
    ...licences(named, 'declared'),
    purl: url,
    properties: [{ name: 'headless-lab:source', value: `${source.name} ${source.version}` }],
  }
}

export function systemComponent({ id, version }: OperatingSystem): Component {
  return { type: 'operating-system', 'bom-ref': `os:${id}`, name: id, version }
}
