import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { LabError } from '../errors.js'
import { engineState, probePrivileged, startEngine, stopEngine } from './engine.js'
import { inspectHost } from './inspect.js'
import {
  AS_ROOT,
  changesOf,
  installSteps,
  newerEngine,
  requirements,
  ROOT,
  shellLines,
  simulated,
  type HostFacts,
  type InstallStep,
  type Requirement,
  type Tool,
} from './requirements.js'
import { must, type Run } from './run.js'
import { wordsOf } from '../words.js'

/** Whether system-wide changes may be made: asked once for each list of exact commands. */
export type Consent = (question: string, commands: readonly string[]) => Promise<boolean>

export interface ProvisionOptions {
  readonly run: Run
  readonly consent: Consent
  /** Progress, one line at a time. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** Log file of the package installations. */
  readonly installLog: string
  /** Log file of an engine started by us. */
  readonly engineLog: string
}

/**
 * Makes sure of an engine that starts privileged containers, and of the tools that building needs.
 * An engine that works is used untouched.
 *
 * @throws LabError `host.consent` with the exact commands, when they may not be run; `host.lacks` where this
 * program does not know how to install what is missing, or is not root; `host.engine-unusable`; `host.install-failed`.
 */
export async function ensureHost(tools: readonly Tool[], options: ProvisionOptions): Promise<void> {
  const facts = await inspectHost(options.run, options.signal)
  const missing = requirements(facts, tools)
  const byHand = missing.filter(({ from }) => from === undefined)
  if (byHand.length > 0) throw lacks(facts, byHand)
  if (missing.length > 0) {
    await install(
      installSteps(facts, missing),
      missing.map((requirement) => requirement.missing).join('; '),
      options,
    )
    // A release's package can be too old, which only its installation shows.
    const still = requirements(await inspectHost(options.run, options.signal), tools)
    if (still.length > 0) throw lacks(facts, still)
  }
  await ensureEngine(facts, options)
}

/** Starts the engine where it is stopped, and replaces one that cannot do what nodes need. */
async function ensureEngine(facts: HostFacts, options: ProvisionOptions): Promise<void> {
  const { run, say, signal } = options
  const answered = facts.engine === 'running'
  if ((await engineState(run, signal)) !== 'running') {
    say('starting the Docker engine')
    await startEngine(run, options.engineLog, signal)
  }
  const refusal = await probePrivileged(run, signal)
  if (refusal === undefined) return
  // Somebody else's running engine is not ours to upgrade.
  const newer = answered ? undefined : newerEngine(facts)
  if (newer === undefined) throw engineUnusable(refusal)
  say(`this engine cannot start a privileged container (${refusal})`)
  await install(newer, 'the installed Docker engine cannot start privileged containers', {
    ...options,
    beforeLast: () => stopEngine(run, signal),
  })
  await startEngine(run, options.engineLog, signal)
  const still = await probePrivileged(run, signal)
  if (still !== undefined) throw engineUnusable(still)
}

interface InstallOptions extends ProvisionOptions {
  /** Runs when all is known and agreed, before packages change. */
  readonly beforeLast?: () => Promise<void>
}

async function install(steps: readonly InstallStep[], why: string, options: InstallOptions): Promise<void> {
  const { say } = options
  const lines = steps.flatMap(shellLines)
  await agree(why, 'Run these commands?', lines, options)
  for (const step of steps) {
    const made = step.files.map(({ path }) => path).filter((path) => !existsSync(path))
    for (const { path, content } of step.files) await writeFile(path, content)
    for (const command of step.commands) {
      options.signal.throwIfAborted()
      if (command.includes('install')) {
        try {
          await agreeToChanges(command, options)
        } catch (error) {
          // apt goes on as if nothing had been asked.
          for (const path of made) await rm(path, { force: true })
          throw error
        }
        await options.beforeLast?.()
      }
      say(command.slice(command.indexOf('apt-get')).join(' '))
      await toEnd(command, options)
    }
  }
}

/** @throws LabError `host.consent` with the exact commands, when they may not be run */
async function agree(
  why: string,
  question: string,
  lines: readonly string[],
  { consent }: ProvisionOptions,
): Promise<void> {
  if (await consent(`${capital(why)}. ${question}`, lines)) return
  throw new LabError('host.consent', `${why}, and nothing is installed without consent`, {
    details: lines.join('\n'),
    hint: 'run the same command with --yes, or run the commands above yourself',
  })
}

/**
 * What apt would upgrade and remove of what is installed is known only now, with the lists of packages up to date:
 * it is agreed to by itself.
 */
async function agreeToChanges(command: readonly string[], options: InstallOptions): Promise<void> {
  const { upgrades, removals } = changesOf((await toEnd(simulated(command), options)).stdout)
  const changes = [counted('upgrade', upgrades), counted('remove', removals)].filter((text) => text !== '')
  if (changes.length === 0) return
  const why = `of the installed packages apt would ${changes.join(' and ')}`
  await agree(why, 'Go on?', [command.join(' ')], options)
}

/** `remove 2 (a b)`, and nothing where there are none. */
const counted = (verb: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `${verb} ${names.length} (${names.join(' ')})`

/**
 * Runs a package command to its end, also when the program is interrupted or killed meanwhile: a half-configured
 * package database is worse than a wait. The interruption takes effect afterwards.
 */
async function toEnd(command: readonly string[], options: InstallOptions): Promise<{ stdout: string }> {
  const [file = '', ...args] = command
  const onAbort = (): void => options.say('apt has begun and is let finish; then this program ends')
  options.signal.addEventListener('abort', onAbort, { once: true })
  let result: { stdout: string }
  try {
    result = await must(options.run)(file, args, { log: options.installLog, outlives: true })
  } catch (error) {
    throw new LabError('host.install-failed', wordsOf(error), {
      cause: error,
      hint: `look at ${options.installLog}, mend it, then run the same command again`,
      ...(error instanceof LabError && error.details !== undefined ? { details: error.details } : {}),
    })
  } finally {
    options.signal.removeEventListener('abort', onAbort)
  }
  options.signal.throwIfAborted()
  return result
}

function lacks(facts: HostFacts, missing: readonly Requirement[]): LabError {
  if (missing.includes(ROOT)) return new LabError('host.lacks', ROOT.missing, { hint: AS_ROOT })
  return new LabError(
    'host.lacks',
    `on ${facts.os.prettyName} this has to be installed by hand: ${missing.map(({ name }) => name).join(', ')}`,
    {
      details: missing.map(({ name, missing: what }) => `${name}: ${what}`).join('\n'),
      hint: 'install them, then run the same command again',
    },
  )
}

function engineUnusable(refusal: string): LabError {
  return new LabError(
    'host.engine-unusable',
    `the Docker engine cannot start a privileged container: ${refusal}`,
    {
      hint: 'nodes are privileged containers; use a newer engine, or one that is not itself confined',
    },
  )
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
