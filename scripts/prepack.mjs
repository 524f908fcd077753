// What `npm pack` and `npm publish` run first: compiles what the package holds. Beside the ESM build, which the
// program itself runs from, a package has a CommonJS build of the library, for the projects that
// `cdk8s init typescript-app` makes. A checkout never needs that one.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { $ } from 'zx'
import { ensureBuild, ensurePackages, oneAtATime } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const esm = join(root, 'build')
const cjs = join(esm, 'cjs')
// What npm prints, such as the list of `npm pack --json`, is for others to parse: the compiler speaks on stderr.
$.stdio = ['ignore', 2, 2]
$.verbose = false

ensurePackages(root)
ensureBuild(root)
await $`${process.execPath} node_modules/typescript/bin/tsc -p tsconfig.cjs.json`
// Node tells CommonJS from ESM by the nearest package.json.
writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n')
oneAtATime(root, () => {
  for (const room of ['constructs', 'topology', 'lab']) removeStale(join(esm, room), join(root, room))
  for (const room of ['constructs', 'topology']) removeStale(join(cjs, room), join(root, room))
})

/** Removes what was compiled from a source that is no longer there: the compiler never does. */
function removeStale(folder, sources) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const source = file.slice(folder.length).replace(/\.(?:d\.ts|js)$/, '.ts')
    if (!existsSync(join(sources, source))) rmSync(file)
  }
}
