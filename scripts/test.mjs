// `npm test`: everything that can be tested on this machine, and one line at the end that says how much it was.
// Plain Node, since on a fresh clone nothing is installed yet.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNode, ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
checkNode()
ensurePackages(root)
ensureBuild(root)

const reports = mkdtempSync(join(tmpdir(), 'headless-lab-test-'))
const total = { passed: 0, failed: 0, skipped: 0 }
let broken = false
try {
  // The quick ones first: they need nothing, and a mistake they find would cost minutes on the real thing.
  run('quick', ['unit', 'synth', 'pipeline'])
  run('pack', ['pack'])
  const reason = await whyNoEngine()
  if (reason !== undefined) {
    console.log(`the end-to-end part was skipped: ${reason}`)
    total.skipped++
  } else if (total.failed > 0) {
    console.log('the end-to-end part was not begun: mend the tests above first')
    total.skipped++
  } else {
    run('e2e', ['e2e'])
    run('faults', ['faults'])
    // By then the artifacts that it needs are built, and the lab is gone.
    run('foreign', ['foreign'])
  }
} finally {
  rmSync(reports, { recursive: true, force: true })
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = broken || total.failed > 0 || total.passed === 0 ? 1 : 0

function run(name, projects) {
  const report = join(reports, `${name}.json`)
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...[
        '--reporter',
        ['e2e', 'faults', 'foreign'].includes(name) ? 'verbose' : 'default',
        '--reporter',
        'json',
      ],
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status !== 0) broken = true
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    total.passed += result.numPassedTests
    total.failed += result.numFailedTests
    total.skipped += result.numPendingTests + result.numTodoTests
  } catch {
    console.log(`vitest wrote no report of ${projects.join(', ')} (exit code ${status})`)
    total.failed++
  }
}

/** Why the real thing cannot run here; undefined when it can. With CI=true what is missing may be installed. */
async function whyNoEngine() {
  if (process.env.CI === 'true') return undefined
  const { missingHere } = await import('../build/lab/commands/missing.js')
  const missing = await missingHere(AbortSignal.timeout(60_000))
  return missing && `${missing}, and nothing is installed without CI=true (npm run deploy asks and installs)`
}
