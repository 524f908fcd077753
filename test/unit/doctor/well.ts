import type { DoctorFacts } from '../../../lab/doctor/facts.js'
import { debian12 } from '../host/facts.js'

/** A host on which nothing is wrong. */
export const well = {
  isRoot: true,
  host: { ...debian12, isRoot: true, engine: 'running', ip: true, dockerCli: true },
  tools: [],
  engine: { value: { version: '28.0', storageDriver: 'overlay2' } },
  privileged: { value: 'started' },
  cgroupVersion: 1,
  features: [{ name: 'IP_SET', usedBy: 'Calico', there: true }],
  inotify: { maxInstances: 128, maxWatches: 192_536, instances: 10 },
  nodesToMake: 3,
  disks: [{ folders: ['/var/lib/docker'], free: 60e9, needed: 10e9 }],
  memory: { available: 20e9, total: 24e9 },
  clashes: { value: [] },
  nameservers: [{ address: '192.0.2.53', answers: undefined, within: undefined }],
  labs: { value: [{ name: 'headless-services', running: 4, all: 4 }] },
  freePort: true,
} satisfies DoctorFacts
