/** To come. */
export interface GrpcSeen {
  readonly todo: string
}
