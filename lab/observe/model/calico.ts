/** To come. */
export interface CalicoSeen {
  readonly todo: string
}
