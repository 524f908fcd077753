/** To come. */
export interface ExternalSeen {
  readonly todo: string
}
