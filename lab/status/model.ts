import type { VerifyResult } from '../report/model.js'
import type { FieldDrift } from '../cluster/drift.js'

/**
 * `absent`: nothing was made, or all of it is gone; `half-made`: a deploy or a teardown was cut off; `stopped`:
 * containers of it do not run, or are gone; `unreachable`: they run, and the API server does not answer; `running`: it answers.
 */
export type Phase = 'absent' | 'half-made' | 'stopped' | 'unreachable' | 'running'

/** How a lab is, compared with its plan. */
export interface LabStatus {
  readonly lab: string
  readonly phase: Phase
  /** Why it is not running, as one line. */
  readonly reason?: string
  /** Whether its containers were made from another folder: only commands there can tell more, or repair it. */
  readonly madeElsewhere?: boolean
  /** Of a lab that is stopped: whether start brings it back with what it holds. */
  readonly comesBack?: boolean
  readonly nodes: readonly NodeStatus[]
  readonly versions: { readonly kubernetes: string; readonly calico: string }
  /** Objects that are not as declared; `undefined` where they cannot be asked for. */
  readonly drift?: readonly ObjectDrift[]
  /** How many objects were compared. */
  readonly compared?: number
  readonly podsNotReady?: readonly PodNotReady[]
  readonly lastVerify?: { readonly at: string; readonly summary: VerifyResult['summary'] }
}

export interface NodeStatus {
  readonly name: string
  /** As Docker has it; `gone` where there is no such container. */
  readonly container: string
  /** Of a node of the cluster whose API server answers. */
  readonly ready?: boolean
  readonly kubelet?: string
}

export interface ObjectDrift {
  /** `Kind namespace/name`. */
  readonly object: string
  /** None where the object is not there at all, where what is declared was rejected, and where `why` tells. */
  readonly fields: readonly FieldDrift[]
  /** The API server's words, where it does not take what is declared: a field that cannot change in place. */
  readonly rejected?: string
  /** What to do about that. */
  readonly hint?: string
  /** What is wrong and what deploy does about it, where no field tells: a Secret, or what is not declared any more. */
  readonly why?: string
}

export interface PodNotReady {
  /** `namespace/name`. */
  readonly pod: string
  readonly reason: string
}

/** Whether there is nothing to repair. */
export function isAsDeclared({ phase, nodes, drift, podsNotReady }: LabStatus): boolean {
  return (
    phase === 'running' &&
    nodes.every(({ ready }) => ready !== false) &&
    drift?.length === 0 &&
    podsNotReady?.length === 0
  )
}
