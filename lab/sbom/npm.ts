import type { Component } from './cyclonedx.js'
import { licences } from './licences.js'
import { purl } from './purl.js'

/** A lockfile of npm, as far as it is read here: that which `npm ci` leaves in node_modules tells what is really there. */
interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
}

/** The packages that a lockfile lists. */
export function npmComponents(lockfile: string): Component[] {
  const { packages } = JSON.parse(lockfile) as Lockfile
  return Object.entries(packages).flatMap(([folder, { version, license, integrity }]) => {
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
    // The project itself, which lies in no node_modules, has no package of its own.
    if (!folder.includes('node_modules/') || version === undefined) return []
    const url = purl('npm', name.split('/'), version)
    return [
      {
        ...{ type: 'library', 'bom-ref': url, name, version },
        ...licences(license === undefined ? [] : [license], 'declared'),
        purl: url,
        ...(integrity === undefined
          ? {}
          : { properties: [{ name: 'headless-lab:integrity', value: integrity }] }),
      },
    ]
  })
}
