import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { ownRun, RUN_LABEL } from '../../lab/host/descendants.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { labErrorOf } from '../unit/host/fakes.js'
import { clabDeploy, hostsBlock, makeLab, node, nodeLabels, type FakeLab, type FakeVolume } from './world.js'

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

async function deployed(): Promise<FakeLab> {
  const lab = await makeLab()
  await lab.deploy()
  lab.world.effects.length = 0
  return lab
}

const anonymous = (i: number): string => `${i}`.repeat(64)

/** The lab's worker has two volumes without a name and one of somebody's data; another volume is beside them. */
async function withVolumes(how: Partial<FakeVolume> = {}): Promise<FakeLab> {
  const lab = await deployed()
  const mounts = [anonymous(1), anonymous(2), 'data']
  lab.world.containers.splice(1, 1, { ...node('lab-worker', 'lab'), mounts })
  for (const name of [anonymous(1), anonymous(2)]) lab.world.volumes.push({ name, labels: {}, ...how })
  lab.world.volumes.push({ name: 'data', labels: {} }, { name: anonymous(9), labels: {} })
  return lab
}

async function nothingIsLeft({ world, state }: FakeLab): Promise<void> {
  expect(world.containers.filter(({ labels }) => Object.values(labels).includes('lab'))).toEqual([])
  expect(world.networks.has('kind')).toBe(false)
  expect(await readFile(world.hostEntries.hostsFile, 'utf8')).toBe(
    `127.0.0.1\tlocalhost\n${hostsBlock('lab-2')}`,
  )
  expect(existsSync(world.hostEntries.sshFile)).toBe(false)
  expect(existsSync(state.folder)).toBe(false)
}

describe('a lab', () => {
  it('is removed with all it made, and what was removed is told', async () => {
    const lab = await deployed()
    const removed = await lab.teardown()
    await nothingIsLeft(lab)
    expect(removed).toEqual([
      'container lab-control-plane',
      'container lab-worker',
      'container lab-worker2',
      'network kind',
      `lines of ${lab.world.hostEntries.hostsFile}`,
      lab.world.hostEntries.sshFile,
      lab.state.folder,
    ])
  })

  it('is removed though containerlab says so and removes nothing', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.resolve('')
    await lab.teardown()
    await nothingIsLeft(lab)
    expect(lab.world.effects.slice(0, 2)).toEqual([
      'containerlab destroy',
      'docker rm -f -v id-lab-control-plane id-lab-worker id-lab-worker2',
    ])
  })

  it('is removed though containerlab fails', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.resolve({ exitCode: 1, stderr: 'no' })
    await lab.teardown()
    await nothingIsLeft(lab)
  })

  it('keeps the network from containerlab, which would remove what others live on', async () => {
    const lab = await deployed()
    await lab.teardown()
    const call = lab.world.calls.find(({ line }) => line.includes('containerlab destroy'))
    expect(call?.args).toContain('--keep-mgmt-net')
  })

  it.each(['exited', 'paused', 'created'])('whose containers are %s is removed', async (state) => {
    const lab = await deployed()
    for (const container of lab.world.containers) container.state = state
    lab.world.containerlab.destroy = () => Promise.resolve('')
    await lab.teardown()
    await nothingIsLeft(lab)
  })

  it('that is half made is removed, without containerlab', async () => {
    const lab = await makeLab()
    await lab.state.journal({ event: 'network-intent', network: 'kind' })
    await lab.state.journal({ event: 'nodes-intent' })
    await clabDeploy(lab.world, 'lab', 0)
    await lab.teardown()
    await nothingIsLeft(lab)
    expect(lab.world.effects).not.toContain('containerlab destroy')
  })

  it('that the engine is still making, and does not list yet, is waited for and removed', async () => {
    const lab = await makeLab()
    const name = 'lab-worker'
    await lab.state.journal({ event: 'nodes-intent', containers: ['lab-control-plane', name] })
    lab.world.making.add(name)
    const tries = (): number =>
      lab.world.calls.filter(({ line }) => line.includes(`create --pull never --name ${name} `)).length
    const { run } = lab.world
    const teardown = lab.teardown({
      run: async (file, args, options) => {
        if (tries() === 4 && lab.world.making.delete(name))
          lab.world.containers.push(node(name, 'lab', 'created'))
        return run(file, args, options)
      },
    })
    expect(await teardown).toContain(`container ${name}`)
    await nothingIsLeft(lab)
  })

  it('whose name a stranger has is not waited for', async () => {
    const lab = await makeLab()
    await lab.state.journal({ event: 'nodes-intent', containers: ['lab-control-plane'] })
    const stranger = { ...node('lab-control-plane', 'lab-2'), labels: {} }
    lab.world.containers.push(stranger)
    await lab.teardown()
    expect(lab.world.containers).toEqual([stranger])
  })

  it('whose teardown was cut off is removed, also while the engine still removes what that one asked for', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.resolve('')
    await lab.state.journal({ event: 'nodes-removed', volumes: [] })
    for (const container of lab.world.containers) container.busy = 12
    await lab.teardown()
    await nothingIsLeft(lab)
  })

  it('is removed with what a build of a run that was killed left, and not with that of a run that goes on', async () => {
    const lab = await deployed()
    const own = await ownRun()
    const over = own.replace(/ \d+ /, ' 5000001 ')
    for (const [name, run] of Object.entries({ bake: over, 'other-bake': own }))
      lab.world.containers.push({ ...node(name, 'lab'), labels: { [RUN_LABEL]: run } })
    expect(await lab.teardown()).toContain('container bake')
    expect(lab.world.containers.map(({ name }) => name)).toEqual(['other-bake'])
  })

  it('whose containerlab is gone with the cache is removed', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.reject(new Error('ENOENT'))
    await lab.teardown({ containerlab: '/gone/containerlab' })
    await nothingIsLeft(lab)
  })

  it('that lost its state folder loses its containers; the network may be somebody else’s', async () => {
    const lab = await deployed()
    await lab.state.remove()
    const removed = await lab.teardown()
    expect(lab.world.containers).toEqual([])
    expect(lab.world.networks.has('kind')).toBe(true)
    expect(removed).not.toContain('network kind')
  })

  it('is removed with volumes that carry its label', async () => {
    const lab = await deployed()
    lab.world.volumes.push(
      { name: 'ours', labels: nodeLabels('lab') },
      { name: 'theirs', labels: nodeLabels('lab-2') },
    )
    await lab.teardown()
    expect(lab.world.volumes.map(({ name }) => name)).toEqual(['theirs'])
  })

  it.each(['', 'containerlab'])('is removed with the volumes of its containers (%s)', async (by) => {
    const lab = await withVolumes()
    if (by === '') lab.world.containerlab.destroy = () => Promise.resolve('')
    const removed = await lab.teardown()
    expect(lab.world.volumes).toEqual([
      { name: 'data', labels: {} },
      { name: anonymous(9), labels: {} },
    ])
    expect(removed).toContain('2 volumes')
  })

  it('is removed with those volumes that stay when their container goes', async () => {
    const lab = await withVolumes({ stays: true })
    expect(await lab.teardown()).toContain('2 volumes')
    expect(lab.world.volumes).toHaveLength(2)
  })

  it('is removed with the volumes of a container that was removed by hand', async () => {
    const lab = await makeLab()
    lab.world.containerlab.deploy = async () => {
      const made = await clabDeploy(lab.world, 'lab', 2)
      lab.world.containers.splice(1, 1, { ...node('lab-worker', 'lab'), mounts: [anonymous(1), 'data'] })
      for (const name of [anonymous(1), anonymous(9), 'data']) lab.world.volumes.push({ name, labels: {} })
      return made
    }
    await lab.deploy()
    lab.world.containers.splice(1, 1)
    expect(await lab.teardown()).toContain('1 volume')
    expect(lab.world.volumes.map(({ name }) => name)).toEqual([anonymous(9), 'data'])
  })

  it('on a host that has no engine any more: its files are removed', async () => {
    const lab = await deployed()
    lab.world.calls.length = 0
    await lab.teardown({ engine: false })
    expect(lab.world.calls).toEqual([])
    expect(existsSync(lab.state.folder)).toBe(false)
    expect(existsSync(lab.world.hostEntries.sshFile)).toBe(false)
  })
})

describe('no lab', () => {
  it('is nothing to remove, and nothing is told to have been', async () => {
    const lab = await makeLab()
    expect(await lab.teardown()).toEqual([])
    expect(lab.world.effects).toEqual([])
    expect(existsSync(lab.state.folder)).toBe(false)
  })

  it('is what a second teardown finds', async () => {
    const lab = await deployed()
    await lab.teardown()
    expect(await lab.teardown()).toEqual([])
  })
})

describe('a network', () => {
  it('that this lab did not make stays', async () => {
    const lab = await makeLab()
    lab.world.networks.set('kind', '172.18.0.0/16')
    await lab.deploy()
    await lab.teardown()
    expect(lab.world.networks.has('kind')).toBe(true)
  })

  it.each(['running', 'exited'])('that another lab’s %s container is on stays', async (state) => {
    const lab = await deployed()
    lab.world.containers.push(node('other-control-plane', 'other', state))
    const removed = await lab.teardown()
    expect(lab.world.networks.has('kind')).toBe(true)
    expect(removed).not.toContain('network kind')
    expect(lab.results).toContain('network kind stays: other-control-plane uses it')
  })

  it('that had to stay goes with the last lab that uses it', async () => {
    const lab = await deployed()
    const other = node('other-control-plane', 'other')
    lab.world.containers.push(other)
    await lab.teardown()
    // Another lab is torn down that has not made it, first while it is used still.
    expect(await lab.teardown()).not.toContain('network kind')
    lab.world.containers.splice(lab.world.containers.indexOf(other), 1)
    expect(await lab.teardown()).toEqual(['network kind'])
    expect(lab.world.networks.has('kind')).toBe(false)
  })

  it('that came in the place of the one that was made is somebody else’s', async () => {
    const lab = await deployed()
    lab.world.networkIds.set('kind', 'another-id')
    await lab.teardown()
    expect(lab.world.networks.has('kind')).toBe(true)
  })

  it('that came in the place of one that had to stay is somebody else’s', async () => {
    const lab = await deployed()
    const other = node('other-control-plane', 'other')
    lab.world.containers.push(other)
    await lab.teardown()
    lab.world.containers.splice(lab.world.containers.indexOf(other), 1)
    lab.world.networkIds.set('kind', 'another-id')
    await lab.teardown()
    expect(lab.world.networks.has('kind')).toBe(true)
  })

  it('that is gone already is no error', async () => {
    const lab = await deployed()
    lab.world.networks.delete('kind')
    await lab.teardown()
    await nothingIsLeft(lab)
  })
})

describe('what looks alike', () => {
  it('is never touched', async () => {
    const lab = await deployed()
    const foreign = [
      node('lab-2-control-plane', 'lab-2'),
      node('la-worker', 'la'),
      { name: 'lab-worker3', state: 'running', labels: {}, network: 'bridge' },
      { name: 'db', state: 'exited', labels: { 'com.example.lab': 'lab' }, network: 'bridge' },
    ]
    lab.world.containers.push(...foreign)
    await lab.teardown()
    expect(lab.world.containers).toEqual(foreign)
    expect(lab.world.effects.join(' ')).not.toMatch(/lab-2|la-worker|worker3|id-db/)
    expect(await readFile(lab.world.hostEntries.hostsFile, 'utf8')).toContain(hostsBlock('lab-2'))
  })
})

describe('what cannot be removed', () => {
  it('ends the teardown in the engine’s words, with all that the next one needs kept', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.resolve('')
    lab.world.containers.push({ ...node('lab-worker3', 'lab'), refuses: true })
    const error = await labErrorOf(lab.teardown())
    expect(error).toMatchObject({
      code: 'command.failed',
      exitCode: 4,
      details: 'cannot remove id-lab-worker3',
    })
    expect([...(await lab.state.madeNetworks()).keys()]).toEqual(['kind'])
    lab.world.containers.length = 0
    await lab.teardown()
    await nothingIsLeft(lab)
  })

  it.each(['volume', 'network'])('is looked for and named: a %s', async (kind) => {
    const lab = await withVolumes({ stays: true })
    lab.world.unremovable.add(kind)
    // The second time nothing but the journal tells whose it is.
    for (const error of [await labErrorOf(lab.teardown()), await labErrorOf(lab.teardown())]) {
      expect(error).toMatchObject({ code: 'teardown.incomplete' })
      expect(error.message).toContain(kind === 'volume' ? `volume ${anonymous(1)}` : 'network kind')
      expect(error.message).not.toContain(anonymous(9))
    }
    lab.world.unremovable.clear()
    expect(await lab.teardown()).toContain(kind === 'volume' ? '2 volumes' : 'network kind')
  })

  it('forgets what was verified', async () => {
    const lab = await deployed()
    await lab.state.saveResult({
      schema: 'headless-lab/verify/v1',
      startedAt: '2026-01-01T00:00:00Z',
      checks: [],
    } as unknown as VerifyResult)
    lab.world.containers.push({ ...node('lab-worker3', 'lab'), stubborn: true })
    lab.world.containerlab.destroy = () => Promise.resolve('')
    await labErrorOf(lab.teardown())
    expect(await lab.state.lastResult()).toBeUndefined()
  })

  it('is looked for and named', async () => {
    const lab = await deployed()
    lab.world.containerlab.destroy = () => Promise.resolve('')
    lab.world.containers.push({ ...node('lab-worker3', 'lab'), stubborn: true })
    const error = await labErrorOf(lab.teardown())
    expect(error).toMatchObject({ code: 'teardown.incomplete', exitCode: 4, retry: true })
    expect(error.message).toContain('container lab-worker3')
    expect(error.message).not.toContain('lab-control-plane')
  })
})
