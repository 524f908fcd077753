/** To come. */
export interface KafkaSeen {
  readonly todo: string
}
