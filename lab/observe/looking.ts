import type { KubeConfig } from '@kubernetes/client-node'
import type { Collecting } from './collect.js'
import type { Connect } from './connect.js'
import type { ExecTarget, PodExec } from './exec.js'
import type { Declared } from './model/declared.js'
import type { LabFacts } from './model/lab.js'
import type { ApiObservations, Part, PartMissing } from './model/observations.js'
import type { Pod } from './model/pods.js'
import type { EngineAccess } from './model/target.js'

/** What the collector of a pack looks with, once the lists of the API are there. */
export interface Looking {
  readonly collecting: Collecting
  readonly kubeconfig: KubeConfig
  readonly exec: PodExec
  readonly connect: Connect
  readonly lab: LabFacts
  readonly declared: Declared
  readonly api: ApiObservations
  /** The pods of all namespaces that are looked at; none where they are not known. */
  readonly pods: readonly Pod[]
  /** Why the pods are not known; `undefined` where they are. */
  readonly unlisted: PartMissing | undefined
  /** The probe pod of each node that has a ready one. */
  readonly probes: ReadonlyMap<string, ExecTarget>
  /** The privileged probe pod of each node that has a ready one, where such were asked for: with the host's network and processes. */
  readonly privilegedProbes?: ReadonlyMap<string, ExecTarget>
  /** Namespace of the probe pods. */
  readonly probeNamespace: string
  /** `undefined` where the nodes are not containers of this machine. */
  readonly engine: EngineAccess | undefined
  /** Whether something may be written to what is looked at: on clusters of others only where they say so. */
  readonly mayWrite: boolean
}

/** Parts by the key of what they are of: a node, `<namespace>/<name>`, … */
export type Parts<T> = Readonly<Record<string, Part<T>>>

/** Effects in parallel, their results by the key of what they are of. */
export async function byKey<Item, Result>(
  items: readonly Item[],
  key: (item: Item) => string,
  effect: (item: Item) => Promise<Result>,
): Promise<Record<string, Result>> {
  return Object.fromEntries(
    await Promise.all(items.map(async (item) => [key(item), await effect(item)] as const)),
  )
}
