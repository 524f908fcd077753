import type { NftablesSeen } from '../../observe/model/rules.js'
import { byChain, common } from './vip-rule.js'
import type { NodeRules, VipRule } from './vip-rule.js'

/**
 * One map leads each address and port to the chain of its service, `service-<hash>-<namespace>/<name>/<protocol>/
 * <port name>`; another one those that have nothing behind them to a chain that refuses.
 */
export function nftablesRules({ elements, rules, timeouts }: NftablesSeen): NodeRules {
  const chains = byChain(rules)
  const inChain = (chain: string): NftablesSeen['rules'] => chains.get(chain) ?? []
  const vips = elements.map(({ map, address, protocol, port, to }): VipRule => {
    const service = serviceOf(to)
    const own = inChain(to)
    const endpoints = [...new Set(own.flatMap((rule) => rule.to))].filter((chain) =>
      chain.startsWith('endpoint-'),
    )
    const affinity = common(
      endpoints.map((chain) => {
        const [set] = own.flatMap(({ to: [only, ...more], sets = [] }) =>
          only === chain && more.length === 0 ? sets : [],
        )
        return set === undefined ? undefined : timeouts[set]
      }),
    )
    return {
      ...(service === undefined ? {} : { service }),
      ...{ address, protocol, port },
      refused: map === 'no-endpoint-services' && to === 'reject-chain',
      backends: endpoints.flatMap((chain) => inChain(chain).flatMap(({ dnat }) => dnat ?? [])).sort(),
      ...(affinity === undefined ? {} : { affinity }),
    }
  })
  return {
    vips,
    mentions: (service, addresses) => [
      ...elements
        .filter(({ address, to }) => addresses.has(address) || serviceOf(to) === service)
        .map(
          ({ map, address, protocol, port, to }) => `${map} { ${address} . ${protocol} . ${port} : ${to} }`,
        ),
      ...rules
        .filter(
          ({ chain, address }) =>
            serviceOf(chain) === service || (chain === 'services' && addresses.has(address ?? '')),
        )
        .map(({ chain, address, to, dnat }) =>
          [chain, address, ...to, dnat].filter((word) => word !== undefined).join(' '),
        ),
    ],
  }
}

function serviceOf(chain: string): string | undefined {
  return /^service-[^-]+-([^/]+\/[^/]+)\//.exec(chain)?.[1]
}
