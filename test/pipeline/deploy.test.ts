import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import type { Artifact } from '../../lab/artifacts/artifact.js'
import { LabState, type JournalEntry, type LabRecord } from '../../lab/cluster/state.js'
import { LabError } from '../../lab/errors.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { deployStages, type DeployContext } from '../../lab/pipeline/deploy.js'
import { kernelHasIpvs } from '../../lab/pipeline/steps/ipvs.js'
import {
  labErrorOf,
  linesOf,
  waiting,
  rejectionOf,
  temporaryFolder,
  type Answer,
} from '../unit/host/fakes.js'
import {
  clabDeploy,
  fakeArtifacts,
  hostsBlock,
  makeLab,
  node,
  planOf,
  POSTGRES,
  type FakeLab,
} from './world.js'

// The free space of the machine that runs the tests says nothing about the pipeline.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

// So does its kernel.
vi.mock('../../lab/pipeline/steps/ipvs.js', () => ({ kernelHasIpvs: vi.fn(() => Promise.resolve(true)) }))

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
    expect(applied.every((effect) => /^(apply|secret) /.test(effect))).toBe(true)
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
    // 172.17.0.0/16 is Docker's own bridge's.
    expect(seen?.topology).toMatchObject({ mgmt: { 'ipv4-subnet': '172.18.0.0/16' } })
    expect(seen?.kind).toBe(planOf().kindConfig)
    const call = world.calls.find(({ line }) => line.includes('containerlab deploy'))
    expect(call?.options).toMatchObject({ cwd: state.folder, env: { KUBECONFIG: state.kubeconfig() } })
  })

  it('waits for a container that the engine still makes for a run that was killed', async () => {
    const { deploy, world, state } = await makeLab()
    const name = 'lab-worker'
    await state.journal({ event: 'nodes-intent', containers: ['lab-control-plane', name] })
    world.making.add(name)
    const { run } = world
    let tries = 0
    await deploy({
      run: async (file, args, options) => {
        // It is listed just when its name is tried once more.
        if (args[0] === 'create' && args.includes(name) && ++tries === 3 && world.making.delete(name))
          world.containers.push(node(name, 'lab', 'created'))
        return run(file, args, options)
      },
    })
    expect(world.effects.slice(0, 2)).toEqual([
      expect.stringMatching(/^docker rm .*id-lab-worker$/),
      'containerlab deploy',
    ])
  })

  it('takes away what a kind that was killed has left beside the kubeconfig', async () => {
    const { deploy, world, state } = await makeLab()
    await state.create()
    for (const file of ['kubeconfig', 'kubeconfig.lock']) await state.write(file, 'half')
    let left: (string | undefined)[] = []
    world.containerlab.deploy = async () => {
      left = await Promise.all(['kubeconfig', 'kubeconfig.lock'].map((file) => state.read(file)))
      return clabDeploy(world, 'lab', 2)
    }
    await deploy()
    expect(left).toEqual([undefined, undefined])
  })

  it('journals intents before effects, and the lab once it is there', async () => {
    const { deploy, world, state, ownerIn } = await makeLab()
    let before: string[] = []
    world.containerlab.deploy = async () => {
      before = (await state.entries()).map(({ event }) => event)
      return clabDeploy(world, 'lab', 2)
    }
    await deploy()
    expect((await ownerIn(new LabState('lab', '/elsewhere')).other())?.folder).toBe(state.folder)
    expect(before).toEqual(['network-intent', 'nodes-intent'])
    // What an interrupted run leaves on the host is named after them, whatever the spec says by then.
    expect(await state.containersOfNodes()).toEqual(['lab-control-plane', 'lab-worker', 'lab-worker2'])
    expect(await state.record()).toMatchObject({ name: 'lab', nodeImage: 'headless-lab/node:1-k' })
    expect([...(await state.madeNetworks()).keys()]).toEqual(['kind'])
  })

  it('does not take a network that was there for its own', async () => {
    const { deploy, world, state } = await makeLab()
    world.networks.set('kind', '172.18.0.0/16')
    await deploy()
    expect([...(await state.madeNetworks()).keys()]).toEqual([])
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

  it('tells how long the build of an artifact took, and where its log is', async () => {
    const artifact = { name: 'redis', key: 'k', folder: '', image: undefined }
    const results = async (provided: Artifact): Promise<unknown[]> => {
      const lab = await makeLab()
      const provide = (): Promise<Artifact> => Promise.resolve(provided)
      await lab.deploy({
        pending: [{ name: 'redis', title: 'redis image', log: '/logs/redis.log', provide }],
      })
      return lab.results
    }
    expect(await results({ ...artifact, built: { durationMs: 75_000 } })).toContain(
      'built in 1 min 15 s; log /logs/redis.log',
    )
    expect((await results(artifact)).join()).not.toContain('built in')
  })

  it('shows no other time of the artifacts', () => {
    const context = { plan: planOf(), pending: [] } as unknown as DeployContext
    expect(deployStages(context)[1]).toMatchObject({ title: 'artifacts', tellTheirTime: true })
  })

  it.each(['unreachable', 'nodesNotReady', 'notRolledOut'] as const)(
    'asks the cluster no question that outlives its step: %s',
    async (question) => {
      const { deploy, cluster } = await makeLab()
      const controller = new AbortController()
      const interrupted = new LabError('interrupted', 'interrupted')
      cluster[question] = (...objects: unknown[]) => {
        // The workloads' own question, not Calico's.
        if (question !== 'notRolledOut' || JSON.stringify(objects).includes('StatefulSet'))
          controller.abort(interrupted)
        return Promise.resolve(undefined)
      }
      await Promise.allSettled([deploy({ interrupt: controller.signal })])
      expect(cluster.signals.at(-1)?.reason).toBe(interrupted)
    },
  )
})

describe('what was verified', () => {
  const begun = (startedAt: string): VerifyResult =>
    ({ schema: 'headless-lab/verify/v1', startedAt, checks: [] }) as unknown as VerifyResult
  const result = begun('2100-01-01T00:00:00Z')
  /** Of a lab one of whose objects is not as declared, which was verified. */
  const disturbed = async (): Promise<FakeLab> => {
    const lab = await deployed()
    const [service = ''] = [...lab.cluster.objects.keys()].filter((name) => name.startsWith('Service '))
    lab.cluster.objects.delete(service)
    await lab.state.saveResult(result)
    return lab
  }

  it('is known still after a deploy that changed nothing', async () => {
    const { deploy, state } = await deployed()
    await state.saveResult(result)
    await deploy()
    expect(await state.lastResult()).toEqual(result)
  })

  it('is forgotten as soon as one object is changed, though the deploy fails later', async () => {
    const { deploy, state, cluster } = await deployed()
    await state.saveResult(result)
    const [service] = [...cluster.objects.keys()].filter((name) => name.startsWith('Service '))
    cluster.objects.delete(service ?? '')
    cluster.notRolledOut = () => Promise.reject(new LabError('cluster.rejected', 'no'))
    await labErrorOf(deploy())
    expect(await state.lastResult()).toEqual(result)
    cluster.notRolledOut = (objects) =>
      objects.some(({ kind }) => kind === 'StatefulSet')
        ? Promise.reject(new LabError('cluster.rejected', 'no'))
        : Promise.resolve(undefined)
    await labErrorOf(deploy())
    expect(await state.lastResult()).toBeUndefined()
  })

  it.each([
    ['started since', '2100-01-01T00:00:01Z', undefined],
    ['started before', '2099-12-31T23:59:59Z', result],
  ])('of nodes that the engine %s', async (_, at, kept) => {
    const { deploy, state, world } = await deployed()
    await state.saveResult(result)
    world.startedAt = at
    expect(await deploy()).toBe(0)
    expect(await state.lastResult()).toEqual(kept)
  })

  it('is forgotten before an object is changed, and the journal says that it is about to be', async () => {
    const { deploy, state, cluster } = await disturbed()
    const { apply } = cluster
    let before: unknown[] = []
    cluster.apply = async (object) => {
      before = [await state.lastResult(), (await state.entries()).at(-1)?.event]
      return apply(object)
    }
    expect(await deploy()).toBe(1)
    expect(before).toEqual([undefined, 'changes-intent'])
    expect((await state.entries()).at(-1)).toMatchObject({ event: 'changes-done', changes: 1 })
  })

  it('stays forgotten where a run is cut off amid the only change, which the next one finds done', async () => {
    const { deploy, state, cluster } = await disturbed()
    const { apply } = cluster
    const controller = new AbortController()
    const interrupted = new LabError('interrupted', 'interrupted')
    cluster.apply = async (object) => {
      await apply(object)
      controller.abort(interrupted)
      throw interrupted
    }
    await rejectionOf(deploy({ interrupt: controller.signal }))
    cluster.apply = apply
    expect(await deploy()).toBe(0)
    expect(await state.lastResult()).toBeUndefined()
  })

  it('is forgotten by a change whose answer was lost, which is asked for again', async () => {
    const { deploy, state, cluster } = await disturbed()
    const { apply } = cluster
    cluster.apply = async (object) => {
      cluster.apply = apply
      await apply(object)
      throw new LabError('cluster.unreachable', 'no answer')
    }
    expect(await deploy()).toBe(1)
    expect(await state.lastResult()).toBeUndefined()
  })

  it('by who began before a change and is done after it, is not of the lab as it is', async () => {
    const { deploy, state, cluster } = await disturbed()
    const { apply } = cluster
    let amid = ''
    cluster.apply = async (object) => {
      amid = new Date().toISOString()
      const answer = await apply(object)
      await vi.waitUntil(() => new Date().toISOString() > amid)
      return answer
    }
    await deploy()
    await state.saveResult(begun(amid))
    expect(await state.lastResult()).toBeUndefined()
    const since = begun(new Date().toISOString())
    await state.saveResult(since)
    expect(await state.lastResult()).toEqual(since)
  })

  it('is forgotten before nodes are removed or made', async () => {
    const { deploy, state, world } = await deployed()
    await state.saveResult(result)
    for (const container of world.containers) container.state = 'dead'
    world.containers.push({ ...node('lab-db', 'lab'), refuses: true })
    await labErrorOf(deploy())
    expect(await state.lastResult()).toBeUndefined()
    world.containers.length = 0
    await state.saveResult(result)
    world.containerlab.deploy = () => Promise.resolve(changesNothing)
    await labErrorOf(deploy())
    expect(await state.lastResult()).toBeUndefined()
  })
})

describe('a lab made from another folder', () => {
  const others = async (state: string): Promise<FakeLab> => {
    const lab = await makeLab()
    await clabDeploy(lab.world, 'lab', 2)
    for (const container of lab.world.containers) container.state = state
    return lab
  }

  it.each(['running', 'exited'])('whose containers are %s is refused, untouched', async (are) => {
    const { deploy, world, state } = await others(are)
    const provide = (): Promise<never> => Promise.reject(new Error('nothing is built'))
    const error = await labErrorOf(deploy({ pending: [{ name: 'a', title: 'a', log: '', provide }] }))
    expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
    expect(error.hint).toBe('run teardown --name lab first, or give another --name')
    expect(world.effects).toEqual([])
    expect(world.containers).toHaveLength(3)
    expect(await state.entries()).toEqual([])
  })

  it('that is dead is removed, and the nodes made anew', async () => {
    const { deploy, world } = await others('dead')
    await deploy()
    expect(world.effects.slice(0, 2)).toEqual([
      'docker rm -f -v id-lab-control-plane id-lab-worker id-lab-worker2',
      'containerlab deploy',
    ])
  })

  describe('since nodes were begun, or made, in this one', () => {
    const elsewhere = async (entry: JournalEntry, state: string): Promise<FakeLab> => {
      const lab = await others(state)
      await lab.state.journal(entry)
      const there = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
      await there.create()
      await lab.ownerIn(there).claim(waiting())
      return lab
    }
    const done = { event: 'nodes-done', record: { schema: 'headless-lab/state/v1' } } as JournalEntry

    it.each([
      [{ event: 'nodes-intent' }, 'running'],
      [{ event: 'nodes-removed' }, 'running'],
      [{ event: 'nodes-intent' }, 'exited'],
      [done, 'running'],
    ] satisfies [JournalEntry, string][])('is refused, untouched: %j, %s', async (entry, are) => {
      const { deploy, world } = await elsewhere(entry, are)
      const error = await labErrorOf(deploy())
      expect(error).toMatchObject({ code: 'usage.invalid' })
      expect(error.message).toMatch(/: it was made from .*\/lab$/)
      expect(world.effects).toEqual([])
      expect(world.containers).toHaveLength(3)
    })

    it('and while the artifacts were built is refused, untouched', async () => {
      const lab = await makeLab()
      await lab.state.journal({ event: 'nodes-intent' })
      const provide = async (): Promise<Artifact> => {
        const there = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
        await there.create()
        await lab.ownerIn(there).claim(waiting())
        await clabDeploy(lab.world, 'lab', 2)
        return {} as Artifact
      }
      const error = await labErrorOf(lab.deploy({ pending: [{ name: 'a', title: 'a', log: '', provide }] }))
      expect(error.code).toBe('usage.invalid')
      // Nor does the undo of the step take it for what was half made here.
      expect(lab.world.effects).toEqual([])
      expect(lab.world.containers).toHaveLength(3)
    })

    it('but is removed where it is dead: nobody has it any more', async () => {
      const { deploy, world } = await elsewhere({ event: 'nodes-intent' }, 'dead')
      await deploy()
      expect(world.effects).toContain('containerlab deploy')
    })
  })

  it('while the artifacts were built is refused too, untouched', async () => {
    const { deploy, world } = await makeLab()
    const provide = async (): Promise<Artifact> => {
      await clabDeploy(world, 'lab', 1)
      return {} as Artifact
    }
    const error = await labErrorOf(deploy({ pending: [{ name: 'a', title: 'a', log: '', provide }] }))
    expect(error.code).toBe('usage.invalid')
    expect(world.effects).toEqual([])
    expect(world.containers).toHaveLength(2)
  })

  it('whose making a killed run has left dead is this one’s from then on', async () => {
    const lab = await others('dead')
    const there = new LabState('lab', join(await temporaryFolder(), '.lab', 'lab'))
    await there.create()
    await lab.ownerIn(there).claim(waiting())
    await lab.deploy()
    expect((await lab.ownerIn(there).other())?.folder).toBe(lab.state.folder)
  })

  it('after a deploy here failed and was undone is refused too', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = () => Promise.resolve(changesNothing)
    await labErrorOf(lab.deploy())
    await clabDeploy(lab.world, 'lab', 2)
    expect((await labErrorOf(lab.deploy())).code).toBe('usage.invalid')
    expect(lab.world.containers).toHaveLength(3)
  })

  it('is not taken for half made here when an artifact is not there', async () => {
    const lab = await others('dead')
    const get = (): Promise<never> => Promise.reject(new LabError('artifact.absent', 'no'))
    const artifacts = { ...(await fakeArtifacts()), get }
    expect((await labErrorOf(lab.deploy({ artifacts }))).code).toBe('artifact.absent')
    expect(lab.world.containers).toHaveLength(3)
  })
})

describe('linux nodes', () => {
  const plan = planOf({
    topology: {
      linuxNodes: [
        { name: 'db', image: 'postgres:17' },
        { name: 'cache', image: 'redis:8' },
      ],
    },
  })
  const makesAll = async (world: FakeLab['world']): Promise<Answer> => {
    const made = await clabDeploy(world, 'lab', 2)
    world.containers.push(node('lab-db', 'lab'), node('lab-cache', 'lab'))
    return made
  }

  it('whose image is not there are refused, by their field, before anything is changed', async () => {
    const { deploy, world } = await makeLab()
    world.images.add('postgres:17')
    const error = await labErrorOf(deploy({ plan }))
    expect(error).toMatchObject({ code: 'spec.invalid', exitCode: 2 })
    expect(error.message).toBe('topology.linuxNodes[1].image: the Docker engine has no image redis:8')
    expect(error.hint).toContain('docker pull redis:8')
    expect(world.effects).toEqual([])
  })

  it('that are gone are noticed, and the lab is made anew; their images are not asked for while they run', async () => {
    const { deploy, world } = await makeLab()
    world.containerlab.deploy = () => makesAll(world)
    world.images.add('postgres:17').add('redis:8')
    await deploy({ plan })
    world.images.clear()
    expect(await deploy({ plan })).toBe(0)
    world.images.add('postgres:17').add('redis:8')
    world.containers.splice(3, 1)
    world.effects.length = 0
    await deploy({ plan })
    expect(world.effects).toContain('containerlab deploy')
    expect(world.containers).toHaveLength(5)
  })

  const made = async (): Promise<FakeLab> => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = () => makesAll(lab.world)
    lab.world.images.add('postgres:17').add('redis:8')
    await lab.deploy({ plan })
    lab.world.effects.length = 0
    return lab
  }
  const stop = ({ world }: FakeLab, name: string, state: string): void => {
    for (const container of world.containers.filter((one) => one.name === name)) container.state = state
  }

  it('that do not run are brought back; the cluster stays', async () => {
    const lab = await made()
    await lab.state.saveResult({
      schema: 'headless-lab/verify/v1',
      startedAt: '2026-01-01T00:00:00Z',
      checks: [],
    } as unknown as VerifyResult)
    stop(lab, 'lab-db', 'exited')
    stop(lab, 'lab-cache', 'paused')
    // Their images are those they have.
    lab.world.images.clear()
    expect(await lab.deploy({ plan })).toBe(2)
    expect(lab.world.effects).toEqual(['docker unpause id-lab-cache', 'docker start id-lab-db'])
    expect(lab.results).toContain('lab-cache, lab-db brought back, 5 running')
    expect(await lab.state.lastResult()).toBeUndefined()
  })

  it('that end again at once are an error that says where to look', async () => {
    const lab = await made()
    lab.world.containers.splice(3, 1, { ...node('lab-db', 'lab', 'exited'), endsAtOnce: true })
    const error = await labErrorOf(lab.deploy({ plan }))
    expect(error).toMatchObject({
      code: 'step.failed',
      hint: expect.stringContaining('docker logs') as string,
    })
    expect(error.message).toBe('lab-db was brought back, and yet lab-db is exited')
    expect(lab.world.containers).toHaveLength(5)
  })

  it('that Docker starts again and again are an error, and cost the lab nothing', async () => {
    const lab = await made()
    stop(lab, 'lab-db', 'restarting')
    const error = await labErrorOf(lab.deploy({ plan }))
    expect(error).toMatchObject({ code: 'step.failed', message: 'lab-db is restarting' })
    expect(lab.world.effects).toEqual([])
    expect(lab.world.containers).toHaveLength(5)
  })

  it('of another folder that do not run make its lab no remains: it is refused, untouched', async () => {
    const lab = await makeLab()
    lab.world.images.add('postgres:17').add('redis:8')
    await makesAll(lab.world)
    stop(lab, 'lab-db', 'exited')
    expect((await labErrorOf(lab.deploy({ plan }))).code).toBe('usage.invalid')
    expect(lab.world.effects).toEqual([])
  })

  it('made from an older image of this lab are kept, with a warning', async () => {
    const lab = await makeLab()
    const own = planOf({ topology: { linuxNodes: [{ name: 'db', image: 'headless-lab/postgres' }] } })
    const image = 'headless-lab/node:1-k'
    const db = (from: string) => ({ ...node('lab-db', 'lab'), image: from })
    lab.world.containerlab.deploy = async () => {
      const answer = await clabDeploy(lab.world, 'lab', 2)
      const nodes = lab.world.containers.map((one) => ({ ...one, image }))
      lab.world.containers.splice(0, 3, ...nodes, db(POSTGRES))
      return answer
    }
    await lab.deploy({ plan: own })
    expect(await lab.deploy({ plan: own })).toBe(0)
    expect(lab.warnings).toEqual([])
    lab.world.containers.splice(3, 1, db('0123456789ab'))
    expect(await lab.deploy({ plan: own })).toBe(0)
    expect(lab.warnings).toEqual([
      'lab-db was made from an older image; teardown and deploy bring the newer one',
    ])
  })

  it('that containerlab did not make are missed', async () => {
    const { deploy, world } = await makeLab()
    world.images.add('postgres:17').add('redis:8')
    const error = await labErrorOf(deploy({ plan }))
    expect(error.message).toBe('containerlab ended without an error, and yet lab-db, lab-cache are not there')
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

  const withKafka = planOf({ workloads: { kafka: { enabled: true } } })
  const ofKafka = ({ cluster }: FakeLab): string[] =>
    [...cluster.objects.keys()].filter((name) => name.includes('kafka')).sort()

  it('loses what is not declared any more, says so, and keeps what holds data', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: withKafka })
    const kafka = ofKafka(lab)
    expect(kafka).toContain('StatefulSet streaming/kafka')
    lab.world.effects.length = 0
    expect(await lab.deploy()).toBe(kafka.length)
    expect(lab.world.effects.sort()).toEqual(kafka.map((name) => `delete ${name}`))
    expect(lab.results).toContainEqual(
      expect.stringMatching(/; \d+ not declared any more deleted: .*StatefulSet streaming\/kafka.* stay\)$/),
    )
    expect([...lab.cluster.objects.keys()]).toContainEqual(expect.stringMatching(/^Namespace .*streaming$/))
    expect(await lab.deploy()).toBe(0)
  })

  it('loses it too where the API server does not answer at first', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: withKafka })
    const { remove, selected } = lab.cluster
    const silent = new LabError('cluster.unreachable', 'no answer')
    lab.cluster.selected = () => {
      lab.cluster.selected = selected
      return Promise.reject(silent)
    }
    lab.cluster.remove = async (object) => {
      lab.cluster.remove = remove
      await remove(object)
      throw silent
    }
    await lab.deploy()
    expect(ofKafka(lab)).toEqual([])
  })

  it('made from an older node image is kept, with a warning', async () => {
    const { deploy, world, warnings } = await deployed()
    expect(await deploy({ artifacts: await fakeArtifacts('headless-lab/node:1-newer') })).toBe(0)
    expect(world.effects).toEqual([])
    expect(warnings).toEqual([
      'lab-control-plane, lab-worker, lab-worker2 were made from an older image; teardown and deploy bring the newer one',
    ])
  })

  it('with another topology is refused, untouched', async () => {
    const { deploy, world } = await deployed()
    const error = await labErrorOf(deploy({ plan: planOf({ topology: { workers: 1 } }) }))
    expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
    expect(error.message).toBe(
      'lab lab runs with another topology, which cannot change in place: topology.workers: 2 → 1',
    )
    expect(error.hint).toContain('teardown')
    expect(world.effects).toEqual([])
  })

  it('with a topology of which many fields are others names some of them', async () => {
    const { deploy } = await deployed()
    const topology = {
      ipFamily: 'dual',
      workers: 3,
      kubeProxyMode: 'nftables',
      clusterDomain: 'lab.test',
    } as const
    const { message } = await labErrorOf(deploy({ plan: planOf({ topology }) }))
    expect(message).toContain('topology.clusterDomain: "cluster.local" → "lab.test", ')
    expect(message.match(/ → /g)).toHaveLength(5)
    expect(message).toMatch(/, and \d+ more$/)
  })

  it('with another topology is refused too where it has kept none', async () => {
    const { deploy, state } = await deployed()
    const record = { ...(await state.record()) } as LabRecord
    delete (record as { topology?: unknown }).topology
    await state.journal({ event: 'nodes-done', record })
    const { message } = await labErrorOf(deploy({ plan: planOf({ topology: { workers: 1 } }) }))
    expect(message).toBe('lab lab runs with another topology, which cannot change in place')
  })

  it('whose stop was cut off is stopped first, and then brought back: the engine goes on with it', async () => {
    const { deploy, world, state, results } = await deployed()
    await state.journal({ event: 'stop-intent' })
    expect(await deploy()).toBe(3)
    const names = ['control-plane', 'worker', 'worker2'].map((name) => `id-lab-${name}`)
    expect(world.effects).toEqual([
      `docker stop -t 45 ${names.join(' ')}`,
      ...names.map((name) => `docker start ${name}`),
    ])
    expect(results).toContain('lab-control-plane, lab-worker, lab-worker2 brought back, 3 running')
    expect(await deploy()).toBe(0)
  })

  it('whose nodes are paused goes on with them', async () => {
    const { deploy, world, results } = await deployed()
    for (const container of world.containers) container.state = 'paused'
    expect(await deploy()).toBe(3)
    expect(world.effects).toEqual(
      ['control-plane', 'worker', 'worker2'].map((name) => `docker unpause id-lab-${name}`),
    )
    expect(results).toContain('lab-control-plane, lab-worker, lab-worker2 brought back, 3 running')
  })
})

describe('the number of Kafka brokers', () => {
  const kafka = (replicas: number, enabled = true) => planOf({ workloads: { kafka: { enabled, replicas } } })
  const refused = async ({ deploy, world }: FakeLab, replicas: number): Promise<void> => {
    world.effects.length = 0
    const error = await labErrorOf(deploy({ plan: kafka(replicas) }))
    expect(error).toMatchObject({ code: 'usage.invalid', exitCode: 2 })
    expect(error.message).toBe(
      'workloads.kafka.replicas: lab lab has 3 brokers, whose number is written in the quorum of each and cannot change in place',
    )
    expect(error.hint).toBe('write 3, or run teardown and then deploy, or give this lab another --name')
    expect(world.effects).toEqual([])
  }

  it('that a lab was given is refused when it changes, untouched', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: kafka(3) })
    await refused(lab, 5)
    const journal = await lab.state.read('journal.jsonl')
    expect(await lab.deploy({ plan: kafka(3) })).toBe(0)
    expect(await lab.state.read('journal.jsonl')).toBe(journal)
  })

  it('is free until there are some, and kept while they are left out', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: kafka(5, false) })
    await lab.deploy({ plan: kafka(3) })
    await lab.deploy({ plan: kafka(5, false) })
    await refused(lab, 5)
  })

  it('is free again in a lab that was torn down', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: kafka(3) })
    await lab.teardown()
    await lab.deploy({ plan: kafka(5) })
  })

  it('is free again when the nodes are gone', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: kafka(3) })
    await lab.state.journal({ event: 'nodes-removed' })
    lab.world.containers.length = 0
    await lab.deploy({ plan: kafka(5) })
  })

  it('is not known of a lab of before, which goes on', async () => {
    const lab = await makeLab()
    await lab.deploy({ plan: kafka(3, false) })
    await lab.deploy({ plan: kafka(5) })
    expect(await lab.state.kafkaBrokers()).toBe(5)
  })
})

describe('the remains of a lab', () => {
  it('that exited are started again, the control plane first', async () => {
    const { deploy, world } = await deployed()
    for (const container of world.containers) container.state = 'exited'
    expect(await deploy()).toBe(3)
    expect(world.effects).toEqual(
      ['control-plane', 'worker', 'worker2'].map((name) => `docker start id-lab-${name}`),
    )
  })

  it('that cannot be brought back are left to deploy, where that is all that is wanted', async () => {
    const { deploy, world } = await deployed()
    world.containers.splice(1, 1)
    const error = await labErrorOf(deploy({ onlyBringBack: true }))
    expect(error.message).toBe('lab lab cannot be brought back: lab-worker is not there')
    expect(world.effects).toEqual([])
    for (const container of world.containers) container.state = 'exited'
    world.containers.push(node('lab-worker', 'lab', 'exited'))
    expect(await deploy({ onlyBringBack: true })).toBe(3)
    // What cannot change in place is told first: deploy would not make it anew.
    const other = planOf({ topology: { workers: 3 } })
    const refused = await labErrorOf(deploy({ onlyBringBack: true, plan: other }))
    expect(refused.message).toContain('another topology')
  })

  it('that are dead are removed, and the nodes made anew', async () => {
    const { deploy, world } = await deployed()
    for (const container of world.containers) container.state = 'dead'
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
      'docker rm -f id-lab-control-plane id-lab-worker id-lab-worker2',
      'containerlab deploy',
    ])
    expect(world.containers).toHaveLength(3)
  })

  it('leave the containers of other labs alone', async () => {
    const { deploy, world } = await deployed()
    const foreign = node('lab-2-control-plane', 'lab-2', 'exited')
    world.containers.push(foreign)
    for (const container of world.containers) container.state = 'dead'
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
    for (const container of lab.world.containers) container.state = 'dead'
    lab.world.containerlab.deploy = () => halfMade(lab)
    await labErrorOf(lab.deploy())
    await nothingIsLeft(lab)
  })

  it('are explained, before the undo removes the evidence', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = async (call) => {
      await clabDeploy(lab.world, 'lab', 1)
      lab.world.containers.push(node('lab-worker2', 'lab', 'exited'))
      await writeFile(call.options.log ?? '', 'INFO[0000] creating\nERRO[0001] no space\n')
      return changesNothing
    }
    const { details } = await labErrorOf(lab.deploy())
    expect(details).toContain(`containers:
  lab-control-plane: running
  lab-worker: running
  lab-worker2: exited
log of containerlab:
  INFO[0000] creating
  ERRO[0001] no space
log of lab-control-plane:
  id-lab-control-plane says hello
  and warns
kubelet of lab-control-plane:
  kubelet: no swap, please`)
  })

  it('are explained as far as they can be asked', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = async () => {
      lab.world.containers.push(node('lab-control-plane', 'lab', 'exited'))
      return Promise.resolve(changesNothing)
    }
    const { details } = await labErrorOf(lab.deploy())
    expect(details).toContain('  lab-control-plane: exited')
    expect(details).toContain('log of containerlab:\n  none')
    expect(details).toContain('log of lab-control-plane')
    expect(details).not.toContain('kubelet of')
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
    expect(world.effects.every((effect) => /^(apply|secret) /.test(effect))).toBe(true)
  })

  it('is explained by the cluster, also where its API server is waited for', async () => {
    const { deploy, cluster, world } = await makeLab()
    cluster.unreachable = () => Promise.reject(new LabError('cluster.rejected', 'no'))
    expect((await labErrorOf(deploy())).details).toBe('pods not ready: none')
    expect(world.containers).toHaveLength(3)
    expect(new Set(cluster.signals).size).toBe(2)
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

  it('warns of ipvs where the kernel has none', async () => {
    const warnings = async (kubeProxyMode: 'ipvs' | 'iptables', has: boolean): Promise<string[]> => {
      vi.mocked(kernelHasIpvs).mockReset().mockResolvedValue(has)
      const lab = await makeLab()
      await lab.deploy({ plan: planOf({ topology: { kubeProxyMode } }) })
      return lab.warnings
    }
    expect(await warnings('iptables', false)).toEqual([])
    expect(await warnings('ipvs', true)).toEqual([])
    expect(await warnings('ipvs', false)).toEqual([
      expect.stringMatching(/^topology\.kubeProxyMode: .*no ip_vs/),
    ])
  })

  it('runs no command that changes anything', async () => {
    const { deploy, world } = await deployed()
    await deploy()
    const reading =
      /^(docker (ps|network (ls|inspect)|container inspect|info|port|exec lab-control-plane cat) ?|ip -o )/
    expect(linesOf(world.calls).filter((line) => !reading.test(line))).toEqual([])
  })
})

it('the state folder can be read by nobody else', async () => {
  const { deploy, state } = await makeLab()
  await deploy()
  await writeFile(state.file('probe'), '')
  expect((await stat(state.folder)).mode & 0o777).toBe(0o700)
})
