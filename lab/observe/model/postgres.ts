/** To come. */
export interface PostgresSeen {
  readonly todo: string
}
