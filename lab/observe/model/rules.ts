/** What kube-proxy keeps on a node in its nftables mode: the table `kube-proxy` of each address family. */
export interface NftablesSeen {
  /** Elements of the maps that lead the packets for an address and a port on. */
  readonly elements: readonly NftElement[]
  readonly rules: readonly NftRule[]
  /** Seconds that the sets remember a client for, by the name of the set. */
  readonly timeouts: Readonly<Record<string, number>>
}

export interface NftElement {
  /** `service-ips`, or `no-endpoint-services`. */
  readonly map: string
  readonly address: string
  /** In lower case. */
  readonly protocol: string
  readonly port: number
  /** The chain it leads to; `drop` where it leads nowhere. */
  readonly to: string
}

/** A rule, as far as it leads somewhere. */
export interface NftRule {
  readonly chain: string
  /** The destination it is for; absent where it is for any. */
  readonly address?: string
  /** The chains that it may go to. */
  readonly to: readonly string[]
  /** The sets of clients that it looks into. */
  readonly sets?: readonly string[]
  /** Where it sends the packet: `<address>:<port>`. */
  readonly dnat?: string
}

/** A virtual server of the kernel, which kube-proxy makes of each port of a virtual IP in its ipvs mode. */
export interface IpvsServer {
  readonly address: string
  /** In lower case. */
  readonly protocol: string
  readonly port: number
  /** How long it keeps a client at one of its servers; absent where it does not. */
  readonly persistent?: {
    readonly time: number
    /** The kernel's own list counts in ticks, of which a second has as many as the kernel was built with. */
    readonly unit: 'seconds' | 'ticks'
  }
  readonly servers: readonly IpvsRealServer[]
}

export interface IpvsRealServer {
  readonly address: string
  readonly port: number
  /** 0 where it gets no new connections. */
  readonly weight: number
}
