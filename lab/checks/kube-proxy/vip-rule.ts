/** What a node does with the packets for one port of a virtual IP, said in the same way for every mode of kube-proxy. */
export interface VipRule {
  /** The service it is for, where the node's rules say so: `<namespace>/<name>`. */
  readonly service?: string
  readonly address: string
  /** In lower case. */
  readonly protocol: string
  readonly port: number
  /** Whether it refuses, since nothing is behind it. */
  readonly refused: boolean
  /** Where it leads: `<address>:<port>`, sorted. */
  readonly backends: readonly string[]
  /** How long a client stays at one of these; absent where it does not. */
  readonly affinity?: Affinity
}

/** `ticks`: of which a second has as many as the kernel was built with. `some`: not at every backend, or not alike. */
export type Affinity =
  | { readonly time: number; readonly unit: 'seconds' | 'ticks' }
  | { readonly time: 'some'; readonly unit?: never }

/** The rules of a node. */
export interface NodeRules {
  readonly vips: readonly VipRule[]
  /** What the node's rules have that names one of the services or catches one of the addresses, as text. */
  readonly mentions: (service: string, addresses: ReadonlySet<string>) => string[]
}

export function socket(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `<address>/<length> <protocol> <port>`, and `REJECT` where it refuses. */
export function ruleText({ address, protocol, port, refused }: Omit<VipRule, 'backends'>): string {
  const length = address.includes(':') ? 128 : 32
  return `${address}/${length} ${protocol} ${port}${refused ? ' REJECT' : ''}`
}

/** The affinity that all have; that of none; or that they differ. */
export function common(times: readonly (number | undefined)[]): Affinity | undefined {
  const [first] = times
  if (times.some((time) => time !== first)) return { time: 'some' }
  return first === undefined ? undefined : { time: first, unit: 'seconds' }
}

/** The rules of each chain. */
export function byChain<Rule extends { readonly chain: string }>(
  rules: readonly Rule[],
): Map<string, Rule[]> {
  const chains = new Map<string, Rule[]>()
  for (const rule of rules) {
    const own = chains.get(rule.chain)
    if (own === undefined) chains.set(rule.chain, [rule])
    else own.push(rule)
  }
  return chains
}
