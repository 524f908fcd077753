import type { IpvsServer } from '../../observe/model/rules.js'
import { ruleText, socket } from './vip-rule.js'
import type { NodeRules } from './vip-rule.js'

/** Each port of a virtual IP is a virtual server. The kernel itself refuses where one has no real servers. */
export function ipvsRules(servers: readonly IpvsServer[]): NodeRules {
  const vips = servers.map(({ address, protocol, port, persistent, servers: real }) => {
    // One that goes away gets no new connections: it stays without weight until the old ones have ended.
    const backends = real.filter(({ weight }) => weight > 0).map((each) => socket(each.address, each.port))
    return {
      ...{ address, protocol, port, refused: backends.length === 0, backends: backends.sort() },
      ...(persistent === undefined ? {} : { affinity: persistent }),
    }
  })
  return {
    vips,
    // The kernel knows no names.
    mentions: (_, addresses) => vips.filter(({ address }) => addresses.has(address)).map(ruleText),
  }
}
