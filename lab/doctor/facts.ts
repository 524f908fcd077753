import type { Clash } from '../../topology/index.js'
import type { LabInEngine } from '../cluster/engine.js'
import type { DiskSpace } from '../host/disk.js'
import type { HostFacts, Tool } from '../host/requirements.js'

/** Why something could not be measured, and what to do about that. */
export interface Trouble {
  readonly why: string
  readonly fix: string
}

/** What the engine was asked; `undefined` where it was not, as none answers. */
export type Asked<T> = { readonly value: T } | { readonly trouble: Trouble } | undefined

/** What was measured on the host; judged by `findingsOf`. A part that could not be measured is `undefined`. */
export interface DoctorFacts {
  readonly isRoot: boolean
  readonly host: HostFacts | undefined
  /** What a deploy would build with. */
  readonly tools: readonly Tool[]
  readonly engine: Asked<EngineFacts>
  /** Whether the engine really starts a privileged container: its words where it refuses. */
  readonly privileged: Asked<'started' | { readonly refusal: string }>
  readonly cgroupVersion: 1 | 2
  /** Of the kernel, by the names of its configuration; `undefined` where nothing tells. */
  readonly features: readonly KernelFeature[]
  readonly inotify: InotifyFacts | undefined
  readonly disks: readonly DiskSpace[]
  /** Nodes that a deploy would make or start: what those take that run is taken already. */
  readonly nodesToMake: number
  /** Bytes. */
  readonly memory: { readonly available: number; readonly total: number }
  /** Of the lab's ranges with networks and routes that are there. */
  readonly clashes: Asked<readonly Clash[]>
  /** Those that the engine's own DNS server asks for the nodes. */
  readonly nameservers: readonly Nameserver[]
  /** Everything in the engine that carries a lab's label. */
  readonly labs: Asked<readonly LabInEngine[]>
  /** Whether a listener on loopback gets a port, as the API server needs one. */
  readonly freePort: boolean
}

/** As `docker info` tells it. */
export interface EngineFacts {
  readonly version: string
  readonly storageDriver: string
}

/** One thing that the kernel has to be able to do. */
export interface KernelFeature {
  /** As the kernel's configuration calls it, without `CONFIG_`. */
  readonly name: string
  readonly usedBy: string
  readonly there: boolean | undefined
  /** What to do where it is not. Default: to use another kernel. */
  readonly fix?: string
}

/** A name server of the host. */
export interface Nameserver {
  readonly address: string
  /** Whether it answers a question; `undefined` where it was not asked: only those on loopback are. */
  readonly answers: boolean | undefined
  /** The range of the lab that it lies in. */
  readonly within: LabRange | undefined
}

/** Addresses that a node looks for in the lab. */
export interface LabRange {
  readonly of: 'services' | 'pods' | 'nodes'
  readonly cidr: string
}

/** Of root, who runs everything in the nodes: the limits are for each user (inotify(7)). */
export interface InotifyFacts {
  readonly maxInstances: number
  readonly maxWatches: number
  /** Instances that root's processes have. */
  readonly instances: number
}
