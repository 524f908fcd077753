// What npm installs with a package that somebody else installs, by its lockfile: its dependencies, its peers, and what
// those ask for or bundle. The lockfile's own mark (`dev`) does not tell: peers are installed for developing as well.

/** @returns the entries of the lockfile, by path, without the package itself */
export function shipped({ packages }) {
  // It grows while it is walked through.
  const found = new Set([''])
  for (const path of found) for (const other of neededBy(path, packages)) found.add(other)
  return Object.fromEntries(Object.entries(packages).filter(([path]) => path !== '' && found.has(path)))
}

/** What the package itself asks for: dependencies and peers, each with its range. */
export const askedFor = ({ packages }) => ({
  ...packages[''].dependencies,
  ...packages[''].peerDependencies,
})

/** Paths of the packages that the one at a path asks for. */
function neededBy(path, packages) {
  const { dependencies = {}, optionalDependencies = {}, ...entry } = packages[path]
  const { peerDependencies = {}, peerDependenciesMeta = {} } = entry
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  const needed = [...Object.keys(dependencies), ...peers].map((name) => {
    const found = resolve(name, path, packages)
    if (found === undefined) throw new Error(`package-lock.json has no ${name}, which ${path} asks for`)
    return found
  })
  const optional = Object.keys(optionalDependencies).map((name) => resolve(name, path, packages))
  return [...needed, ...optional.filter((found) => found !== undefined)]
}

/** Where Node finds a package: beside what is in the package that asks, or else a folder further up. */
function resolve(name, from, packages) {
  const path = `${from === '' ? '' : `${from}/`}node_modules/${name}`
  if (path in packages) return path
  return from === ''
    ? undefined
    : resolve(name, from.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, ''), packages)
}
