import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheDir } from '../../lab/host/paths.js'
import { waitUntil } from '../../lab/host/wait.js'
import { command, start, type Ended, type Started } from '../e2e/program.js'
import { smallSpec } from '../e2e/small-spec.js'

/** Never one that may be a person's. */
export const NAME = 'headless-faults'
export const CONTROL_PLANE = `${NAME}-control-plane`
export const WORKER = `${NAME}-worker`

/** Programs: images would be made anew for all that use them. */
const REBUILT = ['calico', 'containerlab']

/** A lab of {@link smallSpec}. */
export class SmallLab {
  private constructor(
    private readonly folder: string,
    private readonly spec: string,
  ) {}

  static async make(): Promise<SmallLab> {
    const folder = await mkdtemp(join(tmpdir(), 'headless-lab-faults-'))
    const spec = join(folder, 'lab.yaml')
    await writeFile(spec, smallSpec(NAME))
    return new SmallLab(folder, spec)
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Begins a command of the program. */
  begin(
    name: string,
    { env = {}, cwd }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
  ): Started {
    return start([name, '--lab', this.spec], env, cwd)
  }

  /** Runs one to its end. */
  run(name: string, ...args: string[]): Promise<Ended> {
    return start([name, '--lab', this.spec, ...args]).ended
  }

  /** A cache as this host's, but for a few artifacts, so that a deploy has something to build. */
  async partialCache(): Promise<Record<string, string>> {
    const cache = join(this.folder, 'cache')
    const artifacts = join(cache, 'headless-lab', 'artifacts')
    await rm(cache, { recursive: true, force: true })
    for (const name of await readdir(join(cacheDir(), 'artifacts'))) {
      if (REBUILT.includes(name)) continue
      await cp(join(cacheDir(), 'artifacts', name), join(artifacts, name), { recursive: true })
    }
    const { stdout } = await command('go', 'env', 'GOCACHE')
    // Go's own is elsewhere unless it is told.
    return { XDG_CACHE_HOME: cache, GOCACHE: stdout.trim() }
  }
}

/**
 * Resolves so long after the line of progress that says that this stage has begun, or after the start of the program for
 * `begin`; sooner where the program ends.
 */
export async function within({ child, ended }: Started, stage: string, afterMs = 0): Promise<void> {
  let said = ''
  let over = false
  void ended.finally(() => (over = true))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const begun = (): boolean =>
    stage === 'begin' ||
    said.includes(`[STARTED] ${stage}`) ||
    (stage === 'verifying' && /deployed in .*; verifying/.test(said))
  const signal = AbortSignal.timeout(5 * 60_000)
  await waitUntil(() => Promise.resolve(over || begun() ? undefined : stage), { signal, everyMs: 10 })
  const until = performance.now() + afterMs
  await waitUntil(() => Promise.resolve(over || performance.now() >= until ? undefined : 'the moment'), {
    signal,
    everyMs: 10,
  })
}

/** The stage that a deploy was in when it ended. */
export function lastStage(stderr: string): string {
  // Artifacts are built in steps of their own, under names that stages have, too.
  const [before = '', ...after] = stderr.split('[STARTED] nodes')
  if (!before.includes('[STARTED] preflight')) return 'begin'
  if (after.length === 0) return before.includes('[STARTED] artifacts') ? 'artifacts' : 'preflight'
  const begun = [...after.join('').matchAll(/\[STARTED\] (\S+)|(verifying)$/gm)]
  return begun.map(([, started, verifying]) => started ?? verifying ?? '').at(-1) ?? 'nodes'
}
