/** To come. */
export interface ReachSeen {
  readonly todo: string
}
