import { describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { externalAddresses } from '../../lab/pipeline/external-addresses.js'
import type { IpFamily } from '../../topology/index.js'
import { labErrorOf } from '../unit/host/fakes.js'
import { clabDeploy, makeLab, node, planOf, POSTGRES, type FakeLab } from './world.js'

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  statfs: () => Promise.resolve({ bavail: 100e9, bsize: 1 }),
}))

const CONTAINER = 'lab-external-db'

const plan = planOf({ workloads: { externalDatabase: { enabled: true } } })

/** A lab whose containerlab makes the linux node too. */
async function labWithDatabase(addresses = ['172.18.0.9', 'fc00:f853::9']): Promise<FakeLab> {
  const lab = await makeLab()
  lab.world.containerlab.deploy = async () => {
    const made = await clabDeploy(lab.world, 'lab', 2)
    lab.world.containers.push({ ...node(CONTAINER, 'lab'), addresses })
    return made
  }
  return lab
}

describe('the external database', () => {
  it('is made from this lab’s own image, though the engine does not hold it before', async () => {
    const { deploy, state } = await labWithDatabase()
    await deploy({ plan })
    expect(parse((await state.read('lab.clab.yaml')) ?? '')).toMatchObject({
      topology: {
        nodes: {
          'external-db': { kind: 'linux', image: POSTGRES, cmd: '/usr/local/bin/postgres-standalone' },
        },
      },
    })
  })

  it('gets the password of the cluster’s Secret, before the workloads that use it', async () => {
    const { deploy, world, cluster } = await labWithDatabase()
    const changes = await deploy({ plan })
    expect(changes).toBe(world.effects.length)
    const order = ['secret default/external-db-secret', 'set password', 'apply StatefulSet default/redis']
    expect(world.effects.filter((effect) => order.includes(effect))).toEqual(order)
    expect(world.database.password).toBe(cluster.secrets.get('default/external-db-secret')?.['password'])
  })

  it('that has the password already is left as it is', async () => {
    const { deploy, world, results } = await labWithDatabase()
    await deploy({ plan })
    world.effects.length = 0
    expect(await deploy({ plan })).toBe(0)
    expect(world.effects).toEqual([])
    expect(results).toContain('as declared, at 172.18.0.9')
  })

  it('gets it again when the Secret was made anew', async () => {
    const { deploy, world, cluster } = await labWithDatabase()
    await deploy({ plan })
    cluster.secrets.set('default/external-db-secret', { password: 'another' })
    expect(await deploy({ plan })).toBe(1)
    expect(world.database.password).toBe('another')
  })

  it('is waited for while it starts', async () => {
    const { deploy, world } = await labWithDatabase()
    world.database.starting.push('FATAL:  the database system is starting up')
    await deploy({ plan })
    expect(world.database.password).toBeDefined()
    expect(world.database.starting).toEqual([])
  })

  it('has no password on a command line, in the state, or in what is told', async () => {
    const { deploy, world, state, results, warnings } = await labWithDatabase()
    await deploy({ plan })
    const password = world.database.password ?? 'none'
    const journal = (await state.read('journal.jsonl')) ?? ''
    for (const text of [...world.calls.map(({ line }) => line), journal, ...results, ...warnings])
      expect(text).not.toContain(password)
  })

  it('that takes a password and then refuses it is an error, in its words', async () => {
    const { deploy, world } = await labWithDatabase()
    Object.defineProperty(world.database, 'password', { get: () => undefined, set: () => undefined })
    const error = await labErrorOf(deploy({ plan }))
    expect(error).toMatchObject({ code: 'step.failed', exitCode: 4 })
    expect(error.message).toMatch(/^lab-external-db refuses .*password authentication failed/)
    expect(error.details).toContain(`log of ${CONTAINER}:\n${CONTAINER} says hello`)
  })

  it('without an address is an error that says what to do', async () => {
    const { deploy } = await labWithDatabase([])
    const error = await labErrorOf(deploy({ plan }))
    expect(error.message).toBe('lab-external-db has no address on the network kind')
    expect(error.hint).toContain('docker inspect lab-external-db')
  })

  it('is in the manifests where it is, and again where it has moved to', async () => {
    const { deploy, world, cluster } = await labWithDatabase()
    await deploy({ plan })
    const slice = (): string => cluster.objects.get('EndpointSlice default/external-db-ipv4-1') ?? ''
    expect(slice()).toContain('"addresses":["172.18.0.9"]')
    expect(slice()).not.toContain('fc00')
    world.containers.splice(-1, 1, { ...node(CONTAINER, 'lab'), addresses: ['172.18.0.7'] })
    expect(await deploy({ plan })).toBe(1)
    expect(slice()).toContain('"addresses":["172.18.0.7"]')
  })

  it('is removed with its volume, which has no name', async () => {
    const { deploy, teardown, world } = await labWithDatabase()
    await deploy({ plan })
    const volume = 'a'.repeat(64)
    world.containers.splice(-1, 1, {
      ...node(CONTAINER, 'lab'),
      labels: { containerlab: 'lab' },
      mounts: [volume],
    })
    world.volumes.push({ name: volume, labels: {}, stays: true })
    expect(await teardown()).toEqual(expect.arrayContaining([`container ${CONTAINER}`, '1 volume']))
    expect(world.containers).toEqual([])
    expect(world.volumes).toEqual([])
  })

  it('that is turned off has no step', async () => {
    const { deploy, world } = await makeLab()
    await deploy()
    expect(world.calls.map(({ line }) => line).join()).not.toContain('psql')
  })
})

describe('externalAddresses', () => {
  const asked = async (ipFamily: IpFamily): Promise<string[]> => {
    const engine = { addresses: () => Promise.resolve(['172.18.0.9', 'fc00::9']) }
    return externalAddresses({ ...plan, topology: { ...plan.topology, ipFamily } }, engine)
  }

  it.each<[IpFamily, string[]]>([
    ['ipv4', ['172.18.0.9']],
    ['ipv6', ['fc00::9']],
    ['dual', ['172.18.0.9', 'fc00::9']],
  ])('are those that the pods of a lab with %s reach', async (family, addresses) => {
    expect(await asked(family)).toEqual(addresses)
  })
})
