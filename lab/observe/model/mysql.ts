/** To come. */
export interface MysqlSeen {
  readonly todo: string
}
