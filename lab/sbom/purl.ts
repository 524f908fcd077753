/**
 * The name of a package that scanners look up: a package URL (github.com/package-url/purl-spec).
 *
 * @param path namespace and name, each part by itself
 */
export function purl(
  type: 'deb' | 'golang' | 'maven' | 'npm',
  path: readonly string[],
  version: string,
  qualifiers: Readonly<Record<string, string>> = {},
): string {
  const query = Object.entries(qualifiers)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${encode(value)}`)
  return `pkg:${type}/${path.map(encode).join('/')}@${encode(version)}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

/** A colon, which epochs of Debian's versions have, stays one. */
const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':')
