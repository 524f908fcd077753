import { createHash } from 'node:crypto'
import { App, Testing } from 'cdk8s'
import type { KubernetesObject } from '@kubernetes/client-node'
import { LabChart } from '../../constructs/index.js'
import { nodeNames, renderContainerlab, renderKindConfig, type Topology } from '../../topology/index.js'
import { versions, workloadImages } from '../artifacts/versions.js'
import { LabError } from '../errors.js'
import type { Spec } from '../spec/index.js'

/** Everything that is decided before anything is changed. The same spec gives the same plan. */
export interface Plan {
  readonly name: string
  readonly topology: Topology
  /** Names of the nodes' containers, control plane first. */
  readonly nodes: readonly string[]
  /** The artifacts the pipeline asks for. */
  readonly artifacts: typeof artifacts
  /** The kind configuration, as YAML. */
  readonly kindConfig: string
  /** The containerlab topology, as YAML, for a node image. */
  readonly containerlab: (nodeImage: string) => string
  /** The workloads, as plain Kubernetes objects in the order in which they are applied. */
  readonly manifests: readonly KubernetesObject[]
  /** Over what cannot change in place: two plans with the same digest can share a running cluster. */
  readonly topologyDigest: string
}

const artifacts = {
  node: 'node',
  containerlab: 'containerlab',
  calico: 'calico',
  kubernetes: 'kubernetes',
} as const

export const KIND_CONFIG_FILE = 'kind.yaml'

/**
 * Decides everything a spec asks for. Pure.
 *
 * @throws LabError `spec.invalid` for a version that there is no recipe for
 */
export function makePlan(spec: Spec): Plan {
  const { topology } = spec
  mustBeBuildable('topology.kubernetesVersion', topology.kubernetesVersion, versions.kubernetes)
  mustBeBuildable('topology.calicoVersion', topology.calicoVersion, versions.calico)
  const nodes = nodeNames(topology)
  const kindConfig = renderKindConfig(topology, {
    etcdImageTag: versions.etcdImageTag,
    dnsImageTag: versions.coredns,
  })
  return {
    name: spec.name,
    topology,
    nodes,
    artifacts,
    kindConfig,
    containerlab: (nodeImage) =>
      renderContainerlab(topology, { nodeImage, kindConfigFile: KIND_CONFIG_FILE }),
    manifests: workloads(spec, nodes.length),
    topologyDigest: createHash('sha256').update(JSON.stringify(topology)).digest('hex').slice(0, 16),
  }
}

function mustBeBuildable(field: string, asked: string, has: string): void {
  if (asked === has) return
  throw new LabError(
    'spec.invalid',
    `${field}: there is no recipe for ${asked}; write ${has}, or leave it out`,
  )
}

function workloads(spec: Spec, nodes: number): KubernetesObject[] {
  const chart = new LabChart(new App(), 'lab', {
    clusterDomain: spec.topology.clusterDomain,
    nodes,
    labels: { 'headless-lab.dev/lab': spec.name },
    redis: { image: workloadImages.redis, replicas: spec.workloads.redis.replicas },
    nginx: { image: workloadImages.nginx, replicas: spec.workloads.nginx.replicas },
    multitool: { image: workloadImages.multitool },
  })
  return Testing.synth(chart) as KubernetesObject[]
}
