// `npm run licences`: writes docs/licences.md, the licences of all that npm installs with this package. With --check it
// writes nothing and fails where the page is not what the lockfile says. Either way it fails where a package has no
// licence, or one that nobody has looked at yet: whoever adds such a package adds its licence below, or another package.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import prettier from 'prettier'
import { askedFor, shipped } from './shipped.mjs'

/** Licences (SPDX) under which a program of Apache-2.0 may use and ship a package, with its notice. */
const KNOWN = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Python-2.0', 'Unlicense']

const root = dirname(dirname(fileURLToPath(import.meta.url)))
if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'))

async function main(check) {
  const packages = listed(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  const bad = unknown(packages)
  if (bad.length > 0) fail(`no licence that is known: ${bad.join(', ')} (see scripts/licences.mjs)`)
  const file = join(root, 'docs', 'licences.md')
  const text = await page(packages, await prettier.resolveConfig(file))
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text)
    fail('docs/licences.md is not what package-lock.json says; run: npm run licences')
}

/** What `npm install headless-lab` brings, in the order of the page. */
export function listed(lockfile) {
  const direct = Object.keys(askedFor(lockfile))
  return Object.entries(shipped(lockfile))
    .map(([path, { version, license }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return { name, version, licence: license, direct: direct.includes(name) }
    })
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
}

/** Packages without a licence, or with one that is not in the list, as people read it. */
export function unknown(packages) {
  return packages
    .filter(({ licence }) => !KNOWN.includes(licence))
    .map(({ name, version, licence }) => `${name}@${version} (${licence ?? 'none'})`)
}

export async function page(packages, style) {
  const counts = new Map()
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1)
  const sum = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([licence, n]) => `${licence} ${n}`)
  const rows = new Set(
    packages.map(
      ({ name, version, licence, direct }) =>
        `| ${direct ? `**${name}**` : name} | ${version} | ${licence} |`,
    ),
  )
  const text = `# Licences of the npm packages

<!-- Written by npm run licences. -->

headless-lab itself is under [Apache-2.0](../LICENSE). These ${rows.size} packages are installed with it, in bold those it asks for itself. What images and programs are made of is in their [bills of materials](supply-chain.md).

${sum.join(' · ')}

| package | version | licence |
| --- | --- | --- |
${[...rows].join('\n')}
`
  return prettier.format(text, { ...style, parser: 'markdown' })
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
