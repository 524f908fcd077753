import { coreDnsKilled } from './acts/coredns-killed.js'
import { failovers } from './acts/failover.js'
import { nodePaused } from './acts/node-paused.js'
import { notReady } from './acts/not-ready.js'
import { podDeleted } from './acts/pod-deleted.js'
import { scaled } from './acts/scaled.js'
import type { Scenario } from './scenario.js'

/** Every scenario there is, those that disturb least first. */
export const scenarios: readonly Scenario[] = [
  podDeleted,
  scaled,
  notReady,
  coreDnsKilled,
  ...failovers,
  nodePaused,
]
