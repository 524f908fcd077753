import type {
  V1DaemonSet,
  V1Deployment,
  V1Namespace,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Service,
  V1StatefulSet,
  V1EndpointSlice,
} from '@kubernetes/client-node'
import type { BlockAffinity, CalicoPool, CalicoSeen, IpamBlock } from './calico.js'
import type { AccessSeen } from './access.js'
import type { ExternalSeen } from './external.js'
import type { GrpcSeen } from './grpc.js'
import type { KafkaSeen } from './kafka.js'
import type { MysqlSeen } from './mysql.js'
import type { NetworkPolicy, PolicySeen } from './policies.js'
import type { PostgresSeen } from './postgres.js'
import type { ReachSeen } from './reach.js'
import type { IpvsServer, NftablesSeen } from './rules.js'
import type { TrafficSeen } from './traffic.js'
import type { Plain } from './plain.js'

/**
 * One part of what was observed: its value, or why there is none. A part that failed makes only the checks
 * that read it inconclusive.
 */
export type Part<T> = PartSeen<T> | PartMissing

/** What was seen. */
export interface PartSeen<T> {
  /** Plain JSON. */
  readonly value: T
  /** Where it was seen: a command, or an API request. */
  readonly source: string
  /** How long it took. */
  readonly durationMs: number
}

/** What could not be seen. */
export interface PartMissing {
  /** Why it could not be observed, as one line. */
  readonly error: string
  /** Where it was looked for. */
  readonly source: string
  /** How long it was tried. */
  readonly durationMs: number
}

/** Everything one round of observation saw. Plain JSON: it can be saved, changed and judged again. */
export interface Observations extends PackObservations {
  /** RFC 3339, UTC. */
  readonly at: string
  /** What the API server lists. */
  readonly api: ApiObservations
  /** The machines under the nodes of a lab. */
  readonly containers: ContainerObservations
  /** Namespace of the probe pods, which short names are said from. */
  readonly probeNamespace: string
  /** What a cluster that no lab made let be read and made; absent of a lab. */
  readonly access?: AccessSeen
}

/** Names what a collector sees. */
export type Pack = keyof PackObservations

/** What the collectors of the packs saw, each under its own name; nothing of those that were not asked for. */
export interface PackObservations {
  /** By node: what the node's probe pod was answered. */
  readonly dns: Readonly<Record<string, Part<readonly DnsAnswer[]>>>
  /** By `<namespace>/<StatefulSet>`. */
  readonly redis: Readonly<Record<string, Part<RedisSeen>>>
  /** By `<namespace>/<pod>/<init container>`: its log. */
  readonly initLogs: Readonly<Record<string, Part<string>>>
  /** By node: the rules of iptables that services are made of. */
  readonly iptables: Readonly<Record<string, Part<readonly IptablesRule[]>>>
  /** By node: what kube-proxy keeps in its nftables mode. */
  readonly nftables: Readonly<Record<string, Part<NftablesSeen>>>
  /** By node: the virtual servers of kube-proxy's ipvs mode. */
  readonly ipvs: Readonly<Record<string, Part<readonly IpvsServer[]>>>
  /** By `<namespace>/<Service>`: where connections to its virtual IP went. */
  readonly traffic: Readonly<Record<string, Part<TrafficSeen>>>
  /** What Calico keeps in the cluster and on the nodes, by node. */
  readonly calico: Readonly<Record<string, CalicoSeen>>
  /** Whether allowed and refused traffic passes, by `<namespace>/<NetworkPolicy>`. */
  readonly policies: Readonly<Record<string, Part<PolicySeen>>>
  /** What came of connections from the probe pod of each node, by node. */
  readonly reach: Readonly<Record<string, Part<readonly ReachSeen[]>>>
  /** By `<namespace>/<StatefulSet>`. */
  readonly postgres: Readonly<Record<string, Part<PostgresSeen>>>
  /** By `<namespace>/<StatefulSet>`. */
  readonly kafka: Readonly<Record<string, Part<KafkaSeen>>>
  /** By `<namespace>/<StatefulSet>`. */
  readonly mysql: Readonly<Record<string, Part<MysqlSeen>>>
  /** By `<namespace>/<Deployment>` of the client. */
  readonly grpc: Readonly<Record<string, Part<GrpcSeen>>>
  /** By `<namespace>/<Service>`. */
  readonly external: Readonly<Record<string, Part<ExternalSeen>>>
}

/** Lists of the API, of the namespaces that something is declared in. */
export interface ApiObservations {
  readonly services: Part<readonly Plain<V1Service>[]>
  readonly endpointSlices: Part<readonly Plain<V1EndpointSlice>[]>
  readonly pods: Part<readonly Plain<V1Pod>[]>
  readonly statefulSets: Part<readonly Plain<V1StatefulSet>[]>
  readonly deployments: Part<readonly Plain<V1Deployment>[]>
  readonly daemonSets: Part<readonly Plain<V1DaemonSet>[]>
  readonly persistentVolumeClaims: Part<readonly Plain<V1PersistentVolumeClaim>[]>
  readonly nodes: Part<readonly Plain<V1Node>[]>
  /** The configuration of the cluster's DNS server. */
  readonly corefile: Part<string>
  readonly namespaces: Part<readonly Plain<V1Namespace>[]>
  readonly networkPolicies: Part<readonly NetworkPolicy[]>
  /** Of Calico's resources: null where the cluster does not know the kind, so that Calico keeps nothing in it. */
  readonly ipPools: Part<readonly CalicoPool[] | null>
  readonly blockAffinities: Part<readonly BlockAffinity[] | null>
  readonly ipamBlocks: Part<readonly IpamBlock[] | null>
  /** The pods of Calico's own DaemonSet, in whichever of its namespaces. */
  readonly calicoPods: Part<readonly Plain<V1Pod>[]>
}

export interface ContainerObservations {
  /** What `containerlab inspect` lists for the lab's topology. */
  readonly containerlab: Part<readonly ContainerSeen[]>
  /** The engine's containers that carry kind's label with the cluster's name. */
  readonly kind: Part<readonly ContainerSeen[]>
}

export interface ContainerSeen {
  readonly name: string
  /** As the engine says it: `running`, `exited`, `paused`. */
  readonly state: string
  /** containerlab's kind of node; what kind made is `k8s-kind`. */
  readonly kind?: string
}

/** A question to the DNS server, as the probe pod's resolver puts it. */
export interface DnsQuestion {
  /** Absolute without its last dot, or a short name when `search` is set. */
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'SRV' | 'PTR' | 'CNAME'
  /** Complete the name with the search path of the pod, as a program in it would. */
  readonly search: boolean
  /**
   * Over TCP only, or in one UDP message without EDNS. Default: as resolvers do, over UDP and again over TCP where
   * the answer was cut off.
   */
  readonly by?: 'tcp' | 'udp-512'
}

export interface DnsAnswer {
  readonly question: DnsQuestion
  /** The response code (`NOERROR`, `NXDOMAIN`, …), or `TIMEOUT` when no response came. */
  readonly status: string
  readonly records: readonly DnsRecord[]
  /** Address of the server that answered; empty when none did. */
  readonly server: string
  /** Set where the server said that not everything fitted (TC). */
  readonly truncated?: true
}

export interface DnsRecord {
  /** Owner name, without its last dot. */
  readonly name: string
  readonly ttl: number
  readonly type: string
  /** An address, or the fields of the record separated by one space. */
  readonly data: string
}

/** What the Redis servers of one StatefulSet answered, all asked from one pod. */
export interface RedisSeen {
  /** The value that was written; no other run writes the same. */
  readonly token: string
  /** By pod name. */
  readonly servers: Readonly<Record<string, RedisServerSeen>>
  readonly write: {
    /** Answer of the master to the write. */
    readonly set: string
    /** How many replicas acknowledged it in time (WAIT). */
    readonly acknowledged: string
    /** The master's position right after that (`master_repl_offset`). */
    readonly offset?: string
    /** Answer of the master when the key was deleted again. */
    readonly removed: string
  }
  /** Set where nothing might be written, so that nothing was. */
  readonly readOnly?: boolean
}

/** Answers as redis-cli prints them; absent where the server did not answer PING. */
export interface RedisServerSeen {
  readonly ping: string
  /** Fields of `INFO replication`. */
  readonly replication?: Readonly<Record<string, string>>
  /** What a replica gives for the key that was written on the master. */
  readonly read?: string
  /** The position of a replica after the write, as soon as it was the master's, or after 2 seconds; absent where it was not told. */
  readonly offset?: string
  /** A replica's answer to a write of its own. */
  readonly write?: string
  /** The masters that the Sentinel beside the server knows, each with the fields of `SENTINEL MASTERS`. */
  readonly sentinel?: RedisSentinelSeen
}

export interface RedisSentinelSeen {
  readonly masters: readonly Readonly<Record<string, string>>[]
  /** What stands where an answer should. */
  readonly error?: string
}

/** A rule of a node: of its nat table, or of kube-proxy's chain in the filter table. */
export interface IptablesRule {
  readonly table: 'nat' | 'filter'
  readonly chain: string
  /** The rule as iptables-save prints it. */
  readonly rule: string
  readonly comment?: string
  readonly destination?: string
  readonly protocol?: string
  readonly dport?: string
  readonly jump?: string
}
