import { isIPv6 } from 'node:net'
import { families, nodesNetwork } from '../../topology/index.js'
import type { Engine } from '../cluster/engine.js'
import type { Plan } from '../plan/plan.js'

/** Where pods reach the external database: its addresses on the nodes' network, of the families the lab has. */
export async function externalAddresses(
  { externalDatabase, topology }: Pick<Plan, 'externalDatabase' | 'topology'>,
  engine: Pick<Engine, 'addresses'>,
): Promise<string[]> {
  if (externalDatabase === undefined) return []
  const addresses = await engine.addresses(externalDatabase.container, nodesNetwork)
  return addresses.filter((address) => families(topology.ipFamily).includes(isIPv6(address) ? 6 : 4))
}
