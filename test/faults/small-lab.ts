import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { unlessAborted } from '../../lab/host/deadline.js'
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

  /** Where a cache of the lab's own is. */
  get cache(): string {
    return join(this.folder, 'cache')
  }

  /** A cache as this host's, but for a few artifacts, so that a deploy has something to build. */
  async partialCache(without = REBUILT): Promise<Record<string, string>> {
    const { cache } = this
    const artifacts = join(cache, 'headless-lab', 'artifacts')
    await rm(cache, { recursive: true, force: true })
    for (const name of await readdir(join(cacheDir(), 'artifacts'))) {
      if (without.includes(name)) continue
      await cp(join(cacheDir(), 'artifacts', name), join(artifacts, name), { recursive: true })
    }
    const { stdout } = await command('go', 'env', 'GOCACHE')
    // Go's own is elsewhere unless it is told.
    return { XDG_CACHE_HOME: cache, GOCACHE: stdout.trim() }
  }
}

/** What a stage is waited for at most, in milliseconds: that of the artifacts may come before. */
const BEGINS_MS = 5 * 60_000

/**
 * Resolves so long after the line of progress that says that this stage has begun, or after the start of the program for
 * `begin`; sooner where the program ends.
 */
export async function within({ child, ended }: Started, stage: string, afterMs = 0): Promise<void> {
  let said = ''
  const begun = new Promise<void>((resolve) => {
    if (stage === 'begin') resolve()
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString()
      const verifies = stage === 'verifying' && /deployed in .*; verifying/.test(said)
      if (verifies || said.includes(`[STARTED] ${stage}`)) resolve()
    })
  })
  await unlessAborted(AbortSignal.timeout(BEGINS_MS), Promise.race([begun, ended]))
  await Promise.race([pause(afterMs), ended])
}

/** A mirror may be slow. */
const MOUNTS_MS = 15 * 60_000

/**
 * Resolves when debootstrap has mounted something below this folder, whether or not others see that.
 *
 * @throws Error when the program has ended before
 */
export async function mountedBelow(folder: string, { ended }: Started): Promise<void> {
  let isOver = false
  void ended.finally(() => (isOver = true))
  const mountsOf = async (pid: string): Promise<string> =>
    (await read(`/proc/${pid}/comm`)).trim() === 'debootstrap' ? read(`/proc/${pid}/mountinfo`) : ''
  await waitUntil(
    async () => {
      if (isOver) throw new Error('the program has ended before debootstrap mounted anything')
      const mounts = await Promise.all((await readdir('/proc')).map(mountsOf))
      return mounts.some((text) => text.includes(` ${folder}/`)) ? undefined : 'what debootstrap mounts'
    },
    { signal: AbortSignal.timeout(MOUNTS_MS), everyMs: 50 },
  )
}

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

/** What comes after the last line that says that something has begun. */
export const lastBegun = (stderr: string): string =>
  [...stderr.matchAll(/\[STARTED\] (.+)$/gm)].at(-1)?.[1] ?? 'begin'

/** The stage that a deploy was in when it ended. */
export function lastStage(stderr: string): string {
  // Artifacts are built in steps of their own, under names that stages have, too.
  const [before = '', ...after] = stderr.split('[STARTED] nodes')
  if (!before.includes('[STARTED] preflight')) return 'begin'
  if (after.length === 0) return before.includes('[STARTED] artifacts') ? 'artifacts' : 'preflight'
  const begun = [...after.join('').matchAll(/\[STARTED\] (\S+)|(verifying)$/gm)]
  return begun.map(([, started, verifying]) => started ?? verifying ?? '').at(-1) ?? 'nodes'
}
