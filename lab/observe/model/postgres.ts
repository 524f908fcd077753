import { databaseSets } from './databases.js'
import type { DatabaseKind, DatabaseSet } from './databases.js'
import type { Declared } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Part } from './observations.js'

export const POSTGRES: DatabaseKind = {
  port: 5432,
  portNames: ['postgresql', 'postgres'],
  passwordKeys: ['password', 'postgres-password', 'POSTGRES_PASSWORD'],
}

/** The declared StatefulSets that are taken for a Postgres. */
export function postgresSets(declared: Declared, lab: LabFacts): DatabaseSet[] {
  return databaseSets(declared, lab, POSTGRES)
}

/** What the servers of one StatefulSet said, each asked in its own pod. */
export interface PostgresSeen {
  /** By pod name. */
  readonly servers: Readonly<Record<string, Part<PostgresServerSeen>>>
  /** Whether a row might be written. */
  readonly mayWrite: boolean
}

export interface PostgresServerSeen {
  /** What stands where an answer should; absent when the server answered. */
  readonly error?: string
  /** `pg_is_in_recovery()`: a replica is. */
  readonly inRecovery?: boolean
  /** The replicas that stream from this server (`pg_stat_replication`). */
  readonly standbys?: readonly PostgresStandby[]
  /** Whom this server streams from (`pg_stat_wal_receiver`); null when from nobody. */
  readonly receiver?: { readonly status: string; readonly host: string } | null
  /** The names that commits wait for (`synchronous_standby_names`). */
  readonly synchronousNames?: string
  /** What Patroni was told, as it keeps it beside the data; null where there is no Patroni. */
  readonly patroni?: PatroniSettings | null
  /** Connections by name, made from the pod of a server that is no replica; absent from others. */
  readonly tour?: PostgresTour
}

export interface PostgresStandby {
  readonly name: string
  readonly address: string
  readonly state: string
  /** `sync`, `quorum`, `async` or `potential`. */
  readonly sync: string
}

export interface PatroniSettings {
  /** `true`, `false` or `quorum`. */
  readonly synchronousMode: string
  readonly synchronousNodes: number
}

export interface PostgresTour {
  /** By host name: a service's, or a pod's. */
  readonly hosts: Readonly<Record<string, PostgresHostSeen>>
  /** Absent where nothing might be written. */
  readonly write?: {
    /** The row's value; no other run writes the same. */
    readonly token: string
    /** The position in the log behind the row; absent when it was not written. */
    readonly lsn?: string
    readonly error?: string
    /** Whether the table is gone again. */
    readonly removed: boolean
  }
}

/** What came of connections to a host name. */
export interface PostgresHostSeen {
  /** Of each connection that was made: the address of the server, and whether it is a replica. */
  readonly reached: readonly { readonly address: string; readonly inRecovery: boolean }[]
  /** The row that was written before, where it was asked for and there. */
  readonly row?: string
  readonly error?: string
}
