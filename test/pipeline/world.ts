import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KubernetesObject } from '@kubernetes/client-node'
import type { Artifact, ArtifactSource, Pending } from '../../lab/artifacts/artifact.js'
import type { HostEntries } from '../../lab/cluster/host-entries.js'
import { nameOf, type Applied } from '../../lab/cluster/object-api.js'
import { LabOwner } from '../../lab/cluster/lab-owner.js'
import { LeftNetworks } from '../../lab/cluster/left-networks.js'
import { LabState } from '../../lab/cluster/state.js'
import type { Run } from '../../lab/host/run.js'
import { deployStages, type ClusterApi, type DeployContext } from '../../lab/pipeline/deploy.js'
import type { Stage } from '../../lab/pipeline/progress.js'
import { runStep } from '../../lab/pipeline/step.js'
import { teardownStages } from '../../lab/pipeline/teardown.js'
import { RUN_LABEL } from '../../lab/host/descendants.js'
import { makePlan, type Plan } from '../../lab/plan/plan.js'
import { parseSpec, type SpecInput } from '../../lab/spec/index.js'
import { fakeRun, never, temporaryFolder, type Answer, type Call } from '../unit/host/fakes.js'

export interface FakeContainer {
  readonly name: string
  state: string
  readonly labels: Readonly<Record<string, string>>
  readonly network: string
  /** `docker rm` says that it removed it, and does not. */
  readonly stubborn?: boolean
  /** `docker rm` fails. */
  readonly refuses?: boolean
  /** So often `docker rm` says that somebody is removing it already. */
  busy?: number
  /** The image it was made from; by default `image`. */
  readonly image?: string
  /** It exits again as soon as it was started. */
  readonly endsAtOnce?: boolean
  /** On the nodes' network. */
  readonly addresses?: readonly string[]
  /** Names of its volumes. */
  readonly mounts?: readonly string[]
}

export interface FakeDatabase {
  /** What it answers its administrator until it is up. */
  starting: string[]
  /** The password of the pods' role; `undefined` before there is one. */
  password: string | undefined
}

export interface FakeVolume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Stays when its container is removed. */
  readonly stays?: boolean
}

/** A host with an engine, in memory; its files are in a temporary folder. */
export interface World {
  readonly containers: FakeContainer[]
  /** Names of those that the engine is making: it has given them the name, and does not list them yet. */
  readonly making: Set<string>
  readonly volumes: FakeVolume[]
  /** Images of linux nodes. */
  readonly images: Set<string>
  /** Subnets by the name of the network. */
  readonly networks: Map<string, string>
  /** By the name of the network, where it is not `id-of-` and the name. */
  readonly networkIds: Map<string, string>
  /** `volume`, `network`: docker says that it removed one, and does not. */
  readonly unremovable: Set<string>
  routes: string
  /** When containers were started last; RFC 3339. */
  startedAt: string
  readonly hostEntries: HostEntries
  readonly run: Run
  readonly calls: Call[]
  /** What happened, in order: commands that change something, and applied objects. */
  readonly effects: string[]
  /** The Postgres server of the container `lab-external-db`. */
  readonly database: FakeDatabase
  /** What containerlab does instead of its work. */
  containerlab: { deploy?: (call: Call) => Promise<Answer>; destroy?: (call: Call) => Promise<Answer> }
}

export const adminConf = `apiVersion: v1
kind: Config
clusters: [{name: kubernetes, cluster: {server: "https://x:6443"}}]
contexts: [{name: a, context: {cluster: kubernetes, user: admin}}]
current-context: a
users: [{name: admin, user: {client-key-data: S0VZ}}]
`

const networkId = ({ networkIds }: Pick<World, 'networkIds'>, name: string): string =>
  networkIds.get(name) ?? `id-of-${name}`

export const nodeLabels = (lab: string): Record<string, string> => ({
  'io.x-k8s.kind.cluster': lab,
  containerlab: lab,
})

export const hostsBlock = (lab: string): string =>
  `###### CLAB-${lab}-START ######\n172.18.0.2\t${lab}-control-plane\n###### CLAB-${lab}-END ######\n`

export async function makeWorld(): Promise<World> {
  const folder = await temporaryFolder()
  const hostEntries = {
    hostsFile: join(folder, 'hosts'),
    sshFile: join(folder, 'clab-lab.conf'),
    netnsLinks: [join(folder, 'netns-lab-db')],
  }
  await writeFile(hostEntries.hostsFile, `127.0.0.1\tlocalhost\n${hostsBlock('lab-2')}`)
  const world: World = {
    containers: [],
    making: new Set(),
    volumes: [],
    images: new Set(),
    unremovable: new Set(),
    networkIds: new Map(),
    networks: new Map([['bridge', '172.17.0.0/16']]),
    routes: 'default via 10.0.0.1 dev eth0\n',
    hostEntries,
    startedAt: '2020-01-01T00:00:00Z',
    effects: [],
    containerlab: {},
    database: { starting: [], password: undefined },
    ...fakeRun((call) => answer(world, call, folder)),
  }
  return world
}

async function answer(world: World, call: Call, folder: string): Promise<Answer> {
  const { line, args } = call
  const verb = args[0] ?? ''
  if (line.startsWith('ip ')) return line.includes('-4') ? world.routes : ''
  if (line.includes('containerlab ')) {
    world.effects.push(`containerlab ${verb}`)
    if (verb === 'deploy') return (world.containerlab.deploy ?? (() => clabDeploy(world, 'lab', 2)))(call)
    return (world.containerlab.destroy ?? (() => clabDestroy(world, 'lab')))(call)
  }
  const changes = ['rm', 'start', 'stop', 'unpause', 'network rm', 'volume rm'].find((words) =>
    line.startsWith(`docker ${words} `),
  )
  if (changes !== undefined) world.effects.push(line)
  if (line.startsWith('docker exec -i ')) return psqlAnswer(world, call)
  return engineAnswer(world, args, folder)
}

/** The administrator by the socket; or the pods' role over TCP, with its password on standard input. */
function psqlAnswer({ database, effects }: World, { line, options }: Call): Answer {
  const failed = (stderr: string): Answer => ({ exitCode: 2, stderr: `psql: error: ${stderr}\n` })
  const input = options.input ?? ''
  if (line.includes(' -U app ')) {
    const right = database.password !== undefined && input === `${database.password}\n`
    return right ? '1\n' : failed('FATAL:  password authentication failed for user "app"')
  }
  const starting = database.starting.shift()
  if (starting !== undefined) return failed(starting)
  const password = /PASSWORD '(.*)'/.exec(input)?.[1]
  if (password === undefined) return '1\n'
  database.password = password
  effects.push('set password')
  return ''
}

function engineAnswer(world: World, args: readonly string[], folder: string): Answer {
  const [first = '', second = ''] = args
  const filter = args[args.indexOf('--filter') + 1] ?? ''
  const labelled = ({ labels }: FakeVolume | FakeContainer): boolean => {
    const [, key = '', value] = /^label=([^=]+)=(.*)$/.exec(filter) ?? []
    return labels[key] === value
  }
  const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('')
  const grouped = ['network', 'volume', 'image', 'container'].includes(first)
  if (second === 'rm' && world.unremovable.has(first)) return ''
  switch (grouped ? `${first} ${second}` : first) {
    case 'ps': {
      const shown = world.containers.filter(({ state }) => args.includes('-a') || state === 'running')
      if (filter === `label=${RUN_LABEL}`) {
        const ofRuns = shown.filter(({ labels }) => RUN_LABEL in labels)
        return lines(ofRuns.map(({ name, labels }) => `id-${name}\t${name}\t${labels[RUN_LABEL] ?? ''}`))
      }
      if (args.at(-1) === '{{.Names}}' && !args.includes('--filter'))
        return lines(shown.map(({ name }) => name))
      const onNetwork = /^network=(.*)$/.exec(filter)?.[1]
      if (onNetwork !== undefined) {
        return lines(shown.filter(({ network }) => network === onNetwork).map(({ name }) => name))
      }
      return lines(
        shown
          .filter(labelled)
          .map(({ name, state, image = 'image' }) => `id-${name}\t${name}\t${state}\t${image}`),
      )
    }
    case 'image ls':
      return 'sha256:1\n'
    case 'create': {
      const name = args[args.indexOf('--name') + 1] ?? ''
      if (world.making.has(name) || world.containers.some((one) => one.name === name))
        return {
          exitCode: 1,
          stderr: `Error response from daemon: Conflict. The container name "/${name}" is already in use by container "1".\n`,
        }
      const [key = '', value = ''] = args[args.indexOf('--label') + 1]?.split('=') ?? []
      world.containers.push({ name, state: 'created', labels: { [key]: value }, network: 'bridge' })
      return `id-${name}\n`
    }
    case 'container rm':
      world.containers.splice(
        world.containers.findIndex(({ name }) => `id-${name}` === args.at(-1)),
        1,
      )
      return ''
    case 'start':
    case 'unpause':
      for (const container of world.containers)
        if (args.includes(`id-${container.name}`) && container.endsAtOnce !== true)
          container.state = 'running'
      return ''
    case 'stop':
      for (const container of world.containers)
        if (args.includes(`id-${container.name}`)) container.state = 'exited'
      return ''
    case 'rm':
      for (const id of args.filter((word) => word.startsWith('id-'))) {
        const i = world.containers.findIndex(({ name, stubborn }) => `id-${name}` === id && stubborn !== true)
        if (world.containers[i]?.refuses === true) return { exitCode: 1, stderr: `cannot remove ${id}\n` }
        if (i === -1) continue
        const busy = world.containers[i]?.busy ?? 0
        if (busy > 0) {
          Object.assign(world.containers[i] ?? {}, { busy: busy - 1 })
          return {
            exitCode: 1,
            stderr: `Error response from daemon: removal of container ${id} is already in progress\n`,
          }
        }
        const [gone] = world.containers.splice(i, 1)
        if (!args.includes('-v')) continue
        removeVolumes(
          world,
          ({ name, stays }) => stays !== true && name !== 'data' && gone?.mounts?.includes(name) === true,
        )
      }
      return ''
    case 'container inspect':
      if (args.at(-2) === '{{.State.StartedAt}}') return `${world.startedAt}\n`
      if (args.at(-2)?.includes('NetworkSettings') === true) {
        const found = world.containers.find(({ name, state }) => name === args.at(-1) && state === 'running')
        return lines(found?.addresses ?? [])
      }
      return lines(
        args
          .slice(4)
          .flatMap((id) => world.containers.find(({ name }) => `id-${name}` === id)?.mounts ?? [])
          .concat(''),
      )
    case 'image inspect':
      if (world.images.has(args.at(-1) ?? '')) return 'sha256:1\n'
      return { exitCode: 1, stderr: `Error response from daemon: No such image: ${args.at(-1) ?? ''}\n` }
    case 'logs':
      return { stdout: `${args.at(-1) ?? ''} says hello\n`, stderr: 'and warns\n' }
    case 'volume ls':
      return lines(
        world.volumes.filter((volume) => filter === 'ls' || labelled(volume)).map(({ name }) => name),
      )
    case 'volume rm':
      removeVolumes(world, ({ name }) => args.slice(2).includes(name))
      return ''
    case 'network ls':
      return lines(
        [...world.networks.keys()].map((name) =>
          args.includes('--no-trunc') ? `${name}\t${networkId(world, name)}` : name,
        ),
      )
    case 'network inspect':
      return lines(args.slice(4).map((name) => `${name}\t${world.networks.get(name) ?? ''} `))
    case 'network rm': {
      const named = [...world.networks.keys()].find((name) => networkId(world, name) === args.at(-1))
      if (named === undefined) return { exitCode: 1, stderr: 'no such network' }
      world.networks.delete(named)
      return ''
    }
    case 'info':
      return folder
    case 'port':
      return '127.0.0.1:40123\n'
    case 'exec':
      return args.includes('journalctl') ? 'kubelet: no swap, please\n' : adminConf
    default:
      return undefined
  }
}

function removeVolumes(world: World, which: (volume: FakeVolume) => boolean): void {
  for (const volume of world.volumes.filter(which)) world.volumes.splice(world.volumes.indexOf(volume), 1)
}

/** What containerlab makes. */
export async function clabDeploy(world: World, lab: string, workers: number): Promise<Answer> {
  if (!world.networks.has('kind')) world.networks.set('kind', '172.18.0.0/16')
  const names = [
    'control-plane',
    ...Array.from({ length: workers }, (_, i) => `worker${i === 0 ? '' : i + 1}`),
  ]
  for (const name of names) world.containers.push(node(`${lab}-${name}`, lab))
  const { hostsFile, sshFile } = world.hostEntries
  const hosts = await readFile(hostsFile, 'utf8')
  await writeFile(hostsFile, hosts.replace(hostsBlock(lab), '') + hostsBlock(lab))
  await writeFile(sshFile, 'Host lab-*\n')
  return ''
}

function clabDestroy(world: World, lab: string): Promise<Answer> {
  for (const container of world.containers.filter(({ labels }) => labels['containerlab'] === lab)) {
    world.containers.splice(world.containers.indexOf(container), 1)
    removeVolumes(
      world,
      ({ name, stays }) => stays !== true && name !== 'data' && container.mounts?.includes(name) === true,
    )
  }
  return Promise.resolve('')
}

export const node = (name: string, lab: string, state = 'running'): FakeContainer => ({
  name,
  state,
  labels: nodeLabels(lab),
  network: 'kind',
})

/** A cluster that remembers what was applied to it, by text. */
export interface FakeCluster extends ClusterApi {
  readonly objects: Map<string, string>
  /** Values of Secrets, by `namespace/name`. */
  readonly secrets: Map<string, Record<string, string>>
  notReady: string | undefined
  /** What its questions were to end with. */
  readonly signals: AbortSignal[]
}

export function makeCluster(world: World): FakeCluster {
  const objects = new Map<string, string>()
  const secrets = new Map<string, Record<string, string>>()
  const cluster: FakeCluster = {
    objects,
    secrets,
    ensureSecret: ({ namespace, name, keys }): Promise<Applied> => {
      const id = `${namespace}/${name}`
      const before = secrets.get(id)
      const missing = keys.filter((key) => before?.[key] === undefined)
      if (before !== undefined && missing.length === 0) return Promise.resolve('unchanged')
      secrets.set(id, { ...before, ...Object.fromEntries(missing.map((key) => [key, `${id} ${key}`])) })
      world.effects.push(`secret ${id}`)
      return Promise.resolve(before === undefined ? 'created' : 'changed')
    },
    secretLacks: ({ namespace, name, keys }) => {
      const has = secrets.get(`${namespace}/${name}`)
      return Promise.resolve(has && keys.filter((key) => has[key] === undefined))
    },
    secretValue: ({ namespace, name, key }) =>
      Promise.resolve(secrets.get(`${namespace}/${name}`)?.[key] ?? ''),
    notReady: undefined,
    signals: [],
    apply: (object: KubernetesObject): Promise<Applied> => {
      const text = JSON.stringify(object)
      const before = objects.get(nameOf(object))
      objects.set(nameOf(object), text)
      if (before !== text) world.effects.push(`apply ${nameOf(object)}`)
      if (before === undefined) return Promise.resolve('created')
      return Promise.resolve(before === text ? 'unchanged' : 'changed')
    },
    drift: (object) => {
      const live = objects.get(nameOf(object))
      if (live === undefined) return Promise.resolve(undefined)
      return Promise.resolve(live === JSON.stringify(object) ? [] : [{ path: 'spec' }])
    },
    selected: (kinds, selector) => {
      const [label = '', value] = selector.split('=')
      const managedFields = [{ manager: 'headless-lab', operation: 'Apply' }]
      const all = [...objects.values()].map((text) => {
        const object = JSON.parse(text) as { readonly metadata: object }
        const applied: unknown = { ...object, metadata: { ...object.metadata, managedFields } }
        return applied as KubernetesObject
      })
      return Promise.resolve(
        all.filter(
          ({ kind, metadata }) =>
            kinds.some((one) => one.kind === kind) && metadata?.labels?.[label] === value,
        ),
      )
    },
    remove: (object) => {
      objects.delete(nameOf(object))
      world.effects.push(`delete ${nameOf(object)}`)
      return Promise.resolve()
    },
    has: (object) => Promise.resolve(objects.has(nameOf(object))),
    unreachable: () => Promise.resolve(undefined),
    podsOfBefore: () => Promise.resolve(undefined),
    nodesNotReady: () => Promise.resolve(cluster.notReady),
    notRolledOut: () => Promise.resolve(undefined),
    explain: () => Promise.resolve('pods not ready: none'),
  }
  return cluster
}

const OFF = { enabled: false }
/** A lab of Redis, nginx and multitool takes the pipeline the same ways as a large one. */
const SMALL = {
  ...{ postgres: OFF, kafka: OFF, mysql: OFF, grpc: OFF },
  ...{ externalDatabase: OFF, moon: OFF, webApi: OFF, fixtures: OFF },
}

/** The plan of a spec; workloads that it does not name are left out. */
export function planOf(input: SpecInput = {}): Plan {
  const workloads = { ...SMALL, ...input.workloads }
  const parsed = parseSpec({ name: 'lab', ...input, workloads })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  return makePlan(parsed.spec)
}

/** Reference of the image of the external database. */
export const POSTGRES = 'headless-lab/postgres:17-k'

/** Artifacts that are there. */
export async function fakeArtifacts(nodeImage = 'headless-lab/node:1-k'): Promise<ArtifactSource> {
  const cache = await temporaryFolder()
  const fixture = fileURLToPath(new URL('../fixtures/calico-vxlan.excerpt.yaml', import.meta.url))
  await mkdir(join(cache, 'calico'))
  await writeFile(join(cache, 'calico', 'calico-vxlan.yaml'), await readFile(fixture))
  return {
    survey: () => Promise.resolve({ pending: [], tools: [] }),
    get: (name): Promise<Artifact> =>
      Promise.resolve({
        name,
        key: 'k',
        folder: join(cache, name),
        image: name === 'node' ? nodeImage : name === 'postgres' ? POSTGRES : undefined,
      }),
  }
}

/** Everything a lab takes, and its two ways. */
export interface FakeLab {
  readonly world: World
  readonly cluster: FakeCluster
  readonly state: LabState
  /** Whose the lab is for another folder on the same host. */
  readonly ownerIn: (other: LabState) => LabOwner
  readonly leftNetworks: LeftNetworks
  readonly warnings: string[]
  /** What the steps told beside their titles. */
  readonly results: string[]
  /** Deploys as the program does, and tells the number of changes. */
  readonly deploy: (options?: DeployOptions) => Promise<number>
  /** Tears down as the program does, and tells what was removed. */
  readonly teardown: (options?: TeardownOptions) => Promise<string[]>
}

interface DeployOptions {
  readonly run?: Run
  readonly plan?: Plan
  readonly artifacts?: ArtifactSource
  readonly pending?: readonly Pending[]
  readonly interrupt?: AbortSignal
  readonly onlyBringBack?: boolean
}

interface TeardownOptions {
  readonly run?: Run
  readonly engine?: boolean
  readonly containerlab?: string
}

export async function makeLab(): Promise<FakeLab> {
  const world = await makeWorld()
  const cluster = makeCluster(world)
  const state = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
  const owners = join(await temporaryFolder(), 'owners')
  const ownerIn = (folder: LabState): LabOwner => new LabOwner(owners, folder)
  const owner = ownerIn(state)
  const leftNetworks = new LeftNetworks(join(await temporaryFolder(), 'left-networks'))
  const artifacts = await fakeArtifacts()
  const warnings: string[] = []
  const results: string[] = []
  const { run, hostEntries } = world
  return {
    world,
    cluster,
    state,
    ownerIn,
    warnings,
    results,
    deploy: async ({
      plan = planOf(),
      interrupt = never(),
      pending = [],
      onlyBringBack = false,
      ...given
    } = {}) => {
      await state.create()
      const context: DeployContext = {
        plan,
        state,
        owner,
        artifacts: given.artifacts ?? artifacts,
        pending,
        diskToBuild: [],
        run: given.run ?? run,
        connect: (_, signal) => {
          cluster.signals.push(signal)
          return cluster
        },
        onlyBringBack,
        hostEntries,
        warn: (line) => warnings.push(line),
        changes: 0,
      }
      await runAll(deployStages(context), interrupt, results)
      return context.changes
    },
    leftNetworks,
    teardown: async ({ engine = true, containerlab, ...given } = {}) => {
      const removed: string[] = []
      const made = containerlab ?? (await state.record())?.containerlab
      await runAll(
        teardownStages({
          name: 'lab',
          state,
          owner,
          run: engine ? (given.run ?? run) : undefined,
          containerlab: made,
          hostEntries,
          leftNetworks,
          removed,
        }),
        never(),
        results,
      )
      return removed
    },
  }
}

/** One stage after the other, without the drawing. */
async function runAll(stages: readonly Stage[], interrupt: AbortSignal, results: string[]): Promise<void> {
  for (const stage of stages) {
    for (const step of 'beside' in stage ? stage.beside() : [stage]) {
      const result = await runStep(step, interrupt, () => undefined)
      if (result !== undefined) results.push(result)
    }
  }
}
