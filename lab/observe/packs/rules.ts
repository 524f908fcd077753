import { collect } from '../collect.js'
import { parseIptables } from '../iptables.js'
import { parseIpvsadm, parseIpvsProc } from '../ipvs.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import type { LabFacts } from '../model/lab.js'
import type { IptablesRule } from '../model/observations.js'
import type { IpvsServer, NftablesSeen } from '../model/rules.js'
import { mergeNftables, parseNftables } from '../nftables.js'
import { nodeTools, runOnNode } from '../node-tools.js'
import { NODE_MS } from '../deadlines.js'

/** The rules of iptables on each node. In the other modes kube-proxy writes nothing there. */
export function collectRules(looking: Looking): Promise<Parts<readonly IptablesRule[]>> {
  const saves = perFamily(looking.lab, 'iptables-save', 'ip6tables-save').map((save) => [save])
  return onEachNode(looking, 'iptables', saves, (outputs) => outputs.flatMap(parseIptables))
}

/** kube-proxy's own tables of nftables on each node. */
export function collectNftables(looking: Looking): Promise<Parts<NftablesSeen>> {
  const families = perFamily(looking.lab, 'ip', 'ip6')
  const lists = families.map((family) => ['nft', '-j', 'list', 'table', family, 'kube-proxy'])
  return onEachNode(looking, 'nftables', lists, (outputs) => mergeNftables(outputs.map(parseNftables)))
}

/** The virtual servers in the kernel of each node. ipvsadm knows the times in seconds, but is seldom there. */
export function collectIpvs(looking: Looking): Promise<Parts<readonly IpvsServer[]>> {
  const script = 'if command -v ipvsadm > /dev/null; then ipvsadm -Sn; else cat /proc/net/ip_vs; fi'
  return onEachNode(looking, 'ipvs', [['sh', '-c', script]], ([output = '']) =>
    output.startsWith('IP Virtual Server') ? parseIpvsProc(output) : parseIpvsadm(output),
  )
}

/** Nothing where kube-proxy works in another mode. */
async function onEachNode<T>(
  looking: Looking,
  mode: LabFacts['kubeProxyMode'],
  commands: readonly (readonly string[])[],
  parse: (outputs: readonly string[]) => T,
): Promise<Parts<T>> {
  const { collecting, engine, lab } = looking
  if (lab.kubeProxyMode !== mode) return {}
  const tools = nodeTools(looking)
  const said = commands.map((command) => command.join(' ')).join('; ')
  return byKey(
    lab.nodes,
    (node) => node,
    (node) => {
      const source = engine === undefined ? `${said} on ${node}` : `docker exec ${node} ${said}`
      return collect(collecting, { name: `${mode}.${node}`, source, deadlineMs: NODE_MS }, async (signal) =>
        parse(await Promise.all(commands.map((command) => runOnNode(tools, node, command, signal)))),
      )
    },
  )
}

function perFamily(lab: LabFacts, ipv4: string, ipv6: string): string[] {
  return lab.ipFamilies.map((family) => (family === 4 ? ipv4 : ipv6))
}
