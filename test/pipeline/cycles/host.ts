import { mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { withoutHostsBlock, type HostEntries } from '../../../lab/cluster/host-entries.js'
import { mendedHosts } from '../../../lab/cluster/hosts-guard.js'
import type { LabState } from '../../../lab/cluster/state.js'
import type { Run, RunOptions, RunResult } from '../../../lab/host/run.js'
import { expectedContainers } from '../../../lab/pipeline/steps/containers.js'
import type { Plan } from '../../../lab/plan/plan.js'
import { hostsBlock, makeWorld, nodeLabels, type FakeContainer, type World } from '../world.js'
import type { Chaos } from './chaos.js'
import { clock } from './clock.js'
import type { Random } from './random.js'

const KIND = 'kind'
const SUBNET = '172.18.0.0/16'

/** A host whose engine and containerlab do their work in steps, of which some only may be done. */
export interface Host {
  readonly world: World
  readonly entries: HostEntries
  /** Whether the network of the nodes was there before any lab. */
  readonly hadNetwork: boolean
  /** Commands, with what befalls them. */
  readonly run: (chaos: Chaos) => Run
  /** What was begun by a command that was cut off, and happens later all the same. */
  readonly settle: () => Promise<void>
}

type Step = () => Promise<void> | void

const done: RunResult = { exitCode: 0, stdout: '', stderr: '' }
const failed = (stderr: string): RunResult => ({ exitCode: 1, stdout: '', stderr })

export async function makeHost(plan: Plan, random: Random): Promise<Host> {
  const world = await makeWorld()
  const folder = dirname(world.hostEntries.hostsFile)
  const names = expectedContainers(plan)
  const entries: HostEntries = {
    hostsFile: world.hostEntries.hostsFile,
    sshFile: world.hostEntries.sshFile,
    netnsLinks: names.map((name) => join(folder, 'netns', name)),
  }
  await mkdir(join(folder, 'netns'))
  const hadNetwork = random.chance(0.4)
  if (hadNetwork) world.networks.set(KIND, SUBNET)
  await addForeigners(world, folder, hadNetwork)
  let made = 0
  /** What still happens, and after how many waits; and which container that makes. */
  let late: { left: number; step: Step; name: string | undefined }[] = []

  const create =
    (name: string): Step =>
    () => {
      const volume = (++made).toString(16).padStart(64, '0')
      world.volumes.push({ name: volume, labels: {}, stays: random.chance(0.3) })
      world.containers.push({
        ...{ name, state: 'running', labels: nodeLabels(plan.name), network: KIND, mounts: [volume] },
        addresses: [`172.18.0.${made % 250}`],
      })
      if (name === plan.externalDatabase?.container) world.database.password = undefined
    }
  /** It empties the file, and writes it again. */
  const hostsSteps = (change: (text: string) => string): Step[] => {
    let text = ''
    return [
      async () => {
        text = change(withoutHostsBlock(await readFile(entries.hostsFile, 'utf8'), plan.name))
        await writeFile(entries.hostsFile, '')
      },
      () => writeFile(entries.hostsFile, text.slice(0, random.below(text.length))),
      () => writeFile(entries.hostsFile, text),
    ]
  }
  const deploySteps = (): Step[] => [
    () => {
      if (world.networks.has(KIND)) return
      world.networks.set(KIND, SUBNET)
      world.networkIds.set(KIND, `network-${++made}`)
    },
    ...names.map(create),
    ...hostsSteps((text) => text + hostsBlock(plan.name)),
    () => writeFile(entries.sshFile, `Host ${plan.name}-*\n`),
    ...entries.netnsLinks.map((link) => async () => {
      await rm(link, { force: true })
      await symlink('/proc/4242/ns/net', link)
    }),
  ]
  const destroySteps = (): Step[] => [
    ...names.map((name) => () => removeContainer(world, name)),
    ...hostsSteps((text) => text),
    () => rm(entries.sshFile, { force: true }),
    ...entries.netnsLinks.map((link) => () => rm(link, { force: true })),
  ]
  const happen = async (steps: readonly Step[]): Promise<RunResult> => {
    for (const step of steps) await step()
    return done
  }

  const run =
    (chaos: Chaos): Run =>
    async (file, args, options = {}) => {
      const line = [file, ...args].join(' ')
      const base = {
        what: line.replace(/\S+\/containerlab /, 'containerlab ').slice(0, 70),
        signal: options.signal,
        failure: () => failed('Error response from daemon: it went wrong\n'),
      }
      const ordinary = { ...base, effect: () => world.run(file, args, withoutSignal(options)) }
      if (basename(file) === 'containerlab') {
        const taken =
          args[0] === 'deploy' ? names.filter((name) => isThere(world, name) || world.making.has(name)) : []
        if (taken.length > 0)
          return chaos.call({
            ...base,
            effect: () => Promise.resolve(failed(`${taken.join()} is there already\n`)),
          })
        const steps = args[0] === 'deploy' ? deploySteps() : destroySteps()
        world.effects.push(`containerlab ${args[0] ?? ''}`)
        return chaos.call({
          ...base,
          effect: () => happen(steps),
          part: async () => {
            // Amid the containers, or anywhere.
            const at = random.below(random.chance(0.5) ? names.length + 1 : steps.length)
            await happen(steps.slice(0, at))
            const next = steps[at]
            // The engine does what it was asked for before who asked was killed.
            const ofEngine = args[0] === 'deploy' && at <= names.length
            if (!ofEngine || next === undefined || random.chance(0.5)) return
            const name = names[at - 1]
            // It copies what the volumes of a node hold, for seconds; the name is given by then.
            if (name !== undefined) world.making.add(name)
            late.push({ left: 1 + random.below(name === undefined ? 2 : 12), step: next, name })
          },
        })
      }
      if (args[0] === 'rm') {
        const ids = args.filter((word) => word.startsWith('id-'))
        return chaos.call({
          ...ordinary,
          part: async () => {
            for (const id of ids) if (random.chance(0.5)) await world.run('docker', ['rm', '-f', '-v', id])
          },
        })
      }
      const inside =
        args[0] === 'exec'
          ? args.find((word) => isName(word, plan))
          : args[0] === 'port'
            ? args[1]
            : undefined
      if (inside !== undefined && !isThere(world, inside))
        return chaos.call({
          ...base,
          effect: () => Promise.resolve(failed(`No such container: ${inside}\n`)),
        })
      if (args.at(-2) === '{{.State.Pid}}')
        return chaos.call({ ...base, effect: () => Promise.resolve({ ...done, stdout: '4242\n' }) })
      return chaos.call(ordinary)
    }
  const settle = async (which: typeof late): Promise<void> => {
    for (const { name } of which) world.making.delete(name ?? '')
    await happen(which.map(({ step }) => step))
  }
  clock.pass = async () => {
    late = late.map(({ left, ...rest }) => ({ left: left - 1, ...rest }))
    await settle(late.filter(({ left }) => left <= 0))
    late = late.filter(({ left }) => left > 0)
  }
  return {
    ...{ world, entries, hadNetwork, run },
    settle: async () => {
      await settle(late)
      late = []
    },
  }
}

const withoutSignal = ({ input }: RunOptions): RunOptions => (input === undefined ? {} : { input })

const isName = (word: string, plan: Plan): boolean => expectedContainers(plan).includes(word)

const isThere = ({ containers }: World, name: string): boolean => containers.some((one) => one.name === name)

/** Removes a container, with those of its volumes that go with it. */
export function removeContainer(world: World, name: string): void {
  const at = world.containers.findIndex((one) => one.name === name)
  if (at === -1) return
  const [gone] = world.containers.splice(at, 1)
  for (const volume of world.volumes.filter(
    ({ name: of, stays }) => stays !== true && gone?.mounts?.includes(of),
  ))
    world.volumes.splice(world.volumes.indexOf(volume), 1)
}

/** Things of others that look like those of the lab. */
async function addForeigners(world: World, folder: string, hadNetwork: boolean): Promise<void> {
  const foreign = (name: string, labels: Record<string, string>): FakeContainer => ({
    ...{ name, state: 'running', labels, network: hadNetwork ? KIND : 'bridge', mounts: ['f'.repeat(64)] },
  })
  world.containers.push(
    foreign('lab-2-control-plane', nodeLabels('lab-2')),
    foreign('lab-worker9', { containerlab: 'lab-2' }),
    foreign('lab-control-plane-2', {}),
    foreign('lab', { 'io.x-k8s.kind.cluster': 'la', 'headless-lab.dev/lab': 'labs' }),
    { ...foreign('lab-old', { containerlab: '' }), state: 'exited' },
  )
  world.volumes.push(
    { name: 'f'.repeat(64), labels: {} },
    { name: 'data', labels: {} },
    { name: 'theirs', labels: nodeLabels('lab-2') },
  )
  world.networks.set('office', '10.200.0.0/16')
  await writeFile(join(folder, 'clab-lab-2.conf'), 'Host lab-2-*\n')
  await symlink('/proc/1/ns/net', join(folder, 'netns', 'lab-2-control-plane'))
}

/**
 * Everything on the host that is not the lab's, as it must stay.
 *
 * @param afterKill whether the hosts file may be cut off: then it counts as the next run makes it again
 */
export async function foreignOf(
  { world, entries, hadNetwork }: Host,
  state: LabState,
  afterKill = false,
): Promise<object> {
  const folder = dirname(entries.hostsFile)
  const { containers, volumes, networks, networkIds } = world
  const hosts = await readFile(entries.hostsFile, 'utf8')
  return structuredClone({
    containers: containers.filter(({ labels }) => !Object.values(labels).includes(state.name)),
    volumes: volumes.filter(({ name }) => !/^0/.test(name)),
    networks: [...networks].filter(([name]) => name !== KIND || hadNetwork),
    kind: hadNetwork ? (networkIds.get(KIND) ?? 'of before') : undefined,
    hosts: withoutHostsBlock(afterKill ? await mendedFile(entries.hostsFile, state) : hosts, state.name),
    ssh: await readFile(join(folder, 'clab-lab-2.conf'), 'utf8'),
    link: await readlink(join(folder, 'netns', 'lab-2-control-plane')),
  })
}

async function mendedFile(file: string, state: LabState): Promise<string> {
  const text = await readFile(file, 'utf8')
  const before = await state.read('hosts.before')
  return before === undefined ? text : mendedHosts(before, text, state.name)
}
