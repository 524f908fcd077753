import type { Looking, Parts } from '../looking.js'
import type { ExternalSeen } from '../model/external.js'

/** By `<namespace>/<Service>`. */
export function collectExternal(_looking: Looking): Promise<Parts<ExternalSeen>> {
  return Promise.resolve({})
}
