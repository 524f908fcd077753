import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { ensureHost, type ProvisionOptions } from '../../../lab/host/provision.js'
import type { HostFacts, Tool } from '../../../lab/host/requirements.js'
import { debian12, debian13, fedora } from './facts.js'
import { deferred, fakeRun, labErrorOf, linesOf, rejectionOf, type Answer, type Call } from './fakes.js'

// What the host is, and starting its engine, come from the test: nothing of the real host is looked at or changed.
const world = vi.hoisted((): { facts: unknown; effects: string[]; there: string[] } => ({
  facts: undefined,
  effects: [],
  there: [],
}))
vi.mock('../../../lab/host/inspect.js', () => ({ inspectHost: () => Promise.resolve(world.facts) }))
vi.mock('../../../lab/host/engine.js', async (original) => ({
  ...(await original<object>()),
  startEngine: (_run: unknown, _log: string, signal: AbortSignal) => {
    signal.throwIfAborted()
    world.effects.push('start engine')
    return Promise.resolve()
  },
  stopEngine: () => {
    world.effects.push('stop engine')
    return Promise.resolve()
  },
}))
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  writeFile: (path: string) => {
    world.effects.push(`write ${path}`)
    return Promise.resolve()
  },
  rm: (path: string) => {
    world.effects.push(`remove ${path}`)
    return Promise.resolve()
  },
}))
vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  existsSync: (path: string) => world.there.includes(path),
}))

beforeEach(() => {
  world.effects = []
  world.there = []
})

const SIMULATE = 'apt-get -s install'
const isInstall = ({ line }: Call): boolean => line.includes('apt-get install')

const installed = {
  engine: 'stopped',
  dockerCli: true,
  ip: true,
  debootstrap: true,
  gpgv: true,
  maven: true,
  go: '1.24',
} as const

interface Host {
  readonly facts: HostFacts
  readonly tools?: readonly Tool[]
  /** Whether it is given, or each time it is asked for. */
  readonly consent?: boolean | readonly boolean[]
  /** Outcomes of the privileged probe, one for each time; it succeeds after the last. */
  readonly probes?: readonly Answer[]
  /** What an installation brings, where that is not all that was missing. */
  readonly brings?: Partial<HostFacts>
  readonly apt?: (call: Call) => Answer | Promise<Answer>
  readonly signal?: AbortSignal
}

/** Runs `ensureHost` and records, in order, what would have changed the host. */
function provision(host: Host) {
  world.facts = host.facts
  const probes = [...(host.probes ?? [])]
  const said: string[] = []
  const asked: (readonly string[])[] = []
  const questions: string[] = []
  const { run, calls } = fakeRun((call) => {
    const { line } = call
    if (line.startsWith('docker version')) return { exitCode: host.facts.engine === 'running' ? 0 : 1 }
    if (line.endsWith(' sh dockerd')) return { exitCode: 0 }
    if (line.startsWith('docker image inspect')) return ''
    if (line.startsWith('docker run')) return probes.shift() ?? ''
    if (line.includes('apt-get')) {
      if (!line.includes(SIMULATE)) world.effects.push(line.slice(line.indexOf('apt-get')))
      if (isInstall(call)) world.facts = { ...host.facts, ...installed, ...host.brings }
      return host.apt?.(call) ?? ''
    }
    return undefined
  })
  const options: ProvisionOptions = {
    run,
    consent: (question, commands) => {
      questions.push(question)
      asked.push(commands)
      const { consent = true } = host
      return Promise.resolve(typeof consent === 'boolean' ? consent : consent[asked.length - 1] === true)
    },
    say: (line) => said.push(line),
    signal: host.signal ?? new AbortController().signal,
    installLog: '/nowhere/install.log',
    engineLog: '/nowhere/dockerd.log',
  }
  const done = ensureHost(host.tools ?? [], options)
  return { done, said, asked, questions, calls }
}

const refused = { exitCode: 125, stderr: 'docker: Error response from daemon: cannot apply cgroup.\n' }
const installEngine =
  'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 docker.io iptables'

describe('a host that has all', () => {
  it('is left untouched, and nobody is asked', async () => {
    const facts = { ...debian13, ...installed, engine: 'running' } as const
    const { done, asked } = provision({ facts, tools: ['go', 'debootstrap', 'maven'] })
    await done
    expect({ asked, effects: world.effects }).toEqual({ asked: [], effects: [] })
  })

  it('gets its stopped engine started, which needs no consent', async () => {
    const { done, asked } = provision({ facts: { ...debian13, engine: 'stopped', dockerCli: true } })
    await done
    expect({ asked, effects: world.effects }).toEqual({ asked: [], effects: ['start engine'] })
  })
})

describe('without consent', () => {
  it('nothing is changed, and the exact commands are told', async () => {
    const { done, asked, calls } = provision({ facts: debian12, tools: ['go'], consent: false })
    const error = await labErrorOf(done)
    expect(error.code).toBe('host.consent')
    expect(error.exitCode).toBe(3)
    expect(error.details).toBe(asked[0]?.join('\n'))
    expect(error.details).toContain(installEngine)
    expect(error.details).toContain('cat > /etc/apt/sources.list.d/headless-lab-trixie.sources')
    expect(error.details).toContain(
      'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 -t trixie golang-go',
    )
    expect({ effects: world.effects, commands: linesOf(calls) }).toEqual({ effects: [], commands: [] })
  })

  it('an engine that fails the probe is not replaced', async () => {
    const facts = { ...debian12, engine: 'stopped', dockerCli: true } as const
    const { done } = provision({ facts, probes: [refused], consent: false })
    expect((await labErrorOf(done)).code).toBe('host.consent')
    expect(world.effects).toEqual(['start engine'])
  })
})

describe('with consent', () => {
  it('runs exactly what was shown, then starts the engine', async () => {
    const { done, asked, calls } = provision({ facts: debian12 })
    await done
    expect(world.effects).toEqual(['apt-get update', installEngine, 'start engine'])
    const changing = linesOf(calls).filter((line) => line.includes('apt-get') && !line.includes(SIMULATE))
    expect(changing).toEqual(asked[0])
  })

  it('brings a newer engine where the release’s own fails the probe, after showing what it changes', async () => {
    const simulation =
      'Inst libc6 [2.36] (2.41)\nInst runc (1.1)\nRemv tini [0.19]\nInst containerd [1.6] (1.7)\n'
    const apt = ({ line }: Call): string =>
      line.includes('-s install') && line.includes('-t') ? simulation : ''
    const { done, questions } = provision({ facts: debian12, probes: [refused], apt })
    await done
    expect(questions).toEqual([
      expect.stringMatching(/^No Docker engine is installed/),
      expect.stringMatching(/^The installed Docker engine cannot start privileged containers/),
      'Of the installed packages apt would upgrade 2 (libc6 containerd) and remove 1 (tini). Go on?',
    ])
    expect(world.effects).toEqual([
      'apt-get update',
      installEngine,
      'start engine',
      'write /etc/apt/sources.list.d/headless-lab-trixie.sources',
      'write /etc/apt/preferences.d/headless-lab-trixie',
      'apt-get update',
      'stop engine',
      'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 -t trixie docker.io docker-cli containerd runc iptables',
      'start engine',
    ])
  })

  describe('that is not given for what apt would upgrade', () => {
    const apt = ({ line }: Call): string => (line.includes('-s install') ? 'Inst libc6 [2.36] (2.41)\n' : '')
    const facts = { ...debian12, engine: 'stopped', dockerCli: true } as const
    const source = '/etc/apt/sources.list.d/headless-lab-trixie.sources'
    const pin = '/etc/apt/preferences.d/headless-lab-trixie'

    it('nothing is installed, and the files of the step are removed', async () => {
      const { done, asked } = provision({ facts, probes: [refused], apt, consent: [true, false] })
      const error = await labErrorOf(done)
      expect(error).toMatchObject({ code: 'host.consent', exitCode: 3 })
      expect(error.message).toContain('apt would upgrade 1 (libc6)')
      expect(asked[1]).toEqual([expect.stringContaining('apt-get install -y')])
      expect(world.effects).toEqual([
        'start engine',
        `write ${source}`,
        `write ${pin}`,
        'apt-get update',
        `remove ${source}`,
        `remove ${pin}`,
      ])
    })

    it('files of an earlier run stay', async () => {
      world.there = [source]
      const { done } = provision({ facts, probes: [refused], apt, consent: [true, false] })
      expect((await labErrorOf(done)).code).toBe('host.consent')
      expect(world.effects.slice(-2)).toEqual(['apt-get update', `remove ${pin}`])
    })
  })

  it('asks also where apt would only remove, whatever release the packages come from', async () => {
    const apt = ({ line }: Call): string => (line.includes(SIMULATE) ? 'Remv podman-docker [4.3]\n' : '')
    const { done, questions } = provision({ facts: debian12, apt, consent: [true, false] })
    expect(await labErrorOf(done)).toMatchObject({ code: 'host.consent', exitCode: 3 })
    expect(questions.slice(1)).toEqual([
      'Of the installed packages apt would remove 1 (podman-docker). Go on?',
    ])
    expect(world.effects).toEqual(['apt-get update'])
  })

  it('says so where the package of the release is too old', async () => {
    const { done } = provision({ facts: debian13, tools: ['go'], brings: { go: '1.18' } })
    const error = await labErrorOf(done)
    expect(error.code).toBe('host.lacks')
    expect(error.details).toContain('Go 1.18 is older than 1.24')
  })

  it('gives up on an engine that still fails', async () => {
    const { done } = provision({ facts: debian12, probes: [refused, refused] })
    const error = await labErrorOf(done)
    expect(error.code).toBe('host.engine-unusable')
    expect(error.message).toContain('cannot apply cgroup.')
  })

  it.each([
    ['somebody’s running engine', { ...debian12, engine: 'running', dockerCli: true } as const],
    [
      'an engine of a release without a known newer one',
      { ...debian13, engine: 'stopped', dockerCli: true } as const,
    ],
  ])('leaves %s alone when it fails', async (_, facts) => {
    const { done, asked } = provision({ facts, probes: [refused] })
    expect((await labErrorOf(done)).code).toBe('host.engine-unusable')
    expect(asked).toEqual([])
  })

  it('tells the end of apt’s output when apt fails', async () => {
    const apt = (call: Call): Answer =>
      isInstall(call) ? { exitCode: 100, stderr: 'E: Unable to locate package docker.io\n' } : ''
    const { done } = provision({ facts: debian12, apt })
    const error = await labErrorOf(done)
    expect(error).toMatchObject({ code: 'host.install-failed', retry: true, exitCode: 3 })
    expect(error.details).toBe('E: Unable to locate package docker.io')
    expect(error.hint).toContain('/nowhere/install.log')
    expect(world.effects).not.toContain('start engine')
  })
})

describe('other systems', () => {
  it('get a clear list, and nobody is asked', async () => {
    const { done, asked } = provision({ facts: fedora, tools: ['go', 'debootstrap', 'maven'] })
    const error = await labErrorOf(done)
    expect(error.code).toBe('host.lacks')
    expect(error.message).toBe(
      'on Fedora Linux 41 this has to be installed by hand: Docker Engine, debootstrap, debian-archive-keyring, Maven, Go 1.24',
    )
    expect(error.details?.split('\n')).toHaveLength(5)
    expect(asked).toEqual([])
  })
})

describe('whoever is not root', () => {
  it('is told so before anything else', async () => {
    const { done, asked } = provision({ facts: { ...debian12, isRoot: false } })
    const error = await labErrorOf(done)
    expect(error).toMatchObject({ code: 'host.lacks', exitCode: 3 })
    expect(error.message).toBe('only root can make nodes, and this is not run as root')
    expect(error.hint).toBe('run it as root (sudo -E npm run deploy)')
    expect({ asked, effects: world.effects }).toEqual({ asked: [], effects: [] })
  })
})

describe('an interruption', () => {
  const interrupted = new LabError('interrupted', 'interrupted')

  /** Interrupts while a command runs; the command then ends by itself. */
  async function interruptDuring(when: (call: Call) => boolean, host: Host) {
    const controller = new AbortController()
    const began = deferred()
    const end = deferred()
    const seen: Call[] = []
    const { done, said } = provision({
      ...host,
      signal: controller.signal,
      apt: async (call) => {
        if (!when(call)) return ''
        seen.push(call)
        began.resolve()
        await end.promise
        world.effects.push('apt ended')
        return ''
      },
    })
    const outcome = rejectionOf(done)
    await began.promise
    controller.abort(interrupted)
    end.resolve()
    return { error: await outcome, said, seen }
  }

  it('lets apt finish, says so, and takes effect then', async () => {
    const { error, said, seen } = await interruptDuring(isInstall, { facts: debian12 })
    expect(error).toBe(interrupted)
    expect(said).toContain('apt has begun and is let finish; then this program ends')
    // Without a signal nothing can end it.
    expect(seen[0]?.options.signal).toBeUndefined()
    expect(world.effects).toEqual(['apt-get update', installEngine, 'apt ended'])
  })

  it('takes effect also where nothing comes after apt that looks at it', async () => {
    const facts = { ...debian13, engine: 'running', dockerCli: true } as const
    const { error } = await interruptDuring(isInstall, { facts, tools: ['debootstrap'] })
    expect(error).toBe(interrupted)
  })

  it('between two commands changes nothing more', async () => {
    const update = ({ line }: Call): boolean => line.includes('apt-get update')
    const { error } = await interruptDuring(update, { facts: debian12 })
    expect(error).toBe(interrupted)
    expect(world.effects).toEqual(['apt-get update', 'apt ended'])
  })

  it('while apt only simulates installs nothing, and stops no engine', async () => {
    const facts = { ...debian12, engine: 'stopped', dockerCli: true } as const
    const simulation = ({ line }: Call): boolean => line.includes(SIMULATE)
    const { error } = await interruptDuring(simulation, { facts, probes: [refused] })
    expect(error).toBe(interrupted)
    expect(world.effects).not.toContain('stop engine')
    expect(world.effects.filter((effect) => effect.startsWith('apt-get install'))).toEqual([])
  })
})
