import type { V1Node } from '@kubernetes/client-node'
import type { Part } from './observations.js'
import type { Plain } from './plain.js'
import { isIn } from './policies.js'
import { parseCidr } from '../../../topology/cidr.js'

/** Where Calico's own pods are: with its manifests, and with its operator. */
export const calicoNamespaces = ['kube-system', 'calico-system']
export const calicoNodeLabel = 'k8s-app=calico-node'

/** An IP pool. */
export interface CalicoPool {
  readonly metadata?: { readonly name?: string }
  readonly spec: {
    readonly cidr: string
    readonly blockSize?: number
    readonly ipipMode?: string
    readonly vxlanMode?: string
    readonly natOutgoing?: boolean
    readonly nodeSelector?: string
    readonly disabled?: boolean
  }
}

/** That a block of addresses belongs to a node. */
export interface BlockAffinity {
  readonly spec: {
    readonly cidr: string
    readonly node: string
    readonly state?: string
    /** A truth value in words. */
    readonly deleted?: string
  }
}

/** A block of addresses, and whose each of them is. */
export interface IpamBlock {
  readonly spec: {
    readonly cidr: string
    /** `host:<node>`; absent where no node owns it. */
    readonly affinity?: string
    /** For each address of the block an index into the attributes, or null. */
    readonly allocations: readonly (number | null)[]
    readonly attributes: readonly {
      readonly handle_id?: string
      readonly secondary?: Readonly<Record<string, string>>
    }[]
    /** Whether it was given back. */
    readonly deleted?: boolean
  }
}

/** What was seen of Calico on one node. */
export interface CalicoSeen {
  /** The node's routing table. */
  readonly routes: Part<readonly Route[]>
  /** What came of connections from the node's probe pod to pods here and on each other node. */
  readonly paths: Part<readonly PathSeen[]>
  /** Packets of such a connection on the wire; absent where no pool has all traffic go through VXLAN. */
  readonly wire?: Part<WireSeen>
}

/** A route as `ip -j route` prints it. */
export interface Route {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  /** `blackhole` for a block's own range, of which single addresses have their routes. */
  readonly type?: string
  readonly prefsrc?: string
}

/** What came of a connection to a pod. */
export interface PathSeen {
  /** The node of the pod. */
  readonly node: string
  /** `<namespace>/<pod>`. */
  readonly pod: string
  readonly ip: string
  readonly port: number
  /** `open`, or how it was not. */
  readonly outcome: string
}

/** What was on the wire while a pod of one node connected to one of another. */
export interface WireSeen {
  readonly pod: string
  readonly node: string
  /** Addresses of the two pods. */
  readonly inner: readonly [from: string, to: string]
  /** The packets between the pods, each by the addresses of its outermost header. */
  readonly packets: readonly { readonly vxlan: boolean; readonly from: string; readonly to: string }[]
}

/** The blocks that belong to a node. */
export function blocksOf(node: string, affinities: readonly BlockAffinity[]): string[] {
  return liveAffinities(affinities)
    .filter(({ spec }) => spec.node === node)
    .map(({ spec }) => spec.cidr)
    .sort()
}

/** Those that hold: one that is still asked for, or is being given back, does not. */
export function liveAffinities(affinities: readonly BlockAffinity[]): BlockAffinity[] {
  return affinities.filter(
    ({ spec }) => spec.deleted !== 'true' && (spec.state ?? 'confirmed') === 'confirmed',
  )
}

/** The pool that a block or an address is of. */
export function poolOf(cidr: string, pools: readonly CalicoPool[]): CalicoPool | undefined {
  const [address = ''] = cidr.split('/')
  return pools.find(({ spec }) => isIn(address, spec.cidr))
}

export type Encapsulated = 'VXLAN' | 'VXLANCrossSubnet' | 'IPIP' | 'IPIPCrossSubnet' | 'None'

export function encapsulationOf({
  spec: { vxlanMode = 'Never', ipipMode = 'Never' },
}: CalicoPool): Encapsulated {
  if (vxlanMode !== 'Never') return vxlanMode === 'CrossSubnet' ? 'VXLANCrossSubnet' : 'VXLAN'
  if (ipipMode !== 'Never') return ipipMode === 'CrossSubnet' ? 'IPIPCrossSubnet' : 'IPIP'
  return 'None'
}

/** What a node says of itself to Calico. */
export interface CalicoNode {
  /** Its address with the length of its subnet. */
  readonly address: string | undefined
  /** Address of its end of the tunnels. */
  readonly tunnel: string | undefined
}

export function calicoNode(node: Plain<V1Node> | undefined, family: 4 | 6): CalicoNode {
  const notes = node?.metadata?.annotations ?? {}
  return {
    address: notes[`projectcalico.org/IPv${String(family)}Address`],
    tunnel: notes[`projectcalico.org/IPv${String(family)}VXLANTunnelAddr`],
  }
}

export function familyOf(cidr: string): 4 | 6 {
  return cidr.includes(':') ? 6 : 4
}

/** The pod that an address is given to, and where: `<namespace>/<pod>` and its node. */
export interface Allocation {
  readonly pod: string
  readonly node: string | undefined
}

/** Whose an address of a block is; undefined where it is nobody's, or no pod's. */
export function allocationOf(ip: string, blocks: readonly IpamBlock[]): Allocation | undefined {
  const block = blocks.find(({ spec }) => isIn(ip, spec.cidr))
  const index = block === undefined ? undefined : ordinalIn(block.spec.cidr, ip)
  const attribute = index === undefined ? undefined : block?.spec.allocations[index]
  const { namespace, pod, node } = block?.spec.attributes[attribute ?? -1]?.secondary ?? {}
  return namespace === undefined || pod === undefined ? undefined : { pod: `${namespace}/${pod}`, node }
}

function ordinalIn(cidr: string, ip: string): number | undefined {
  const range = parseCidr(cidr)
  const address = parseCidr(`${ip}/${ip.includes(':') ? '128' : '32'}`)
  return range === undefined || address === undefined ? undefined : Number(address.address - range.address)
}
