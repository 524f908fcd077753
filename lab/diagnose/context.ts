import type { LabState } from '../cluster/state.js'
import type { DoctorFacts } from '../doctor/facts.js'
import type { Finding } from '../doctor/finding.js'
import type { Run } from '../host/run.js'
import type { Plan } from '../plan/plan.js'
import type { Spec } from '../spec/index.js'
import type { LabStatus } from '../status/model.js'

/** What a lab is diagnosed with. */
export interface DiagnoseContext {
  readonly spec: Spec
  readonly plan: Plan
  readonly state: LabState
  /** The program's cache: artifacts and logs that belong to no lab. */
  readonly cache: string
  /** Of this program. */
  readonly version: string
  readonly run: Run
  readonly examine: (
    signal: AbortSignal,
  ) => Promise<{ readonly findings: readonly Finding[]; readonly facts: DoctorFacts }>
  readonly status: (signal: AbortSignal) => Promise<LabStatus>
}
