/** To come. */
export interface PolicySeen {
  readonly todo: string
}
