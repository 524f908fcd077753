import { createHash } from 'node:crypto'
import type { KubernetesObject } from '@kubernetes/client-node'
import { DEFAULT_NAMESPACE, requiredSecrets } from '../../constructs/index.js'
import { EXTERNAL_DATABASE_SECRET } from '../../constructs/lab/default-chart.js'
import {
  linuxContainerName,
  nodeNames,
  renderContainerlab,
  renderKindConfig,
  type Topology,
} from '../../topology/index.js'
import { versions, workloadImages } from '../artifacts/versions.js'
import type { WantedSecret } from '../cluster/secrets.js'
import { LabError } from '../errors.js'
import { externalDatabaseNode, type Spec } from '../spec/index.js'
import { labLabels, synthesised, workloadsApp } from './workloads.js'

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
  /** Artifacts that linux nodes are made from, by the name of the image in the spec. */
  readonly linuxArtifacts: Readonly<Record<string, string>>
  /** The containerlab topology, as YAML, for the references of the node image and of those of linux nodes. */
  readonly containerlab: (
    nodeImage: string,
    linuxImages: Readonly<Record<string, string>>,
    nodesSubnet?: string,
  ) => string
  /**
   * The workloads, as plain Kubernetes objects in the order in which they are applied.
   *
   * @param externalAddresses where the external database is, known only once its container runs: none gives its
   * service no endpoints; `undefined`, where they cannot be known, leaves that service out
   */
  readonly manifests: (externalAddresses: readonly string[] | undefined) => readonly KubernetesObject[]
  /** Secrets the workloads mount. Their values are nowhere but in the cluster. */
  readonly secrets: readonly WantedSecret[]
  /** `undefined` where the spec turns it off. */
  readonly externalDatabase: PlannedDatabase | undefined
  /** Brokers of Kafka, which are for the life of a lab once it has them; `undefined` where the spec turns it off. */
  readonly kafkaBrokers: number | undefined
  /** Over what cannot change in place: two plans with the same digest can share a running cluster. */
  readonly topologyDigest: string
}

/** The database on a linux node. */
export interface PlannedDatabase {
  readonly container: string
  /** Where the password of the pods' role is. */
  readonly password: { readonly namespace: string; readonly name: string; readonly key: string }
}

/** Names of all the artifacts a lab is made of. */
export const neededArtifacts = ({ artifacts, linuxArtifacts }: Plan): string[] => [
  ...Object.values(artifacts),
  ...Object.values(linuxArtifacts),
]

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
  const labels = labLabels(spec)
  const remembered = memory<readonly KubernetesObject[]>()
  const kindConfig = renderKindConfig(topology, {
    etcdImageTag: versions.etcdImageTag,
    dnsImageTag: versions.coredns,
  })
  return {
    name: spec.name,
    topology,
    nodes: nodeNames(topology),
    artifacts,
    linuxArtifacts: linuxArtifacts(topology),
    kindConfig,
    containerlab: (nodeImage, linuxImages, nodesSubnet) =>
      renderContainerlab(topology, {
        ...{ nodeImage, linuxImages, kindConfigFile: KIND_CONFIG_FILE },
        ...(nodesSubnet === undefined ? {} : { nodesSubnet }),
      }),
    manifests: (addresses) => remembered(addresses, () => synthesised(workloadsApp(spec, addresses))),
    secrets: requiredSecrets(workloadsApp(spec, [])).map((secret) => ({ ...secret, labels })),
    externalDatabase: externalDatabase(spec),
    kafkaBrokers: spec.workloads.kafka.enabled ? spec.workloads.kafka.replicas : undefined,
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

/** The images of linux nodes that are this lab's own, each by the name of its artifact: `headless-lab/<artifact>`. */
function linuxArtifacts({ linuxNodes }: Topology): Record<string, string> {
  const own = Object.keys(workloadImages).map((artifact) => [`headless-lab/${artifact}`, artifact] as const)
  return Object.fromEntries(own.filter(([name]) => linuxNodes.some(({ image }) => image === name)))
}

function externalDatabase({ topology, workloads }: Spec): PlannedDatabase | undefined {
  if (!workloads.externalDatabase.enabled) return undefined
  return {
    container: linuxContainerName(topology, externalDatabaseNode),
    password: { namespace: DEFAULT_NAMESPACE, ...EXTERNAL_DATABASE_SECRET },
  }
}

/** Makes a value once for each key: one run asks several times for the same manifests. */
function memory<T>(): (key: readonly string[] | undefined, make: () => T) => T {
  const known = new Map<string, T>()
  return (key, make) => {
    const text = JSON.stringify(key ?? null)
    const value = known.get(text) ?? make()
    known.set(text, value)
    return value
  }
}
