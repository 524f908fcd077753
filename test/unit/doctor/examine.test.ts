import { describe, expect, test, vi } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import { examine, type Examined } from '../../../lab/doctor/examine.js'
import type { DoctorFacts } from '../../../lab/doctor/facts.js'
import { findingsOf } from '../../../lab/doctor/findings.js'
import { LabError } from '../../../lab/errors.js'
import { FREE_SPACE } from '../../../lab/host/disk.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { space } from '../../../lab/plan/space.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { fakeRun, linesOf, never, temporaryFolder, type Answer } from '../host/fakes.js'

// None of them is on loopback, so none is asked.
vi.mock('../../../lab/doctor/nameservers.js', async (original) => ({
  ...(await original<object>()),
  readNameservers: () => Promise.resolve(['192.0.2.1', '10.96.0.10', '172.18.0.1']),
}))

const plan = makePlan(await loadSpec({}))

interface World {
  /** States of the lab's containers, by name. */
  readonly containers?: Readonly<Record<string, string>>
  /** Subnets of the engine's networks, by name. */
  readonly networks?: Readonly<Record<string, string>>
  /** Commands that answer otherwise than on a host where all is well, by how they begin. */
  readonly answers?: Readonly<Record<string, Answer | Error>>
}

/** A host with an engine on which all is well. */
function hostWith({ containers = {}, networks = {}, answers = {} }: World, dataRoot: string) {
  return fakeRun(({ line, args }): Answer => {
    const other = Object.entries(answers).find(([begin]) => line.startsWith(begin))?.[1]
    if (other instanceof Error) throw other
    if (other !== undefined) return other
    const [file = ''] = line.split(' ')
    if (file === 'test') return { exitCode: 1 }
    if (file === 'sh') return { exitCode: ['ip', 'docker', 'dockerd'].includes(args.at(-1) ?? '') ? 0 : 1 }
    if (line.startsWith('docker info')) return `26.1.5+dfsg1\toverlay2\t${dataRoot}\n`
    if (line.startsWith('docker image inspect')) return { exitCode: 1 }
    if (line.startsWith('docker ps -a --no-trunc --filter label=io.x-k8s.kind.cluster'))
      return Object.entries(containers)
        .map(([name, state]) => `id-${name}\t${name}\t${state}\timage\n`)
        .join('')
    if (line === 'docker network ls -q') return Object.keys(networks).join('\n')
    if (line.startsWith('docker network inspect'))
      return Object.entries(networks)
        .map(([name, subnet]) => `${name}\t${subnet} \n`)
        .join('')
    return ['docker', 'ip', 'ldd', 'tar'].includes(file) ? '' : undefined
  })
}

async function examined(world: World = {}, options: Partial<Examined> = {}) {
  const stateFolder = await temporaryFolder()
  const { run, calls } = hostWith(world, stateFolder)
  const facts = await examine({ plan, stateFolder, tools: [], builds: false, ...options }, run, never())
  return { facts, lines: linesOf(calls), findings: findingsOf(facts, plan, 'v1.34.4') }
}

const of = (findings: ReturnType<typeof findingsOf>, id: string) =>
  findings.filter((finding) => finding.id === id)

const needed = ({ disks }: DoctorFacts): number => disks.reduce((sum, disk) => sum + disk.needed, 0)

/** The lab's nodes, all in one state. */
const nodes = (state: string): Record<string, string> =>
  Object.fromEntries(plan.nodes.map((name) => [name, state]))

describe('the engine', () => {
  test('tells its version and its storage driver, and starts a privileged container', async () => {
    const { facts, lines } = await examined()
    expect(facts.engine).toEqual({ value: { version: '26.1.5+dfsg1', storageDriver: 'overlay2' } })
    expect(facts.privileged).toEqual({ value: 'started' })
    expect(lines.some((line) => /^docker run --rm .*--privileged/.test(line))).toBe(true)
  })

  test('that is there and tells nothing of itself is one that fails', async () => {
    const { findings } = await examined({
      answers: { 'docker info': { exitCode: 1, stderr: 'permission denied\n' } },
    })
    expect(of(findings, 'engine')).toMatchObject([
      { verdict: 'fail', value: expect.stringContaining('permission denied') as string },
    ])
  })

  test('that is stopped is asked nothing', async () => {
    const { facts, lines } = await examined({ answers: { 'docker version': { exitCode: 1 } } })
    expect(facts).toMatchObject({ host: { engine: 'stopped' }, nodesToMake: plan.nodes.length })
    expect([facts.engine, facts.privileged, facts.labs, facts.clashes]).toEqual(Array(4).fill(undefined))
    expect(lines.filter((line) => line.startsWith('docker') && !line.startsWith('docker version'))).toEqual(
      [],
    )
  })
})

describe('the container of the probe', () => {
  test.each<[string, Answer | Error, string, string | undefined]>([
    [
      'docker run',
      { exitCode: 125, stderr: 'docker: Error response from daemon: no new privileges.\n' },
      'no new privileges.',
      undefined,
    ],
    [
      'docker run',
      new LabError('host.engine-unusable', 'the Docker engine does not answer in 60 s', {
        hint: 'restart it',
      }),
      'the Docker engine does not answer in 60 s',
      'restart it',
    ],
    [
      'docker import',
      { exitCode: 1, stderr: 'Error response from daemon: write /layer: no space left on device\n' },
      'no space left on device',
      undefined,
    ],
    [
      'tar',
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
      'no space left on the disk',
      FREE_SPACE,
    ],
  ])('that %s does not bring up is a failure that says why (%#)', async (command, answer, why, fix) => {
    const { findings } = await examined({ answers: { [command]: answer } })
    expect(of(findings, 'privileged')).toMatchObject([
      {
        verdict: 'fail',
        value: expect.stringContaining(why) as string,
        fix: fix ?? (expect.any(String) as string),
      },
    ])
  })

  test('is not started where none may be, and no engine is blamed for it', async () => {
    const { findings, lines } = await examined({}, { starts: false })
    expect(lines.filter((line) => /^docker (run|import)/.test(line))).toEqual([])
    expect(of(findings, 'privileged')).toMatchObject([{ verdict: 'unknown', value: 'not tried' }])
  })
})

describe('what cannot be asked is not known, for its own reason', () => {
  test('the networks, where there is no ip', async () => {
    const ip = new LabError('host.lacks', 'the command ip is not there')
    const { findings } = await examined({ answers: { 'ip ': ip } })
    expect(of(findings, 'networks')).toMatchObject([
      { verdict: 'unknown', value: 'not known: the command ip is not there' },
    ])
  })

  test('the labs, where the engine does not list them', async () => {
    const { findings } = await examined({
      answers: { 'docker ps -a --format': { exitCode: 1, stderr: 'context deadline exceeded\n' } },
    })
    expect(of(findings, 'labs')).toMatchObject([
      {
        verdict: 'unknown',
        value: expect.stringMatching(/^not known: .*context deadline exceeded$/) as string,
      },
    ])
  })

  test('all of it, where no engine answers', async () => {
    const { findings } = await examined({ answers: { 'docker version': { exitCode: 1 } } })
    for (const id of ['networks', 'labs'])
      expect(of(findings, id)).toMatchObject([{ verdict: 'unknown', value: 'not known: no engine answers' }])
  })
})

describe('the disk is for what is not there yet', () => {
  test('all nodes, where there are none', async () => {
    const { facts } = await examined()
    expect(needed(facts)).toBe(plan.nodes.length * space.engineOfNode + space.state)
    expect(facts.nodesToMake).toBe(plan.nodes.length)
  })

  test('nothing for a lab that is stopped, whose nodes take memory once they run', async () => {
    const { facts, findings } = await examined({ containers: nodes('exited') })
    expect(needed(facts)).toBe(0)
    expect(facts.nodesToMake).toBe(plan.nodes.length)
    expect(of(findings, 'disk')).toMatchObject([{ verdict: 'ok' }])
  })

  test('nothing for a lab that was made, where the engine that holds it is stopped', async () => {
    const stateFolder = await temporaryFolder()
    await new LabState(plan.name, stateFolder).journal({ event: 'nodes-intent', containers: plan.nodes })
    const { facts } = await examined({ answers: { 'docker version': { exitCode: 1 } } }, { stateFolder })
    expect(needed(facts)).toBe(0)
  })

  test('a node that is gone', async () => {
    const [gone = '', ...left] = plan.nodes
    const { facts } = await examined({
      containers: Object.fromEntries(left.map((name) => [name, 'running'])),
    })
    expect(needed(facts)).toBe(space.engineOfNode)
    expect(facts.nodesToMake).toBe([gone].length)
  })
})

describe('the network of the nodes', () => {
  const networks = { kind: '192.168.32.0/20' }

  test('is somebody’s where the lab has no containers', async () => {
    const { findings } = await examined({ networks })
    const [finding] = of(findings, 'networks')
    expect(finding).toMatchObject({ verdict: 'fail' })
    expect(`${finding?.value} ${finding?.fix}`).not.toMatch(/nodes are on|tear the lab down/i)
  })

  test('is the lab’s where it has', async () => {
    const { findings } = await examined({ networks, containers: nodes('exited') })
    expect(of(findings, 'networks')).toMatchObject([
      { value: expect.stringContaining('which the nodes are on') as string },
    ])
  })
})

test('name servers are looked for among the lab’s ranges and its nodes’ network', async () => {
  const { facts } = await examined({ networks: { bridge: '192.0.2.0/24', kind: '172.18.0.0/16' } })
  expect(facts.nameservers.map(({ within }) => within?.of)).toEqual([undefined, 'services', 'nodes'])
})
