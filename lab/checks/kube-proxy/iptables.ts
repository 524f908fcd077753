import type { IptablesRule } from '../../observe/model/observations.js'
import { byChain, common } from './vip-rule.js'
import type { NodeRules, VipRule } from './vip-rule.js'

/**
 * The chain that every packet to a virtual IP goes through, in the nat table with pods behind it, in the filter
 * table without.
 */
const SERVICES = 'KUBE-SERVICES'

/** From there a packet goes to the chain of its service, and from that one to the chain of one of its endpoints. */
export function iptablesRules(rules: readonly IptablesRule[]): NodeRules {
  const chains = byChain(rules)
  const inChain = (chain: string | undefined): readonly IptablesRule[] => chains.get(chain ?? '') ?? []
  const vips = inChain(SERVICES).flatMap((rule): VipRule[] => {
    const { comment = '', destination = '', protocol = '', dport, jump } = rule
    const [, service] = /^([^\s:]+)(?::\S*)? (?:cluster IP|has no endpoints)$/.exec(comment) ?? []
    if (service === undefined) return []
    const refused = jump === 'REJECT'
    const own = refused ? [] : inChain(jump)
    const endpoints = [...new Set(own.flatMap(({ jump: to }) => (to?.startsWith('KUBE-SEP-') ? [to] : [])))]
    // kube-proxy leads nowhere from the chain of the service itself: who does so comes before its endpoints.
    const backends = [own, ...endpoints.map(inChain)].flatMap((chain) =>
      chain.flatMap((each) => after(each, 'to-destination')),
    )
    // A client that an endpoint has seen goes there again: asked first, before the dice are thrown.
    const times = endpoints.map((chain) => {
      const [seconds] = own.flatMap((each) => (each.jump === chain ? after(each, 'seconds') : []))
      return seconds === undefined ? undefined : Number(seconds)
    })
    const affinity = common(times)
    return [
      {
        ...{ service, address: destination.replace(/\/\d+$/, ''), protocol, port: Number(dport) },
        ...{ refused, backends: backends.sort() },
        ...(affinity === undefined ? {} : { affinity }),
      },
    ]
  })
  return {
    vips,
    mentions: (service, addresses) =>
      rules
        .filter(
          ({ chain, comment = '', destination = '' }) =>
            isOf(comment, service) ||
            (chain === SERVICES && addresses.has(destination.replace(/\/\d+$/, ''))),
        )
        .map(({ rule }) => rule),
  }
}

/** kube-proxy writes the service into the comment: `default/nginx-clusterip:http cluster IP`. */
function isOf(comment: string, service: string): boolean {
  return comment === service || comment.startsWith(`${service}:`) || comment.startsWith(`${service} `)
}

function after({ rule }: IptablesRule, option: string): string[] {
  const [, value] = new RegExp(` --${option} (\\S+)`).exec(rule) ?? []
  return value === undefined ? [] : [value]
}
