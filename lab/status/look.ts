import type { KubernetesObject } from '@kubernetes/client-node'
import { Engine } from '../cluster/engine.js'
import type { Kube } from '../cluster/kube.js'
import type { LabOwner } from '../cluster/lab-owner.js'
import { nameOf } from '../cluster/object-api.js'
import type { WantedSecret } from '../cluster/secrets.js'
import type { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { engineState } from '../host/engine.js'
import type { Run } from '../host/run.js'
import { expectedContainers, notMadeHere, whyMadeAnew, whyNotAlive } from '../pipeline/steps/containers.js'
import type { Plan } from '../plan/plan.js'
import { labSelector, PASSING_KINDS, undeclared } from '../plan/undeclared.js'
import type { LabStatus, NodeStatus, ObjectDrift } from './model.js'

/** What a lab is looked at with. */
export interface StatusContext {
  readonly plan: Plan
  readonly state: LabState
  readonly owner: Pick<LabOwner, 'other'>
  readonly run: Run
  readonly signal: AbortSignal
  readonly connect: (
    kubeconfig: string,
    signal: AbortSignal,
  ) => Pick<Kube, 'unreachable' | 'nodes' | 'drift' | 'secretLacks' | 'selected' | 'podsNotReady'>
  /** Everything a deploy would apply to the cluster that is there. */
  readonly objects: (engine: Engine) => Promise<readonly KubernetesObject[]>
}

/** At most this many objects are compared at once. */
const BESIDE = 8

/** Looks how a lab is. Changes nothing: what applying would do is asked by dry runs. */
export async function lookAt(context: StatusContext): Promise<LabStatus> {
  const { plan, state, run, signal, connect } = context
  const last = await state.lastResult()
  const about = {
    lab: plan.name,
    versions: { kubernetes: plan.topology.kubernetesVersion, calico: plan.topology.calicoVersion },
    ...(last === undefined ? {} : { lastVerify: { at: last.startedAt, summary: last.summary } }),
  }
  const finished = (await state.record()) !== undefined
  if ((await engineState(run, signal)) !== 'running') {
    const phase = (await state.mayHaveNodes()) ? 'stopped' : 'absent'
    const comesBack = phase === 'stopped' ? { comesBack: finished } : {}
    return { ...about, phase, reason: 'the Docker engine does not run', ...comesBack, nodes: [] }
  }
  const engine = new Engine(run, { signal })
  const containers = await engine.containers(plan.name)
  if (containers.length === 0) {
    const phase = (await state.isHalfMade()) ? 'half-made' : 'absent'
    return { ...about, phase, reason: 'it has no containers', nodes: [] }
  }
  const expected = expectedContainers(plan)
  const nodes = expected.map((name): NodeStatus => ({
    name,
    container: containers.find((one) => one.name === name)?.state ?? 'gone',
  }))
  const dead = whyNotAlive(containers, expected, finished)
  const other = await context.owner.other()
  if (other !== undefined || (dead !== undefined && !(await state.mayHaveNodes()))) {
    const reason = `it ${notMadeHere(other)}`
    return { ...about, phase: 'half-made', reason, madeElsewhere: true, nodes }
  }
  if (dead !== undefined && !finished) return { ...about, phase: 'half-made', reason: dead, nodes }
  if (dead !== undefined) {
    const comesBack = whyMadeAnew(containers, plan, finished) === undefined
    return { ...about, phase: 'stopped', reason: dead, comesBack, nodes }
  }
  const kube = connect(state.kubeconfig(), signal)
  const silent = await kube.unreachable()
  if (silent !== undefined) return { ...about, phase: 'unreachable', reason: silent, nodes }
  const objects = await context.objects(engine)
  const [inCluster, drift, secrets, passed, podsNotReady] = await Promise.all([
    kube.nodes(),
    driftOf(kube, objects),
    Promise.all(plan.secrets.map((secret) => driftOfSecret(kube, secret))),
    kube.selected(PASSING_KINDS, labSelector(plan.name)),
    kube.podsNotReady(),
  ])
  const left = undeclared(passed, objects, plan.name).map(leftOver)
  return {
    ...about,
    phase: 'running',
    nodes: nodes.map((node) => {
      const seen = inCluster.find(({ name }) => name === node.name)
      if (seen !== undefined) return { ...node, ready: seen.ready, kubelet: seen.kubelet }
      return plan.nodes.includes(node.name) ? { ...node, ready: false } : node
    }),
    drift: [...drift, ...secrets.flatMap((one) => one ?? []), ...left],
    compared: objects.length + plan.secrets.length + left.length,
    podsNotReady,
  }
}

async function driftOf(
  kube: Pick<Kube, 'drift'>,
  objects: readonly KubernetesObject[],
): Promise<ObjectDrift[]> {
  const found: ObjectDrift[] = []
  for (let i = 0; i < objects.length; i += BESIDE) {
    const some = objects.slice(i, i + BESIDE)
    const drifts = await Promise.all(some.map((object) => driftOfOne(kube, object)))
    found.push(...drifts.flatMap((one) => one ?? []))
  }
  return found
}

/** `undefined` where it is as declared. */
async function driftOfOne(
  kube: Pick<Kube, 'drift'>,
  object: KubernetesObject,
): Promise<ObjectDrift | undefined> {
  try {
    const fields = await kube.drift(object)
    return fields?.length === 0 ? undefined : { object: nameOf(object), fields: fields ?? [] }
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'cluster.rejected') throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    return { object: nameOf(object), fields: [], rejected: error.message, ...hint }
  }
}

/** Of its values nothing is known but whether they are there; `undefined` where all of them are. */
async function driftOfSecret(
  kube: Pick<Kube, 'secretLacks'>,
  secret: WantedSecret,
): Promise<ObjectDrift | undefined> {
  const lacks = await kube.secretLacks(secret)
  if (lacks?.length === 0) return undefined
  const why =
    lacks === undefined
      ? 'not there; deploy makes it with new passwords, and says which servers run with the old ones'
      : `has no ${lacks.join(', ')}; deploy gives it new ones, and says which servers run with the old ones`
  return { object: `Secret ${secret.namespace}/${secret.name}`, fields: [], why }
}

const leftOver = (object: KubernetesObject): ObjectDrift => ({
  ...{ object: nameOf(object), fields: [] },
  why: 'not declared any more; deploy deletes it',
})
