import type { Clash } from '../../topology/index.js'
import type { LabInEngine } from '../cluster/engine.js'
import type { DiskSpace } from '../host/disk.js'
import type { HostFacts, Tool } from '../host/requirements.js'

/** What was measured on the host; judged by `findingsOf`. A part that could not be measured is `undefined`. */
export interface DoctorFacts {
  readonly isRoot: boolean
  readonly host: HostFacts | undefined
  /** What a deploy would build with. */
  readonly tools: readonly Tool[]
  readonly engine: EngineFacts | undefined
  /** Why an engine that is there cannot be asked, and what to do. */
  readonly engineTrouble?: { readonly why: string; readonly fix: string }
  /** Whether the engine really starts a privileged container: its words where it does not. */
  readonly privileged: 'started' | { readonly refusal: string } | undefined
  readonly cgroupVersion: 1 | 2
  /** Of the kernel, by the names of its configuration; `undefined` where nothing tells. */
  readonly features: readonly KernelFeature[]
  readonly inotify: InotifyFacts | undefined
  readonly disks: readonly DiskSpace[]
  /** Nodes that a deploy would make: what those take that run is taken already. */
  readonly nodesToMake: number
  /** Bytes. */
  readonly memory: { readonly available: number; readonly total: number }
  /** Of the lab's ranges with networks and routes that are there. */
  readonly clashes: readonly Clash[] | undefined
  /** Of /etc/resolv.conf. */
  readonly nameservers: readonly string[]
  /** Everything in the engine that carries a lab's label. */
  readonly labs: readonly LabInEngine[] | undefined
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
}

/** Of root, who runs everything in the nodes: the limits are for each user (inotify(7)). */
export interface InotifyFacts {
  readonly maxInstances: number
  readonly maxWatches: number
  /** Instances that root's processes have. */
  readonly instances: number
}
