import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node'
import type { Run } from '../../host/run.js'
import type { AccessSeen } from './access.js'
import type { LabFacts } from './lab.js'
import type { Observations } from './observations.js'

/** What is verified, and how it can be reached. */
export interface VerifyTarget {
  /** The cluster: a file, or a configuration that was loaded already. */
  readonly kubeconfig: string | KubeConfig
  /** What the cluster is. */
  readonly lab: LabFacts
  /** Every object the lab declares, as plain objects. What is checked is derived from them. */
  readonly declared: readonly KubernetesObject[]
  /** Absent where the nodes are not containers of this machine. */
  readonly engine?: EngineAccess
  /** The pods that ask DNS and Redis. Default: label `app=multitool` in namespace `default`. */
  readonly probe?: ProbePods
  /** Pods that see the network and the processes of their node, where people said they may be made. */
  readonly privilegedProbe?: ProbePods
  /** What a cluster that no lab made let be read and made; absent for a lab. */
  readonly access?: AccessSeen
  /** Whether packs may write what they remove again, a row or a key. Default: only to a lab. */
  readonly mayWrite?: boolean
}

/** How the machines under the cluster are looked at. */
export interface EngineAccess {
  /** The Docker command line. */
  readonly docker: string
  /** The containerlab binary. */
  readonly containerlab: string
  /**
   * The rendered containerlab topology. `containerlab inspect --name` finds nothing that kind made (those
   * containers carry kind's label only), the topology file does.
   */
  readonly topologyFile: string
  /** Runs a command on the host. Default: really runs it. */
  readonly run?: Run
}

/** Pods that are already there, one on each node, with dig and redis-cli: those with all labels, or by name. */
export type ProbePods = {
  /** Where they are. */
  readonly namespace: string
} & (
  | {
      /** All of these. */
      readonly labels: Readonly<Record<string, string>>
      /** Not beside labels. */
      readonly names?: never
    }
  | {
      /** The pods themselves. */
      readonly names: readonly string[]
      /** Not beside names. */
      readonly labels?: never
    }
)

export const defaultProbe: ProbePods = { namespace: 'default', labels: { app: 'multitool' } }

/** What a judge needs, and all of it: plain JSON, so that a saved file can be judged again later. */
export interface Recording {
  /** What the cluster is. */
  readonly lab: LabFacts
  /** What is declared in it. */
  readonly declared: readonly KubernetesObject[]
  /** What was seen of it. */
  readonly observations: Observations
}
