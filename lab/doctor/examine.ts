import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { findClashes, nodesNetwork, type HostNetworks } from '../../topology/index.js'
import { Engine, type Container } from '../cluster/engine.js'
import { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { measureDisk } from '../host/disk.js'
import { probePrivileged, refusalIn } from '../host/engine.js'
import { asFileError } from '../host/file-error.js'
import { inspectHost } from '../host/inspect.js'
import { cacheDir } from '../host/paths.js'
import type { Tool } from '../host/requirements.js'
import { must, type Run } from '../host/run.js'
import type { Plan } from '../plan/plan.js'
import { space } from '../plan/space.js'
import { oneLine, wordsOf } from '../words.js'
import type { Asked, DoctorFacts, EngineFacts, Trouble } from './facts.js'
import { featuresFor, readKernel } from './kernel.js'
import { givesPort, readInotify, readMemory } from './measure.js'
import { lookAtNameservers, rangesOf, readNameservers } from './nameservers.js'

/** What an examination is of. */
export interface Examined {
  readonly plan: Plan
  /** Folder of the lab's state. */
  readonly stateFolder: string
  /** What a deploy would build with; empty where everything is built. */
  readonly tools: readonly Tool[]
  readonly builds: boolean
  /** Whether a container may be started, to see whether the engine can. Default: true. */
  readonly starts?: boolean
}

/** Measures the host. It starts one container, which ends at once, and changes nothing else. */
export async function examine(
  { plan, stateFolder, tools, builds, starts = true }: Examined,
  run: Run,
  signal: AbortSignal,
): Promise<DoctorFacts> {
  const host = await tried(inspectHost(run, signal), signal)
  const facts = valueOf(host)
  const engine = facts?.engine === 'running' ? new Engine(run, { signal }) : undefined
  const ask = async <T>(question: (engine: Engine) => Promise<T>): Promise<Asked<T>> =>
    engine && tried(question(engine), signal)
  const containers = valueOf(await ask((asked) => asked.containers(plan.name)))
  // As preflight does it: a network of that name without the lab on it is somebody's.
  const ownNetworks = containers === undefined || containers.length === 0 ? [] : [nodesNetwork]
  const [about, privileged, labs, networks, kernel, inotify, memory, nameservers, freePort] =
    await Promise.all([
      ask(() => infoOf(run, signal)),
      starts ? ask(() => privilegedOf(run, signal)) : undefined,
      ask((asked) => asked.labs()),
      ask((asked) => asked.hostNetworks(ownNetworks)),
      readKernel(),
      tried(readInotify(), signal),
      readMemory(),
      readNameservers(),
      givesPort(),
    ])
  const there = containers?.map(({ name }) => name) ?? (await nodesOfJournal(plan, stateFolder))
  const nodesAbsent = plan.nodes.filter((node) => !there.includes(node)).length
  const disks = await measureDisk([
    { folder: cacheDir(), bytes: builds ? space.cache : 0 },
    { folder: homedir(), bytes: tools.includes('go') ? space.goCaches : 0 },
    { folder: stateFolder, bytes: there.length === 0 ? space.state : 0 },
    {
      folder: valueOf(about)?.dataRoot ?? '/var/lib/docker',
      bytes: (builds ? space.engineToBuild : 0) + nodesAbsent * space.engineOfNode,
    },
  ])
  const ranges = rangesOf(plan.topology, subnetsOfNodes(valueOf(networks)))
  return {
    ...{ tools, labs, disks, memory, freePort, privileged, host: facts },
    isRoot: process.getuid?.() === 0,
    engine:
      'trouble' in host ? host : mapped(about, ({ version, storageDriver }) => ({ version, storageDriver })),
    inotify: valueOf(inotify),
    nodesToMake: plan.nodes.length - runningNodes(plan, containers ?? []),
    cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1,
    features: featuresFor(plan.topology, kernel),
    clashes: mapped(networks, (seen) => findClashes(plan.topology, seen)),
    nameservers: await lookAtNameservers(nameservers, ranges, signal),
  }
}

/** What cannot be measured is a finding of its own, and must not keep the others from being told. */
async function tried<T>(
  effect: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | { readonly trouble: Trouble }> {
  try {
    return { value: await effect }
  } catch (error) {
    signal.throwIfAborted()
    return { trouble: troubleOf(error) }
  }
}

function troubleOf(error: unknown): Trouble {
  const known = error instanceof LabError ? error : asFileError(error)
  const words = known?.details === undefined ? '' : `: ${oneLine(refusalIn(known.details))}`
  return {
    why: `${wordsOf(known ?? error)}${words}`,
    fix: known?.hint ?? 'mend that, then run the same command again',
  }
}

const valueOf = <T>(asked: Asked<T>): T | undefined =>
  asked !== undefined && 'value' in asked ? asked.value : undefined

const mapped = <T, U>(asked: Asked<T>, map: (value: T) => U): Asked<U> =>
  asked !== undefined && 'value' in asked ? { value: map(asked.value) } : asked

async function infoOf(run: Run, signal: AbortSignal): Promise<EngineFacts & { readonly dataRoot: string }> {
  const format = '{{.ServerVersion}}\t{{.Driver}}\t{{.DockerRootDir}}'
  const { stdout } = await must(run)('docker', ['info', '--format', format], { signal })
  const [version = '', storageDriver = '', dataRoot = '/'] = stdout.trim().split('\t')
  return { version, storageDriver, dataRoot }
}

async function privilegedOf(
  run: Run,
  signal: AbortSignal,
): Promise<'started' | { readonly refusal: string }> {
  const refusal = await probePrivileged(run, signal)
  return refusal === undefined ? 'started' : { refusal }
}

/** The nodes that an engine which does not answer should hold; none where the journal cannot be read. */
async function nodesOfJournal({ name, nodes }: Plan, stateFolder: string): Promise<readonly string[]> {
  const began = await new LabState(name, stateFolder).mayHaveNodes().catch(() => false)
  return began ? nodes : []
}

const runningNodes = ({ nodes }: Plan, containers: readonly Container[]): number =>
  containers.filter(({ name, state }) => state === 'running' && nodes.includes(name)).length

const subnetsOfNodes = (networks: HostNetworks | undefined): readonly string[] =>
  networks?.dockerNetworks.flatMap(({ name, subnets }) => (name === nodesNetwork ? subnets : [])) ?? []
