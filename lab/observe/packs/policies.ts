import type { Looking, Parts } from '../looking.js'
import type { PolicySeen } from '../model/policies.js'

/** Whether allowed and refused traffic passes, by `<namespace>/<NetworkPolicy>`. */
export function collectPolicies(_looking: Looking): Promise<Parts<PolicySeen>> {
  return Promise.resolve({})
}
