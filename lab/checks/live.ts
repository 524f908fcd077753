import { keyOf } from '../observe/model/declared.js'
import type { Service, Workload } from '../observe/model/declared.js'
import type { Plain } from '../observe/model/plain.js'
import { isLive, podsOfWorkload } from '../observe/model/pods.js'
import type { Pod } from '../observe/model/pods.js'
import { Unobserved } from './check.js'
import type { Context } from './check.js'

/** The declared object as the cluster has it; undefined when it has none. */
export function liveOf<T extends { readonly metadata?: Plain<{ name?: string; namespace?: string }> }>(
  declared: T,
  seen: readonly T[],
): T | undefined {
  return seen.find((object) => keyOf(object) === keyOf(declared))
}

/** The service as the cluster has it. Without it nothing can be said of it: its absence is `services.exists`' to tell. */
export function liveService(service: Service, context: Context): Service {
  const live = liveOf(service, context.read(context.observations.api.services))
  if (live === undefined)
    throw new Unobserved(`service ${keyOf(service)} is not on the cluster (see services.exists)`)
  return live
}

/** The pods of a workload that have not ended. */
export function podsOf(workload: Workload, context: Context): Pod[] {
  return podsOfWorkload(context.read(context.observations.api.pods), workload).filter(isLive)
}
