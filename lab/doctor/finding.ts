/** `unknown`: it could not be measured. */
export type DoctorVerdict = 'ok' | 'warn' | 'fail' | 'unknown'

/** One thing that makes labs fail, as it is on this host. */
export interface Finding {
  /** Stable: scripts and tests name it. */
  readonly id: string
  /** What was looked at. */
  readonly title: string
  readonly verdict: DoctorVerdict
  /** What was measured. */
  readonly value: string
  /** What to do where it is not ok. */
  readonly fix?: string
  /** What `--fix` does about it: only what is safe, and gone with the next start of the host. */
  readonly repair?: Repair
}

export type Repair =
  | { readonly kind: 'start-engine' }
  | { readonly kind: 'sysctl'; readonly key: string; readonly value: number }
