import type { Looking, Parts } from '../looking.js'
import type { CalicoSeen } from '../model/calico.js'

/** What Calico keeps in the cluster and on the nodes, by node. */
export function collectCalico(_looking: Looking): Promise<Parts<CalicoSeen>> {
  return Promise.resolve({})
}
