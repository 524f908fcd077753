// What a checkout needs before any TypeScript of ours can run: the npm packages of the lockfile and the
// compiled program. Plain Node and no dependency, since nothing is installed yet when this runs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const OLDEST_NODE = [20, 19]

/** Ends the process with exit code 3 where Node is too old to run the program. */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`Node ${version} is too old; install Node ${OLDEST_NODE.join('.')} or newer`)
}

/** Installs the packages of package-lock.json unless that very lockfile was installed by this Node already. */
export function ensurePackages(root) {
  const wanted = digest([readFileSync(join(root, 'package-lock.json')), process.version])
  const stamp = join(root, 'node_modules', '.headless-lab-installed')
  if (read(stamp) === wanted) return
  oneAtATime(root, () => {
    if (read(stamp) === wanted) return
    say('installing npm packages (npm ci) …')
    // The compiler is a development dependency: NODE_ENV=production must not leave it out.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund']
    runOrFail(root, process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
      what: 'npm ci',
      next: 'look at its output above, then run the same command again',
    })
    writeFileSync(stamp, wanted)
  })
}

/** Compiles the program into build/ unless build/ was made from exactly these sources. */
export function ensureBuild(root) {
  const sources = ['lab', 'constructs', 'topology'].flatMap((room) => files(join(root, room)))
  const inputs = [
    ...sources,
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((f) => join(root, f)),
  ]
  const wanted = digest(inputs.flatMap((file) => [file.slice(root.length), readFileSync(file)]))
  const stamp = join(root, 'build', '.headless-lab-built')
  if (read(stamp) === wanted) return
  oneAtATime(root, () => {
    if (read(stamp) === wanted) return
    say('compiling …')
    rmSync(stamp, { force: true })
    const args = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']
    runOrFail(root, process.execPath, args, {
      what: 'the TypeScript compiler',
      next: 'mend what it reports above',
    })
    mkdirSync(join(root, 'build'), { recursive: true })
    writeFileSync(stamp, wanted)
  })
}

/**
 * Two first runs at once must not install, or compile, into each other: the second waits for the first.
 * The lock of a process that was killed is taken over.
 */
export function oneAtATime(root, work) {
  const lock = join(tmpdir(), `headless-lab-${digest([root]).slice(0, 16)}.lock`)
  const release = () => rmSync(lock, { force: true })
  for (let told = false; ; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = read(lock)
    if (owner && !isAlive(Number(owner))) release()
    else if (!told && owner) told = say(`waiting for process ${owner}, which prepares this checkout`) ?? true
  }
  process.once('exit', release)
  try {
    work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function digest(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

function read(file) {
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined
}

function runOrFail(cwd, command, args, { what, next }) {
  // Their output goes to our stderr: stdout is for results.
  const { status, signal, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
  if (status === 0) return
  if (signal === 'SIGINT') process.exit(130)
  if (signal === 'SIGTERM') process.exit(143)
  fail(`${what} failed (${error?.message ?? signal ?? `exit code ${status}`}); ${next}`)
}

function say(text) {
  process.stderr.write(`headless-lab: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(3)
}
