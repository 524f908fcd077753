import { collectIptables } from '../host.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import type { IptablesRule } from '../model/observations.js'

/** The rules of iptables on each node. In the other modes kube-proxy writes nothing there. */
export async function collectRules({
  collecting,
  engine,
  lab,
}: Looking): Promise<Parts<readonly IptablesRule[]>> {
  if (lab.kubeProxyMode !== 'iptables' || engine === undefined) return {}
  return byKey(
    lab.nodes,
    (node) => node,
    (node) => collectIptables(collecting, engine, node),
  )
}
