// `npm run test:faults`: everything that may go wrong while a lab is made or runs, on the real thing. Takes about
// 45 minutes on 2 cores. Run again with the same seed it goes on where it stopped.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkNode, ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: { seed: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help) {
  console.log(`Usage: npm run test:faults -- [--seed NUMBER] [--only WORDS]

  --seed NUMBER  the points at which deploys are cut off (default: another one each time); a run that was cut off
                 goes on where it was when it is given its seed
  --only WORDS   only the tests whose names hold these words`)
  process.exit(0)
}
const seed = values.seed ?? String(Date.now() % 1_000_000)
if (!/^\d{1,9}$/.test(seed)) {
  console.error(`--seed: ${seed} is no number of up to 9 digits`)
  process.exit(2)
}
checkNode()
ensurePackages(root)
ensureBuild(root)
// What held with another program says nothing of this one.
const built = readFileSync(join(root, 'build', '.headless-lab-built'), 'utf8').slice(0, 8)
const record = join(root, 'build', `faults-${seed}-${built}.jsonl`)
const before = linesOf(record).length
console.log(`seed ${seed}; go on with npm run test:faults -- --seed ${seed}`)
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    ...['run', '--project', 'faults', '--reporter', 'verbose'],
    ...(values.only === undefined ? [] : ['-t', values.only]),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FAULTS: 'all', FAULTS_SEED: seed, FAULTS_RECORD: record },
  },
)

const lines = linesOf(record)
const held = lines.filter(({ note }) => note !== undefined)
for (const { id, note } of held) console.log(`held: ${id} (${note})`)
// Of all that this run was to do, also what it did not come to.
const planned = lines.slice(before).findLast((line) => line.planned !== undefined)?.planned ?? []
for (const [what, which] of Object.entries({
  'killed with SIGKILL': /^SIGKILL /,
  interrupted: /^SIG(INT|TERM) /,
  'with verify afterwards': /^(?!SIG)/,
})) {
  const of = planned.filter((id) => which.test(id))
  console.log(`${what}: ${of.filter((id) => held.some((one) => one.id === id)).length} of ${of.length} held`)
}
if (planned.length === 0) console.log('no test was begun')
const wrong = planned.length === 0 ? 1 : 0
console.log(`seed ${seed}${status === 0 && wrong === 0 ? '' : '; not all of it held'}`)
process.exitCode = status === 0 ? wrong : (status ?? 1)

/** What is recorded: what a run was to do, what was tried, and what held, with what there is to say of it. */
function linesOf(file) {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
