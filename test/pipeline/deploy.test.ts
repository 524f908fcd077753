import { readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import type { Artifact } from '../../lab/artifacts/artifact.js'
import { LabError } from '../../lab/errors.js'
import { whyNotAlive } from '../../lab/pipeline/deploy.js'
import { labErrorOf, linesOf, rejectionOf, type Answer } from '../unit/host/fakes.js'
import { clabDeploy, fakeArtifacts, hostsBlock, makeLab, node, planOf, type FakeLab } from './world.js'

// The free space of the machine that runs the tests says nothing about the pipeline.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

const changesNothing = { exitCode: 1, stderr: 'ERRO[0001] no such image\n' }

async function deployed(): Promise<FakeLab> {
  const lab = await makeLab()
  await lab.deploy()
  lab.world.effects.length = 0
  lab.world.calls.length = 0
  return lab
}

describe('from nothing', () => {
  it('makes nodes, then Calico, then the workloads', async () => {
    const { deploy, world } = await makeLab()
    expect(await deploy()).toBe(world.effects.length)
    const applied = world.effects.slice(1)
    expect(world.effects[0]).toBe('containerlab deploy')
    expect(applied.every((effect) => effect.startsWith('apply '))).toBe(true)
    const order = ['CustomResourceDefinition', 'IPPool', 'ConfigMap', 'DaemonSet calico', 'StatefulSet']
    const places = order.map((kind) =>
      applied.findIndex(
        (effect) => effect.startsWith(`apply ${kind}`) || effect.includes(kind.replace(' ', ' kube-system/')),
      ),
    )
    expect(places).not.toContain(-1)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
  })

  it('writes the files that containerlab reads before it runs, and runs it away from ~/.kube', async () => {
    const { deploy, world, state } = await makeLab()
    let seen: { topology: unknown; kind: unknown } | undefined
    world.containerlab.deploy = async () => {
      seen = {
        topology: parse((await state.read('lab.clab.yaml')) ?? ''),
        kind: await state.read('kind.yaml'),
      }
      return clabDeploy(world, 'lab', 2)
    }
    await deploy()
    expect(seen?.topology).toMatchObject({
      name: 'lab',
      topology: { nodes: { lab: { image: 'headless-lab/node:1-k' } } },
    })
    expect(seen?.kind).toBe(planOf().kindConfig)
    const call = world.calls.find(({ line }) => line.includes('containerlab deploy'))
    expect(call?.options).toMatchObject({ cwd: state.folder, env: { KUBECONFIG: state.kubeconfig() } })
  })

  it('journals intents before effects, and the lab once it is there', async () => {
    const { deploy, world, state } = await makeLab()
    let before: string[] = []
    world.containerlab.deploy = async () => {
      before = (await state.entries()).map(({ event }) => event)
      return clabDeploy(world, 'lab', 2)
    }
    await deploy()
    expect(before).toEqual(['network-intent', 'nodes-intent'])
    expect(await state.record()).toMatchObject({ name: 'lab', nodeImage: 'headless-lab/node:1-k' })
    expect(await state.madeNetworks()).toEqual(['kind'])
  })

  it('does not take a network that was there for its own', async () => {
    const { deploy, world, state } = await makeLab()
    world.networks.set('kind', '172.18.0.0/16')
    await deploy()
    expect(await state.madeNetworks()).toEqual([])
  })

  it('leaves a kubeconfig for its owner only, which points at the published port', async () => {
    const { deploy, state } = await makeLab()
    await deploy()
    expect((await stat(state.kubeconfig())).mode & 0o777).toBe(0o600)
    expect(parse(await readFile(state.kubeconfig(), 'utf8'))).toMatchObject({
      clusters: [{ name: 'kind-lab', cluster: { server: 'https://127.0.0.1:40123' } }],
    })
  })

  it('provides what the survey found missing before the nodes', async () => {
    const { deploy, world } = await makeLab()
    const pending = ['redis', 'node'].map((name) => ({
      name,
      title: `${name} image`,
      log: '',
      provide: () => {
        world.effects.push(`provide ${name}`)
        return Promise.resolve({} as Artifact)
      },
    }))
    expect(await deploy({ pending })).toBe(world.effects.length)
    expect(world.effects.slice(0, 3)).toEqual(['provide redis', 'provide node', 'containerlab deploy'])
  })
})

describe('a healthy lab', () => {
  it('is left as it is: no change, no command that changes anything', async () => {
    const { deploy, world, state } = await deployed()
    const journal = await state.read('journal.jsonl')
    const { ino } = await stat(state.kubeconfig())
    expect(await deploy()).toBe(0)
    expect(world.effects).toEqual([])
    expect(await state.read('journal.jsonl')).toBe(journal)
    expect((await stat(state.kubeconfig())).ino).toBe(ino)
  })

  it('gets back what was changed by hand, and only that', async () => {
    const { deploy, world, cluster } = await deployed()
    const [service] = [...cluster.objects.keys()].filter((name) => name.startsWith('Service '))
    cluster.objects.delete(service ?? '')
    expect(await deploy()).toBe(1)
    expect(world.effects).toEqual([`apply ${service ?? ''}`])
  })

  it('made from an older node image is kept, with a warning', async () => {
    const { deploy, world, warnings } = await deployed()
    expect(await deploy({ artifacts: await fakeArtifacts('headless-lab/node:1-newer') })).toBe(0)
    expect(world.effects).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('older node image')])
  })

  it('with another topology is refused, untouched', async () => {
    const { deploy, world } = await deployed()
    const error = await labErrorOf(deploy({ plan: planOf({ topology: { workers: 1 } }) }))
    expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
    expect(error.hint).toContain('teardown')
    expect(world.effects).toEqual([])
  })
})

describe('the remains of a lab', () => {
  it('that exited are removed, and the nodes made anew', async () => {
    const { deploy, world } = await deployed()
    for (const container of world.containers) container.state = 'exited'
    expect(await deploy()).toBe(2)
    expect(world.effects).toEqual([
      'docker rm -f -v id-lab-control-plane id-lab-worker id-lab-worker2',
      'containerlab deploy',
    ])
    expect(world.containers.map(({ state }) => state)).toEqual(['running', 'running', 'running'])
  })

  it('of which a node is gone are removed, and the nodes made anew', async () => {
    const { deploy, world } = await deployed()
    world.containers.splice(1, 1)
    await deploy()
    expect(world.effects).toEqual([
      'docker rm -f -v id-lab-control-plane id-lab-worker2',
      'containerlab deploy',
    ])
  })

  it('of which nothing is there any more are made anew', async () => {
    const { deploy, world, state } = await deployed()
    world.containers.length = 0
    await deploy()
    expect(world.effects).toEqual(['containerlab deploy'])
    expect(await state.record()).toBeDefined()
  })

  it('that were never finished are made anew, though all of them run', async () => {
    const { deploy, world, state } = await makeLab()
    await state.journal({ event: 'nodes-intent' })
    await clabDeploy(world, 'lab', 2)
    await deploy()
    expect(world.effects.slice(0, 2)).toEqual([
      'docker rm -f -v id-lab-control-plane id-lab-worker id-lab-worker2',
      'containerlab deploy',
    ])
    expect(world.containers).toHaveLength(3)
  })

  it('leave the containers of other labs alone', async () => {
    const { deploy, world } = await deployed()
    const foreign = node('lab-2-control-plane', 'lab-2', 'exited')
    world.containers.push(foreign)
    for (const container of world.containers) container.state = 'exited'
    await deploy()
    expect(world.containers).toContain(foreign)
    expect(world.effects[0]).not.toContain('lab-2')
  })
})

describe('nodes that do not come about', () => {
  const halfMade = async ({ world }: FakeLab): Promise<Answer> => {
    await clabDeploy(world, 'lab', 0)
    return changesNothing
  }
  const nothingIsLeft = async ({ world, state }: FakeLab): Promise<void> => {
    expect(world.containers).toEqual([])
    expect(await readFile(world.hostEntries.hostsFile, 'utf8')).toBe(
      `127.0.0.1\tlocalhost\n${hostsBlock('lab-2')}`,
    )
    await expect(stat(world.hostEntries.sshFile)).rejects.toThrow('ENOENT')
    expect(await state.record()).toBeUndefined()
  }

  it('are undone when containerlab fails, whose words are told', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = () => halfMade(lab)
    const error = await labErrorOf(lab.deploy())
    expect(error).toMatchObject({ code: 'command.failed', exitCode: 4 })
    expect(error.details).toContain('no such image')
    expect(error.hint).toContain(lab.state.logFile('containerlab'))
    await nothingIsLeft(lab)
    expect(lab.cluster.objects.size).toBe(0)
  })

  it('are undone when containerlab fails and says that it did not', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = () => clabDeploy(lab.world, 'lab', 1)
    const error = await labErrorOf(lab.deploy())
    expect(error.code).toBe('step.failed')
    expect(error.message).toBe('containerlab ended without an error, and yet lab-worker2 is not there')
    await nothingIsLeft(lab)
  })

  it('are undone when it is interrupted', async () => {
    const lab = await makeLab()
    const controller = new AbortController()
    const interrupted = new LabError('interrupted', 'interrupted')
    lab.world.containerlab.deploy = async () => {
      const half = await halfMade(lab)
      controller.abort(interrupted)
      return half
    }
    expect(await rejectionOf(lab.deploy({ interrupt: controller.signal }))).toBe(interrupted)
    await nothingIsLeft(lab)
  })

  it('are undone also over the remains of a lab, which are gone by then', async () => {
    const lab = await deployed()
    for (const container of lab.world.containers) container.state = 'exited'
    lab.world.containerlab.deploy = () => halfMade(lab)
    await labErrorOf(lab.deploy())
    await nothingIsLeft(lab)
  })

  it('are made by the next deploy', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = () => halfMade(lab)
    await labErrorOf(lab.deploy())
    lab.world.containerlab = {}
    await lab.deploy()
    expect(lab.world.containers).toHaveLength(3)
    expect(await lab.state.record()).toBeDefined()
  })
})

describe('a later step that fails', () => {
  it('keeps the finished nodes, and the next deploy goes on from there', async () => {
    const { deploy, world, cluster } = await makeLab()
    const { apply } = cluster
    cluster.apply = (object) =>
      object.kind === 'StatefulSet' ? Promise.reject(new LabError('cluster.rejected', 'no')) : apply(object)
    const error = await labErrorOf(deploy())
    expect(error).toMatchObject({ code: 'cluster.rejected', details: 'pods not ready: none' })
    expect(world.containers).toHaveLength(3)
    world.effects.length = 0
    cluster.apply = apply
    await deploy()
    expect(world.effects).not.toContain('containerlab deploy')
    expect(world.effects.every((effect) => effect.startsWith('apply '))).toBe(true)
  })

  it('waits for nodes and names them when interrupted there', async () => {
    const { deploy, cluster, world } = await makeLab()
    const controller = new AbortController()
    const interrupted = new LabError('interrupted', 'interrupted')
    cluster.notReady = 'nodes not Ready: lab-worker'
    cluster.nodesNotReady = () => {
      controller.abort(interrupted)
      return Promise.resolve(cluster.notReady)
    }
    expect(await rejectionOf(deploy({ interrupt: controller.signal }))).toBe(interrupted)
    expect(world.containers).toHaveLength(3)
  })
})

describe('preflight', () => {
  it('refuses a Docker network that overlaps, before anything is changed', async () => {
    const { deploy, world, state } = await makeLab()
    world.networks.set('office', planOf().topology.podSubnets[0] ?? '')
    const error = await labErrorOf(deploy())
    expect(error).toMatchObject({ code: 'host.network-clash', exitCode: 3 })
    expect(error.message).toMatch(/^topology\.podSubnets\[0\]: .* of the Docker network office$/)
    expect(error.hint).toBeDefined()
    expect(world.effects).toEqual([])
    expect(await state.entries()).toEqual([])
  })

  it('warns of a route that overlaps, in a sentence', async () => {
    const { deploy, world, warnings } = await makeLab()
    world.routes += '10.96.0.0/12 dev tun0 proto static\n'
    await deploy()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^topology\.serviceSubnets\[0\]: .*10\.96\.0\.0\/12 \(tun0\)/)
    expect(warnings[0]).toMatch(/[^.]\.$/)
  })

  it('runs no command that changes anything', async () => {
    const { deploy, world } = await deployed()
    await deploy()
    const reading = /^(docker (ps|network (ls|inspect)|info|port|exec lab-control-plane cat) ?|ip -o )/
    expect(linesOf(world.calls).filter((line) => !reading.test(line))).toEqual([])
  })
})

describe('whyNotAlive', () => {
  const plan = { name: 'lab', nodes: ['lab-control-plane', 'lab-worker'] }
  const container = (name: string, state = 'running') => ({ id: name, name, state, image: 'i' })
  const both = plan.nodes.map((name) => container(name))

  it.each([
    ['all there', both, true, undefined],
    ['an extra node, running', [...both, container('lab-db')], true, undefined],
    ['an extra node, exited', [...both, container('lab-db', 'exited')], true, 'lab-db is exited'],
    ['one gone', both.slice(1), true, 'lab-control-plane is not there'],
    ['all gone', [], false, 'lab-control-plane, lab-worker are not there'],
    [
      'one paused',
      [...both.slice(1), container('lab-control-plane', 'paused')],
      true,
      'lab-control-plane is paused',
    ],
    ['never finished', both, false, 'they were never finished'],
  ])('%s', (_, containers, finished, why) => {
    expect(whyNotAlive(containers, plan, finished)).toBe(why)
  })
})

it('the state folder can be read by nobody else', async () => {
  const { deploy, state } = await makeLab()
  await deploy()
  await writeFile(state.file('probe'), '')
  expect((await stat(state.folder)).mode & 0o777).toBe(0o700)
})
