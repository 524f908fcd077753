import { podsBehind } from '../observe/model/databases.js'
import type { DatabasePod, DatabaseService, DatabaseSet } from '../observe/model/databases.js'
import { nameOf, namespaceOf } from '../observe/model/declared.js'
import type { Pod } from '../observe/model/pods.js'
import type { Subject } from '../report/model.js'
import { Unobserved } from './check.js'
import type { Context, Outcome, Scope, World } from './check.js'
import { liveService } from './live.js'

/** One pod of a database. */
export interface DatabaseServer {
  readonly database: DatabaseSet
  readonly pod: DatabasePod
}

/** One service in front of a database. */
export interface ServedDatabase extends DatabaseService {
  readonly database: DatabaseSet
}

export function databaseScope(sets: (world: World) => readonly DatabaseSet[]): Scope<DatabaseSet> {
  return {
    items: sets,
    subject: ({ set }) => ({
      kind: set.kind ?? 'StatefulSet',
      namespace: namespaceOf(set),
      name: nameOf(set),
    }),
  }
}

export function serverScope(servers: (world: World) => readonly DatabaseServer[]): Scope<DatabaseServer> {
  return {
    items: servers,
    subject: ({ database, pod }) => ({ kind: 'Pod', namespace: database.namespace, name: pod.name }),
  }
}

export function servedScope(services: (world: World) => readonly ServedDatabase[]): Scope<ServedDatabase> {
  return { items: services, subject: ({ service }) => subjectOfService(service) }
}

function subjectOfService(service: DatabaseService['service']): Subject {
  return { kind: 'Service', namespace: namespaceOf(service), name: nameOf(service) }
}

/** What came of connections to a name: the pods that answered, and what stood in the way of others. */
export interface Reached {
  readonly pods: readonly string[]
  readonly error?: string
}

/** Passes when all connections came to pods that they may come to, and at least one did. */
export function landsOn(allowed: readonly string[], { pods, error }: Reached, source: string): Outcome {
  const reached = [...new Set(pods)].sort()
  if (reached.length === 0 && isLoginTrouble(error)) throw new Unobserved(`no log-in: ${error ?? ''}`)
  const right = reached.length > 0 && error === undefined && reached.every((pod) => allowed.includes(pod))
  return {
    verdict: right ? 'pass' : 'fail',
    expected: allowed.length === 1 ? [...allowed] : { 'one or more of': [...allowed].sort() },
    observed: error === undefined ? reached : { reached, error },
    source,
  }
}

/** The pods that a service may lead to, as they are labelled now. */
export function behind({ service }: DatabaseService, context: Context): string[] {
  return podsBehind(liveService(service, context), livePods(context))
}

export function livePods(context: Context): readonly Pod[] {
  return context.read(context.observations.api.pods)
}

/** Whether a server refused who asked, which says nothing of what was asked. */
export function isLoginTrouble(error: string | undefined): boolean {
  return /password|authentication|no pg_hba|role ".*" does not exist|access denied|is not allowed to connect|permission denied/i.test(
    error ?? '',
  )
}

export const NO_WRITING = 'nothing may be written to this cluster (--write lets it)'
