import { join } from 'node:path'
import { LabState } from '../../../lab/cluster/state.js'
import type { ArtifactSource, Pending } from '../../../lab/artifacts/artifact.js'
import type { HostEntries } from '../../../lab/cluster/host-entries.js'
import { LabOwner } from '../../../lab/cluster/lab-owner.js'
import { LeftNetworks } from '../../../lab/cluster/left-networks.js'
import { LabError } from '../../../lab/errors.js'
import { deployStages, type DeployContext } from '../../../lab/pipeline/deploy.js'
import { runStages, type Stage } from '../../../lab/pipeline/progress.js'
import type { Step } from '../../../lab/pipeline/step.js'
import { teardownStages } from '../../../lab/pipeline/teardown.js'
import type { Plan } from '../../../lab/plan/plan.js'
import { temporaryFolder } from '../../unit/host/fakes.js'
import { fakeArtifacts } from '../world.js'
import type { Chaos } from './chaos.js'
import { Clusters } from './cluster.js'
import { makeHost, type Host } from './host.js'
import type { Random } from './random.js'
import { FrailState } from './state.js'

/** A lab on a host on which anything may go wrong. */
export interface FrailLab {
  readonly plan: Plan
  readonly host: Host
  readonly clusters: Clusters
  /** Its folder, as somebody else reads it. */
  readonly state: LabState
  readonly leftNetworks: string
  readonly owners: string
  readonly artifacts: ArtifactSource
  /** As the program does it. @returns the number of changes */
  readonly deploy: (chaos: Chaos) => Promise<number>
  readonly teardown: (chaos: Chaos) => Promise<void>
}

export async function makeFrailLab(plan: Plan, random: Random): Promise<FrailLab> {
  const host = await makeHost(plan, random)
  const clusters = new Clusters(host.world, plan, random)
  const folder = await temporaryFolder()
  const stateFolder = join(folder, '.lab', plan.name)
  const leftNetworks = join(folder, 'left-networks')
  const owners = join(folder, 'owners')
  const state = new LabState(plan.name, stateFolder)
  const owner = new LabOwner(owners, state)
  const artifacts = await fakeArtifacts()
  let missing = random.chance(0.3)
  return {
    ...{ plan, host, clusters, leftNetworks, owners, artifacts, state },
    deploy: async (chaos) => {
      const context: DeployContext = {
        plan,
        state: new FrailState(plan.name, stateFolder, chaos),
        owner,
        artifacts: frailArtifacts(artifacts, chaos),
        pending: missing ? [pendingWith(chaos, () => (missing = false))] : [],
        diskToBuild: [],
        run: host.run(chaos),
        connect: (kubeconfig, signal) => clusters.connect(chaos, kubeconfig, signal),
        hostEntries: frailEntries(host.entries, chaos),
        warn: () => undefined,
        changes: 0,
      }
      await runStages(hurried(deployStages(context), chaos), chaos.interrupt)
      return context.changes
    },
    teardown: async (chaos) => {
      const state = new FrailState(plan.name, stateFolder, chaos)
      const stages = teardownStages({
        name: plan.name,
        state,
        owner,
        run: host.run(chaos),
        containerlab: (await state.record())?.containerlab,
        hostEntries: frailEntries(host.entries, chaos),
        leftNetworks: new LeftNetworks(leftNetworks),
        removed: [],
      })
      await runStages(hurried(stages, chaos), chaos.interrupt)
    },
  }
}

/** Some of the steps get a deadline that passes before they are done. */
function hurried(stages: readonly Stage[], chaos: Chaos): Stage[] {
  const hurry = (step: Step): Step => {
    if (!chaos.shortens) return step
    const run: Step['run'] = async (io) => {
      chaos.short = true
      try {
        return await step.run(io)
      } finally {
        chaos.short = false
      }
    }
    return { ...step, deadlineMs: 3, run }
  }
  return stages.map((stage) =>
    'beside' in stage ? { ...stage, beside: () => stage.beside().map(hurry) } : hurry(stage),
  )
}

const absent = (): never => {
  throw new LabError('artifact.absent', 'it is not there')
}

const frailArtifacts = (artifacts: ArtifactSource, chaos: Chaos): ArtifactSource => ({
  ...artifacts,
  get: (name) => chaos.call({ what: `artifact ${name}`, effect: () => artifacts.get(name), failure: absent }),
})

function pendingWith(chaos: Chaos, isBuilt: () => void): Pending {
  const artifact = { name: 'redis', key: 'k', folder: '', image: undefined }
  return {
    ...{ name: 'redis', title: 'redis image', log: '' },
    provide: ({ signal }) =>
      chaos.call({
        what: 'build',
        signal,
        effect: () => {
          isBuilt()
          return Promise.resolve(artifact)
        },
        failure: () => {
          throw new LabError('artifact.build-failed', 'it does not build')
        },
      }),
  }
}

/** Where they are looked up, the process may be killed between what is done to one and to the next. */
const frailEntries = (entries: HostEntries, chaos: Chaos): HostEntries => ({
  get hostsFile() {
    chaos.touch('entries: hosts')
    return entries.hostsFile
  },
  get sshFile() {
    chaos.touch('entries: ssh')
    return entries.sshFile
  },
  get netnsLinks() {
    chaos.touch('entries: netns')
    return entries.netnsLinks
  },
})
