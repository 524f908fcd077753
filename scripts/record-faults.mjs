// `npm run record-faults -- [--lab NAME] [fault …]`: makes each fault of test/real-faults/faults.ts in a real lab,
// keeps what `verify` saw (test/fixtures/observations/faults/), restores, and waits until all is well again. Then
// prints what was expected and found, and writes docs/real-faults.md. It changes a lab: use one that is yours.
// With --page it only writes the page, of the recordings that are there.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import Table from 'cli-table3'
import prettier from 'prettier'
import ts from 'typescript'
import { argv } from 'zx'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lab = argv.lab ?? 'headless-services'
const recordings = join(root, 'test/fixtures/observations/faults')
const scratch = mkdtempSync(join(tmpdir(), 'headless-lab-faults-'))
const STEP_MS = 150_000
const HEALTHY_MS = 180_000

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => interrupted.abort(new Error(`${signal}: restoring first`)))

try {
  process.exitCode = await main()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function main() {
  const { realFaults } = await load('faults')
  const { findingOf, isSame, page } = await load('table')
  const { readRecording, replay } = await program()
  const named = argv._.length > 0 ? argv._ : realFaults.map(({ name }) => name)
  const names = argv.page === true ? [] : named
  const unknown = names.filter((name) => !realFaults.some((fault) => fault.name === name))
  if (unknown.length > 0) throw new Error(`no such fault: ${unknown.join(', ')}`)
  mkdirSync(recordings, { recursive: true })

  // After each fault the lab is well again, so that this is asked for once.
  if (names.length > 0) await untilHealthy()
  const table = new Table({ head: ['fault', 'expected', 'found', 'match'], wordWrap: true })
  let wrong = 0
  for (const fault of realFaults.filter(({ name }) => names.includes(name))) {
    const found = await record(fault, { findingOf, isSame })
    const match = isSame(fault.expected, found)
    if (!match) wrong++
    console.error(`${fault.name}: ${match ? 'as expected' : 'NOT as expected'}`)
    if (!match) console.error(difference(fault.expected, found))
    table.push([fault.name, said(fault.expected), said(found), match ? 'yes' : 'NO'])
  }
  if (names.length > 0) console.log(table.toString())

  const all = new Map()
  for (const { name } of realFaults)
    if (existsSync(fileOf(name))) all.set(name, findingOf(replay(await readRecording(fileOf(name))).checks))
  const file = join(root, 'docs/real-faults.md')
  const style = await prettier.resolveConfig(file)
  writeFileSync(file, await prettier.format(page(realFaults, all), { ...style, parser: 'markdown' }))
  return wrong === 0 ? 0 : 1
}

/** Makes a fault, keeps what verify sees, and takes the fault back, whatever happens in between. */
async function record(fault, { findingOf, isSame }) {
  const kept = new Map()
  for (const object of fault.saves ?? []) kept.set(object, await keep(object))
  const part = join(scratch, `${fault.name}.json`)
  let found
  try {
    for (const step of fault.inject) await take(step, kept, interrupted.signal)
    // On a busy machine something may time out by chance: what is not as expected has to be seen twice.
    for (let before; ; before = found) {
      found = findingOf((await verify(part, interrupted.signal)).checks)
      interrupted.signal.throwIfAborted()
      if (isSame(found, fault.expected) || (before !== undefined && isSame(found, before))) break
      console.error(`${fault.name}: not as expected, looking again`)
    }
    writeFileSync(`${fileOf(fault.name)}.part`, gzipSync(readFileSync(part), { level: 9 }))
    renameSync(`${fileOf(fault.name)}.part`, fileOf(fault.name))
  } finally {
    // One step that fails must not keep the others from being tried.
    for (const step of fault.restore)
      await take(step, kept).catch((error) => console.error(`restoring ${fault.name}: ${error.message}`))
    await untilHealthy(`after ${fault.name}`)
  }
  return found
}

async function untilHealthy(name = 'before anything is done') {
  const end = Date.now() + HEALTHY_MS
  for (;;) {
    const seen = await verify().catch((error) => error)
    if (!(seen instanceof Error) && isHealthy(seen)) return
    const why = seen instanceof Error ? seen.message : troubles(seen)
    if (Date.now() > end) throw new Error(`the lab is not well ${name}: ${why}`)
    console.error(`${name}: waiting until all is well: ${why}`)
  }
}

function fileOf(name) {
  return join(recordings, `${name}.json.gz`)
}

async function verify(save, signal) {
  const args = ['verify', '--json', '--name', lab, ...(save === undefined ? [] : ['--save', save])]
  const { code, stdout, stderr } = await run(
    ...[process.execPath, [join(root, 'scripts/headless-lab.mjs'), ...args]],
    { signal },
  )
  if (code !== 0 && code !== 1 && code !== 6) throw new Error(`verify ended with ${code}: ${stderr.trim()}`)
  return JSON.parse(stdout)
}

function isHealthy({ summary }) {
  return summary.fail === 0 && summary.inconclusive === 0
}

function troubles({ checks }) {
  const bad = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
  return bad.map(({ id, subject, verdict }) => `${id} ${subject.name} (${verdict})`).join(', ')
}

/** An object as it can be made again. */
async function keep({ kind, namespace, name }) {
  const { stdout } = await docker(kubectl(['get', kind, '-n', namespace, name, '-o', 'json']))
  const { status: _, ...object } = JSON.parse(stdout)
  for (const field of ['resourceVersion', 'uid', 'creationTimestamp', 'generation', 'managedFields'])
    delete object.metadata[field]
  return object
}

async function take(step, kept, signal) {
  switch (step.on) {
    case 'kubectl':
      return docker(kubectl(step.args), { input: step.input, signal })
    case 'node':
      return docker(['exec', `${lab}-${step.node}`, ...step.command], { signal })
    case 'docker':
      return docker([step.verb, `${lab}-${step.container}`], { signal })
    case 'saved':
      return docker(kubectl(['replace', '--force', '-f', '-']), { input: kept.get(step.object), signal })
    case 'until':
      return until(step, kept, signal)
    case 'wait':
      return setTimeout(step.seconds * 1000, undefined, { signal })
  }
}

async function until({ step, seconds }, kept, signal) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await take(step, kept, signal)
    } catch (error) {
      if (Date.now() > end) throw error
      await setTimeout(1000)
    }
  }
}

function kubectl(args) {
  const there = `${lab}-control-plane`
  return ['exec', '-i', there, 'kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...args]
}

async function docker(args, options) {
  const { code, stdout, stderr } = await run('docker', args, options)
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim() || stdout.trim() || code}`)
  return { stdout }
}

/** In a process group of its own: Ctrl-C is for this program, which restores first. */
function run(command, args, { input, signal, timeoutMs = STEP_MS } = {}) {
  return new Promise((resolve, reject) => {
    const ends = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
    const child = spawn(command, args, { detached: true, signal: ends })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input === undefined ? '' : JSON.stringify(input))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** The table is TypeScript, like what tests it: it is made into a module that Node can load. */
async function load(name) {
  for (const file of ['fault', name]) {
    const source = readFileSync(join(root, `test/real-faults/${file}.ts`), 'utf8')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    })
    writeFileSync(join(scratch, `${file}.js`), outputText)
  }
  writeFileSync(join(scratch, 'package.json'), '{"type":"module"}')
  return import(pathToFileURL(join(scratch, `${name}.js`)))
}

function program() {
  return import('../build/lab/library.js')
}

function said({ fails, inconclusive = [] }) {
  return [...fails, ...inconclusive.map((id) => `(${id})`)].sort().join('\n')
}

function difference(expected, found) {
  const lines = (finding) => new Set(said(finding).split('\n'))
  const [wanted, seen] = [lines(expected), lines(found)]
  return [
    ...[...wanted].filter((line) => !seen.has(line)).map((line) => `  not found: ${line}`),
    ...[...seen].filter((line) => !wanted.has(line)).map((line) => `  found too: ${line}`),
  ].join('\n')
}
