import { findClashes, nodesNetwork } from '../../../topology/index.js'
import { Engine } from '../../cluster/engine.js'
import { differences } from '../../cluster/drift.js'
import type { LabRecord, LabState } from '../../cluster/state.js'
import { LabError } from '../../errors.js'
import { checkDisk } from '../../host/disk.js'
import type { Plan } from '../../plan/plan.js'
import { space } from '../../plan/space.js'
import { cut } from '../../words.js'
import type { DeployContext } from '../deploy-context.js'
import { SECOND } from '../durations.js'
import type { Step } from '../step.js'
import { refuseOthersLab, refuseToMakeAnew, whyMadeAnew } from './containers.js'
import { kernelHasIpvs } from './ipvs.js'

/** Looks for what would make a later step fail; changes nothing. */
export function preflight(context: DeployContext): Step {
  const { plan, state, run } = context
  return {
    title: 'preflight',
    deadlineMs: 30 * SECOND,
    run: async ({ signal }) => {
      const engine = new Engine(run, { signal })
      const containers = await engine.containers(plan.name)
      await refuseOthersLab(containers, context)
      const finished = (await state.record()) !== undefined
      await refuseOtherTopology(plan, state)
      await refuseOtherBrokers(plan, state)
      const corpse = whyMadeAnew(containers, plan, finished)
      refuseToMakeAnew(context, corpse)
      await checkNetworks(context, engine, containers.length > 0)
      await checkSpace(context, engine, containers.length > 0)
      if (corpse !== undefined) await checkLinuxImages(plan, engine)
      if (plan.topology.kubeProxyMode === 'ipvs' && !(await kernelHasIpvs())) {
        context.warn(
          'topology.kubeProxyMode: the kernel of this host has no ip_vs: kube-proxy will not run in ipvs mode. Choose iptables or nftables',
        )
      }
      return undefined
    },
  }
}

async function checkNetworks(
  { plan, warn }: DeployContext,
  engine: Engine,
  hasNodes: boolean,
): Promise<void> {
  const clashes = findClashes(plan.topology, await engine.hostNetworks(hasNodes ? [nodesNetwork] : []))
  const blocking = clashes.find(({ severity }) => severity === 'block')
  if (blocking) {
    throw new LabError('host.network-clash', `${blocking.field}: ${blocking.message}`, {
      hint: blocking.fix,
    })
  }
  for (const { field, message, fix } of clashes) warn(`${field}: ${message}. ${fix}`)
}

async function checkSpace(context: DeployContext, engine: Engine, hasNodes: boolean): Promise<void> {
  const builds = context.pending.length > 0
  await checkDisk([
    ...(builds ? context.diskToBuild : []),
    {
      folder: await engine.dataRoot(),
      bytes:
        (builds ? space.engineToBuild : 0) + (hasNodes ? 0 : context.plan.nodes.length * space.engineOfNode),
    },
    { folder: context.state.folder, bytes: hasNodes ? 0 : space.state },
  ])
}

async function refuseOtherTopology(plan: Plan, state: LabState): Promise<void> {
  const record = await state.record()
  if (record === undefined || record.topologyDigest === plan.topologyDigest) return
  throw new LabError(
    'usage.invalid',
    `lab ${plan.name} runs with another topology, which cannot change in place${whatDiffers(record, plan)}`,
    {
      hint: 'run teardown and then deploy, or give this lab another --name',
    },
  )
}

/** So many fields of the topology are named. */
const NAMED = 5

/** `: ` and the fields of the spec, each with what it was and what it is; nothing for a lab that kept no topology. */
function whatDiffers({ topology: was }: LabRecord, { topology: is }: Plan): string {
  const fields = was === undefined ? [] : differences(was, is, 'topology')
  if (fields.length === 0) return ''
  const said = (value: unknown): string =>
    cut(value === undefined ? 'absent' : JSON.stringify(value), LONGEST)
  const named = fields
    .slice(0, NAMED)
    .map(({ path, live, declared }) => `${path}: ${said(live)} → ${said(declared)}`)
  const more = fields.length > NAMED ? [`and ${fields.length - NAMED} more`] : []
  return `: ${[...named, ...more].join(', ')}`
}

/** A value is cut to what a line can hold. */
const LONGEST = 40

/** Each of Kafka's brokers has the voters of the quorum in its own configuration. */
async function refuseOtherBrokers({ name, kafkaBrokers: wanted }: Plan, state: LabState): Promise<void> {
  const has = await state.kafkaBrokers()
  if (has === undefined || wanted === undefined || has === wanted) return
  throw new LabError(
    'usage.invalid',
    `workloads.kafka.replicas: lab ${name} has ${has} brokers, whose number is written in the quorum of each and cannot change in place`,
    { hint: `write ${has}, or run teardown and then deploy, or give this lab another --name` },
  )
}

/** An image of this lab is there by now, or is among the artifacts of the next stage. */
async function checkLinuxImages({ topology, linuxArtifacts }: Plan, engine: Engine): Promise<void> {
  for (const [i, { image }] of topology.linuxNodes.entries()) {
    if (Object.hasOwn(linuxArtifacts, image) || (await engine.hasImage(image))) continue
    throw new LabError(
      'spec.invalid',
      `topology.linuxNodes[${i}].image: the Docker engine has no image ${image}`,
      { hint: `run docker pull ${image}, or build it, or name an image that docker image ls shows` },
    )
  }
}
