import type { Looking, Parts } from '../looking.js'
import type { PostgresSeen } from '../model/postgres.js'

/** By `<namespace>/<StatefulSet>`. */
export function collectPostgres(_looking: Looking): Promise<Parts<PostgresSeen>> {
  return Promise.resolve({})
}
