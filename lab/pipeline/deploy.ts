import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { findClashes, nodesNetwork, renderCalico } from '../../topology/index.js'
import type { ArtifactSource, Pending } from '../artifacts/artifact.js'
import { Containerlab } from '../cluster/containerlab.js'
import { Engine, type Container } from '../cluster/engine.js'
import { removeHostEntries, type HostEntries } from '../cluster/host-entries.js'
import type { Kube } from '../cluster/kube.js'
import { hostKubeconfig } from '../cluster/kubeconfig.js'
import type { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { checkDisk, type DiskNeed } from '../host/disk.js'
import type { Run } from '../host/run.js'
import { waitUntil } from '../host/wait.js'
import { KIND_CONFIG_FILE, type Plan } from '../plan/plan.js'
import { applyAll } from './apply-all.js'
import type { Stage } from './progress.js'
import type { Step } from './step.js'

/** What the pipeline asks of a cluster. */
export type ClusterApi = Pick<Kube, 'apply' | 'unreachable' | 'nodesNotReady' | 'notRolledOut' | 'explain'>

export interface DeployContext {
  readonly plan: Plan
  readonly state: LabState
  readonly artifacts: ArtifactSource
  /** What the survey found missing. */
  readonly pending: readonly Pending[]
  /** Space that providing those takes, beside the engine's. */
  readonly diskToBuild: readonly DiskNeed[]
  readonly run: Run
  /** Opens the API server that a kubeconfig points at. */
  readonly connect: (kubeconfig: string) => ClusterApi
  readonly hostEntries: HostEntries
  /** Told what people should know and is no progress. */
  readonly warn: (line: string) => void
  /** Effects made: 0 after a run that changed nothing. */
  changes: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Bytes of the engine's data that images take while they are built, and the nodes of a lab; and those of its state. */
const ENGINE_TO_BUILD = 6e9
const ENGINE_TO_RUN = 6e9
const STATE = 20e6

/** From nothing, or from whatever is there, to a lab whose workloads are rolled out. */
export function deployStages(context: DeployContext): Stage[] {
  return [
    preflight(context),
    {
      title: 'artifacts',
      beside: () => context.pending.map((pending) => artifactStep(context, pending)),
    },
    nodesStep(context),
    kubeconfigStep(context),
    calicoStep(context),
    workloadsStep(context),
  ]
}

/** Looks for what would make a later step fail; changes nothing. */
function preflight(context: DeployContext): Step {
  const { plan, state, run, pending } = context
  return {
    title: 'preflight',
    deadlineMs: 30 * SECOND,
    run: async ({ signal }) => {
      const engine = new Engine(run, { signal })
      const nodes = await engine.containers(plan.name)
      const own = nodes.length > 0 ? [nodesNetwork] : []
      const clashes = findClashes(plan.topology, await engine.hostNetworks(own))
      const blocking = clashes.find(({ severity }) => severity === 'block')
      if (blocking) {
        throw new LabError('host.network-clash', `${blocking.field}: ${blocking.message}`, {
          hint: blocking.fix,
        })
      }
      for (const { field, message, fix } of clashes) context.warn(`${field}: ${message}. ${fix}`)
      await checkDisk([
        ...(pending.length > 0 ? context.diskToBuild : []),
        {
          folder: await engine.dataRoot(),
          bytes: (pending.length > 0 ? ENGINE_TO_BUILD : 0) + (nodes.length > 0 ? 0 : ENGINE_TO_RUN),
        },
        { folder: state.folder, bytes: nodes.length > 0 ? 0 : STATE },
      ])
      await refuseOtherTopology(plan, state)
      return undefined
    },
  }
}

async function refuseOtherTopology(plan: Plan, state: LabState): Promise<void> {
  const record = await state.record()
  if (record === undefined || record.topologyDigest === plan.topologyDigest) return
  throw new LabError(
    'usage.invalid',
    `lab ${plan.name} runs with another topology, which cannot change in place`,
    {
      hint: 'run teardown and then deploy, or give this lab another --name',
    },
  )
}

function artifactStep(context: DeployContext, pending: Pending): Step {
  return {
    title: pending.title,
    deadlineMs: 60 * MINUTE,
    run: async ({ signal, progress }) => {
      await pending.provide({ signal, onProgress: progress })
      context.changes++
      return undefined
    },
  }
}

/** containerlab makes the nodes; what is left of a dead or half-made lab is removed first. */
function nodesStep(context: DeployContext): Step {
  const { plan, state, run } = context
  return {
    title: `nodes (containerlab and kind, ${plan.nodes.length})`,
    deadlineMs: 5 * MINUTE,
    run: async ({ signal, progress }) => {
      const engine = new Engine(run, { signal })
      const image = (await context.artifacts.get(plan.artifacts.node)).image ?? ''
      const containers = await engine.containers(plan.name)
      const record = await state.record()
      const corpse = whyNotAlive(containers, plan, record !== undefined)
      if (corpse === undefined) {
        // docker shows an id where the reference has moved on to a newer image.
        if (containers.some(({ name, image: from }) => plan.nodes.includes(name) && from !== image)) {
          context.warn(
            'the nodes were made from an older node image; teardown and deploy bring the newer one',
          )
        }
        return `${containers.length} running`
      }
      if (containers.length > 0) {
        progress(`removing what is left of the lab: ${corpse}`)
        await state.journal({ event: 'nodes-removed' })
        await engine.removeContainers(containers)
        context.changes++
      }
      await state.create()
      await state.write(KIND_CONFIG_FILE, plan.kindConfig)
      await state.write(`${plan.name}.clab.yaml`, plan.containerlab(image))
      if (!(await engine.networks()).includes(nodesNetwork)) {
        await state.journal({ event: 'network-intent', network: nodesNetwork })
      }
      await state.journal({ event: 'nodes-intent' })
      const binary = join((await context.artifacts.get(plan.artifacts.containerlab)).folder, 'containerlab')
      progress(`containerlab deploy; log: ${state.logFile('containerlab')}`)
      context.changes++
      await new Containerlab(run, binary, state).deploy({ signal })
      const made = await engine.containers(plan.name)
      const missing = whyNotAlive(made, plan, true)
      if (missing !== undefined) {
        throw new LabError('step.failed', `containerlab ended without an error, and yet ${missing}`, {
          hint: `its log is ${state.logFile('containerlab')}`,
        })
      }
      const { name, topologyDigest } = plan
      const createdAt = new Date().toISOString()
      await state.journal({
        event: 'nodes-done',
        record: {
          schema: 'headless-lab/state/v1',
          name,
          topologyDigest,
          nodeImage: image,
          containerlab: binary,
          createdAt,
        },
      })
      return `${made.length} made`
    },
    undo: async (signal) => {
      if ((await state.record()) !== undefined) return
      const engine = new Engine(run, { signal })
      await engine.removeContainers(await engine.containers(plan.name))
      await removeHostEntries(plan.name, context.hostEntries)
    },
  }
}

/** Why these containers are no lab that can be used; `undefined` when they are. */
export function whyNotAlive(
  containers: readonly Container[],
  plan: Pick<Plan, 'name' | 'nodes'>,
  finished: boolean,
): string | undefined {
  const absent = plan.nodes.filter((node) => !containers.some(({ name }) => name === node))
  if (absent.length > 0) return `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not there`
  const dead = containers.filter(({ state }) => state !== 'running')
  if (dead.length > 0) return dead.map(({ name, state }) => `${name} is ${state}`).join(', ')
  return finished ? undefined : 'they were never finished'
}

/** The admin kubeconfig, readable by its owner only, and an API server that answers to it. */
function kubeconfigStep({ plan, state, run, connect }: DeployContext): Step {
  return {
    title: 'kubeconfig',
    deadlineMs: MINUTE,
    run: async ({ signal, progress }) => {
      const engine = new Engine(run, { signal })
      const controlPlane = plan.nodes[0] ?? ''
      const address = await engine.publishedPort(controlPlane, '6443/tcp')
      const adminConf = await engine.exec(controlPlane, 'cat', '/etc/kubernetes/admin.conf')
      const wanted = hostKubeconfig(adminConf, plan.name, address)
      if ((await state.read('kubeconfig')) !== wanted) await state.write('kubeconfig', wanted, 0o600)
      await chmod(state.kubeconfig(), 0o600)
      const kube = connect(state.kubeconfig())
      await waitUntil(async () => prefixed('the API server', await kube.unreachable()), {
        signal,
        onWaiting: progress,
      })
      return state.kubeconfig()
    },
  }
}

/** Calico from its release's own manifest, until every node is Ready and CoreDNS has its pods. */
function calicoStep(context: DeployContext): Step {
  const { plan, state, connect } = context
  return {
    title: `Calico ${plan.topology.calicoVersion}`,
    deadlineMs: 4 * MINUTE,
    run: async ({ signal, progress }) => {
      const kube = connect(state.kubeconfig())
      const folder = (await context.artifacts.get(plan.artifacts.calico)).folder
      const manifest = await readFile(join(folder, 'calico-vxlan.yaml'), 'utf8')
      const objects = renderCalico(manifest, plan.topology) as KubernetesObject[]
      const changed = await applyAll(kube, objects, { signal, onWaiting: progress })
      context.changes += changed
      await waitUntil(() => kube.nodesNotReady(plan.nodes), { signal, onWaiting: progress })
      await waitUntil(() => kube.notRolledOut([...objects, COREDNS]), { signal, onWaiting: progress })
      return appliedLine(changed, objects.length)
    },
    explain: () => connect(state.kubeconfig()).explain(),
  }
}

const COREDNS = { kind: 'Deployment', metadata: { name: 'coredns', namespace: 'kube-system' } }

/** The lab's workloads, until all of them are rolled out. */
function workloadsStep(context: DeployContext): Step {
  const { plan, state, connect } = context
  return {
    title: 'workloads',
    deadlineMs: 4 * MINUTE,
    run: async ({ signal, progress }) => {
      const kube = connect(state.kubeconfig())
      const changed = await applyAll(kube, plan.manifests, { signal, onWaiting: progress })
      context.changes += changed
      await waitUntil(() => kube.notRolledOut(plan.manifests), { signal, onWaiting: progress })
      return appliedLine(changed, plan.manifests.length)
    },
    explain: () => connect(state.kubeconfig()).explain(),
  }
}

const appliedLine = (changed: number, all: number): string =>
  changed === 0 ? `${all} objects as declared` : `${changed} of ${all} objects changed`

const prefixed = (what: string, reason: string | undefined): string | undefined =>
  reason === undefined ? undefined : `${what}: ${reason}`
