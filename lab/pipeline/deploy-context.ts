import type { ArtifactSource, Pending } from '../artifacts/artifact.js'
import type { HostEntries } from '../cluster/host-entries.js'
import type { Kube } from '../cluster/kube.js'
import type { LabOwner } from '../cluster/lab-owner.js'
import type { LabState } from '../cluster/state.js'
import type { DiskNeed } from '../host/disk.js'
import type { Run } from '../host/run.js'
import type { Plan } from '../plan/plan.js'

/** What the pipeline asks of a cluster. */
export type ClusterApi = Pick<
  Kube,
  | 'apply'
  | 'drift'
  | 'has'
  | 'selected'
  | 'remove'
  | 'secretLacks'
  | 'ensureSecret'
  | 'secretValue'
  | 'unreachable'
  | 'nodesNotReady'
  | 'podsOfBefore'
  | 'notRolledOut'
  | 'explain'
>

/** What the steps of a deploy are given. */
export interface DeployContext {
  readonly plan: Plan
  readonly state: LabState
  readonly owner: LabOwner
  readonly artifacts: ArtifactSource
  /** What the survey found missing. */
  readonly pending: readonly Pending[]
  /** Space that providing those takes, beside the engine's. */
  readonly diskToBuild: readonly DiskNeed[]
  readonly run: Run
  /** Opens the API server that a kubeconfig points at; what it is asked ends with the signal. */
  readonly connect: (kubeconfig: string, signal: AbortSignal) => ClusterApi
  readonly hostEntries: HostEntries
  /** Whether nodes that cannot be brought back are an error, and not made anew. Default: false. */
  readonly onlyBringBack?: boolean
  /** Told what people should know and is no progress. */
  readonly warn: (line: string) => void
  /** Effects made: 0 after a run that changed nothing. */
  changes: number
}

/** Counts an effect on the lab. What was verified before it is no longer: its result is forgotten. */
export async function changed(context: DeployContext): Promise<void> {
  context.changes++
  await context.state.forgetResult()
}
