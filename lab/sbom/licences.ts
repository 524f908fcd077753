import type { LicenceChoice } from './cyclonedx.js'

/**
 * Ids of the SPDX list (spdx.org/licenses) that what is shipped here has, by their small letters: Debian writes
 * `BSD-3-clause`.
 */
const SPDX = new Map(
  [
    ...['0BSD', 'Apache-2.0', 'Beerware', 'BSD-2-Clause', 'BSD-3-Clause', 'BSD-4-Clause', 'BSD-4-Clause-UC'],
    ...['BSL-1.0', 'CC-BY-3.0', 'CC-BY-SA-4.0', 'CC0-1.0', 'curl', 'FSFAP', 'FSFUL', 'FSFULLR', 'ISC', 'MIT'],
    ...['MPL-2.0', 'OLDAP-2.8', 'PostgreSQL', 'Python-2.0', 'Unicode-DFS-2016', 'Unlicense', 'X11', 'Zlib'],
  ].map((id) => [id.toLowerCase(), id]),
)

/** Short names of Debian's own (www.debian.org/doc/packaging-manuals/copyright-format/1.0). */
const DEBIAN = new Map([
  ['expat', 'MIT'],
  ['apache-2', 'Apache-2.0'],
  ['openldap-2.8', 'OLDAP-2.8'],
  ['mpl-2', 'MPL-2.0'],
])

/** The SPDX id that a licence's short name means, if it is one. */
export function spdxId(name: string): string | undefined {
  const known = SPDX.get(name.toLowerCase()) ?? DEBIAN.get(name.toLowerCase())
  if (known !== undefined) return known
  // `GPL-2+`, `LGPL-2.1`, `GPL-2.0-or-later`
  const [, family = '', version = '', rest = ''] =
    /^(L?GPL)-(\d(?:\.\d)?)(\+|-only|-or-later)?$/.exec(name) ?? []
  const full = version.includes('.') ? version : `${version}.0`
  const versions = family === 'GPL' ? ['1.0', '2.0', '3.0'] : ['2.0', '2.1', '3.0']
  if (!versions.includes(full)) return undefined
  return `${family}-${full}-${rest === '' || rest === '-only' ? 'only' : 'or-later'}`
}

/** Licences by their names, each once and sorted; one that SPDX does not list keeps its name. */
export function licences(
  names: readonly string[],
  acknowledgement: 'declared' | 'concluded',
): { readonly licenses?: readonly LicenceChoice[] } {
  const unique = [...new Set(names.map((name) => spdxId(name) ?? name))].toSorted()
  if (unique.length === 0) return {}
  return {
    licenses: unique.map((name) => ({
      license: { ...(spdxId(name) === name ? { id: name } : { name }), acknowledgement },
    })),
  }
}
