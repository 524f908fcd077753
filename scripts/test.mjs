// `npm test`: everything that can be tested on this machine, and one line at the end that says how much it was.
// Plain Node, since on a fresh clone nothing is installed yet.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { checkNode, ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
checkNode()
ensurePackages(root)
ensureBuild(root)

const reports = mkdtempSync(join(tmpdir(), 'headless-lab-test-'))
const total = { passed: 0, failed: 0, skipped: 0 }
const notes = []
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
// Once more at the end: of a long log the end is what is read.
for (const note of notes) console.log(note)
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
    notes.push(...result.testResults.flatMap(notesOf))
  } catch {
    notes.push(`failed: vitest wrote no report of ${projects.join(', ')} (exit code ${status})`)
    total.failed++
  }
}

/** A line for each test of a file that failed or was skipped, and for a file that did not get as far as its tests. */
function notesOf({ name, status, message, assertionResults }) {
  const file = relative(root, name)
  const told = assertionResults.flatMap(({ fullName, status, failureMessages }) => {
    if (status === 'failed') return [`failed: ${file}: ${fullName}: ${startOf(failureMessages[0] ?? '')}`]
    return status === 'passed' ? [] : [`skipped: ${file}: ${fullName}`]
  })
  return status === 'failed' && !told.some((line) => line.startsWith('failed'))
    ? [`failed: ${file}: ${startOf(message)}`, ...told]
    : told
}

/** The first lines of what a failed test says; the whole, with its colours, is further up. */
function startOf(message) {
  return stripVTControlCharacters(message)
    .split(/\n\s+at /)[0]
    .trim()
    .slice(0, 1_000)
}

/** Why the real thing cannot run here; undefined when it can. With CI=true what is missing may be installed. */
async function whyNoEngine() {
  if (process.env.CI === 'true') return undefined
  const { missingHere } = await import('../build/lab/commands/missing.js')
  const missing = await missingHere(AbortSignal.timeout(60_000))
  return missing && `${missing}, and nothing is installed without CI=true (npm run deploy asks and installs)`
}
