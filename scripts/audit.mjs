// `npm run audit`: what the registry knows of vulnerabilities in the packages that are shipped: those that npm installs
// with this package, and those of the gRPC image. It ends with 1 where one is high or critical. A registry that does not
// answer, as many mirrors do not, is told in one line and is no failure: nothing is known then.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const LOCKFILES = { 'the program': root, 'the gRPC image': join(root, 'images', 'grpc') }
const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info']
const GRAVE = ['critical', 'high']

for (const [of, folder] of Object.entries(LOCKFILES)) {
  const report = audit(folder)
  if (report === undefined) {
    console.log('npm audit: the registry does not answer')
    break
  }
  console.log(`npm audit of ${of}: ${summary(report)}`)
  for (const { name, severity, range, via } of Object.values(report.vulnerabilities)) {
    const titles = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`))
    console.log(`  ${severity}: ${name} ${range}: ${titles.join('; ')}`)
    if (GRAVE.includes(severity)) process.exitCode = 1
  }
}

/** @returns what npm reports; `undefined` where it gets no answer */
function audit(cwd) {
  const args = ['audit', '--omit=dev', '--package-lock-only', '--json', '--fetch-retries=0']
  // A mirror that never answers must not hold up whoever asks.
  const { stdout } = spawnSync('npm', [...args, '--fetch-timeout=30000'], { cwd, encoding: 'utf8' })
  try {
    const report = JSON.parse(stdout)
    return report.auditReportVersion === 2 ? report : undefined
  } catch {
    return undefined
  }
}

function summary({ metadata: { vulnerabilities, dependencies } }) {
  const found = SEVERITIES.filter((severity) => vulnerabilities[severity] > 0)
  const counts = found.map((severity) => `${vulnerabilities[severity]} ${severity}`)
  return `${counts.length === 0 ? 'nothing known' : counts.join(', ')} in ${dependencies.prod} packages`
}
