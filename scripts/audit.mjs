// `npm run audit`: what the registry knows of vulnerabilities in the packages that are shipped: those that npm installs
// with this package, and those of the gRPC image. It ends with 1 where one is high or critical. A registry that does not
// answer, as many mirrors do not, is told in one line and is no failure: nothing is known then.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askedFor, shipped } from './shipped.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const LOCKFILES = { 'the program': root, 'the gRPC image': join(root, 'images', 'grpc') }
const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info']
const GRAVE = ['critical', 'high']

for (const [of, folder] of Object.entries(LOCKFILES)) {
  const lockfile = onlyShipped(JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')))
  const report = audit(lockfile)
  if (report === undefined) {
    console.log('npm audit: the registry does not answer')
    break
  }
  const size = Object.keys(lockfile.packages).length - 1
  console.log(`npm audit of ${of}: ${summary(report)} in ${size} packages`)
  for (const { name, severity, range, via } of Object.values(report.vulnerabilities)) {
    const titles = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`))
    console.log(`  ${severity}: ${name} ${range}: ${titles.join('; ')}`)
    if (GRAVE.includes(severity)) process.exitCode = 1
  }
}

/** The lockfile of a package that asks for the same, peers included, and has nothing for developing. */
function onlyShipped(lockfile) {
  const entries = Object.entries(shipped(lockfile)).map(([path, entry]) => [path, { ...entry, dev: false }])
  const { name, version } = lockfile
  const own = { name, version, dependencies: askedFor(lockfile) }
  return { ...lockfile, packages: { '': own, ...Object.fromEntries(entries) } }
}

/** @returns what npm reports; `undefined` where it gets no answer */
function audit(lockfile) {
  const answer = answerOf(lockfile)
  try {
    const report = JSON.parse(answer)
    return report.auditReportVersion === 2 ? report : undefined
  } catch {
    return undefined
  }
}

function answerOf(lockfile) {
  const cwd = mkdtempSync(join(tmpdir(), 'headless-lab-audit-'))
  try {
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(lockfile.packages['']))
    writeFileSync(join(cwd, 'package-lock.json'), JSON.stringify(lockfile))
    const args = ['audit', '--package-lock-only', '--json', '--fetch-retries=0']
    // A mirror that never answers must not hold up whoever asks.
    return spawnSync('npm', [...args, '--fetch-timeout=30000'], { cwd, encoding: 'utf8' }).stdout
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

function summary({ metadata: { vulnerabilities } }) {
  const found = SEVERITIES.filter((severity) => vulnerabilities[severity] > 0)
  const counts = found.map((severity) => `${vulnerabilities[severity]} ${severity}`)
  return counts.length === 0 ? 'nothing known' : counts.join(', ')
}
