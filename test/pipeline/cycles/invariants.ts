import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { nameOf } from '../../../lab/cluster/object-api.js'
import { withoutHostsBlock } from '../../../lab/cluster/host-entries.js'
import { LabError } from '../../../lab/errors.js'
import { asFileError } from '../../../lab/host/file-error.js'
import { calicoObjects } from '../../../lab/pipeline/calico-objects.js'
import { externalAddresses } from '../../../lab/pipeline/external-addresses.js'
import { expectedContainers } from '../../../lab/pipeline/steps/containers.js'
import { Engine } from '../../../lab/cluster/engine.js'
import { Killed } from './chaos.js'
import type { FrailLab } from './lab.js'

/** A run ends well, is killed, or ends in an error that people can read: nothing else. */
export function expectClear(error: unknown): void {
  if (error instanceof Killed) return
  const told = asFileError(error) ?? error
  if (!(told instanceof LabError))
    throw new Error('it ended with what is no error for people', { cause: error })
  expect(told.message).not.toContain('\n')
  expect(told.message).not.toBe('')
}

const ofLab = ({ host, plan }: FrailLab) =>
  host.world.containers.filter(({ labels }) => labels['containerlab'] === plan.name)

/** The lab is there, as its plan says. */
export async function expectAsDeclared(lab: FrailLab): Promise<void> {
  const { plan, host, clusters, state, artifacts } = lab
  expect(
    ofLab(lab)
      .map(({ name, state: is }) => `${name} ${is}`)
      .sort(),
  ).toEqual(
    expectedContainers(plan)
      .map((name) => `${name} running`)
      .sort(),
  )
  expect(await state.record()).toMatchObject({ name: plan.name, topologyDigest: plan.topologyDigest })
  expect(lstatSync(state.kubeconfig()).mode & 0o777).toBe(0o600)
  const { objects, secrets } = clusters.current ?? { objects: new Map(), secrets: new Map() }
  const calico = (await artifacts.get(plan.artifacts.calico)).folder
  const addresses = await externalAddresses(plan, new Engine(host.world.run))
  const declared = [...(await calicoObjects(calico, plan.topology)), ...plan.manifests(addresses)]
  for (const object of declared) expect(objects.get(nameOf(object))).toBe(JSON.stringify(object))
  for (const { namespace, name, keys } of plan.secrets)
    expect(Object.keys((secrets.get(`${namespace}/${name}`) ?? {}) as object).sort()).toEqual(
      [...keys].sort(),
    )
  const { externalDatabase: database } = plan
  if (database !== undefined) {
    const { namespace, name, key } = database.password
    expect(host.world.database.password).toBe(
      (secrets.get(`${namespace}/${name}`) as Record<string, string>)[key],
    )
  }
}

/** Nothing of the lab is left, on the host or in the engine. */
export async function expectNothingLeft(lab: FrailLab): Promise<void> {
  const { host, plan, state, leftNetworks, owners } = lab
  const { world, entries, hadNetwork } = host
  expect(ofLab(lab)).toEqual([])
  expect(world.volumes.filter(({ name }) => /^0/.test(name))).toEqual([])
  expect(world.networks.has('kind')).toBe(hadNetwork)
  const hosts = await readFile(entries.hostsFile, 'utf8')
  expect(withoutHostsBlock(hosts, plan.name)).toBe(hosts)
  expect(readdirSync(dirname(entries.hostsFile)).sort()).toEqual(['clab-lab-2.conf', 'hosts', 'netns'])
  expect(readdirSync(join(dirname(entries.hostsFile), 'netns'))).toEqual(['lab-2-control-plane'])
  expect(existsSync(state.folder)).toBe(false)
  expect(existsSync(leftNetworks) ? readdirSync(leftNetworks) : []).toEqual([])
  expect(existsSync(owners)).toBe(false)
}

/** Whether nothing is half made: all of the nodes are there, or nothing of them. */
export async function isWhole(lab: FrailLab): Promise<boolean> {
  if ((await lab.state.record()) !== undefined)
    return ofLab(lab).length === expectedContainers(lab.plan).length
  const { entries } = lab.host
  const hosts = await readFile(entries.hostsFile, 'utf8')
  const isClear = withoutHostsBlock(hosts, lab.plan.name) === hosts && !existsSync(entries.sshFile)
  return isClear && ofLab(lab).length === 0
}
