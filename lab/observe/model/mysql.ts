import { databaseSets } from './databases.js'
import type { DatabaseKind, DatabaseSet } from './databases.js'
import type { Declared } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Part } from './observations.js'

export const MYSQL: DatabaseKind = {
  port: 3306,
  portNames: ['mysql', 'mariadb'],
  passwordKeys: ['password', 'mysql-password', 'mariadb-password'],
}

/** Keys of Secrets that hold root's password. */
export const ROOT_PASSWORD_KEYS = ['root-password', 'mysql-root-password', 'mariadb-root-password']

/** The declared StatefulSets that are taken for a MySQL or MariaDB. */
export function mysqlSets(declared: Declared, lab: LabFacts): DatabaseSet[] {
  return databaseSets(declared, lab, MYSQL)
}

/** What the servers of one StatefulSet said, each asked in its own pod. */
export interface MysqlSeen {
  /** By pod name. */
  readonly servers: Readonly<Record<string, Part<MysqlServerSeen>>>
  /** Whether a row might be written. */
  readonly mayWrite: boolean
}

export interface MysqlServerSeen {
  /** What stands where an answer should; absent when the server answered. */
  readonly error?: string
  /** `@@version`: MariaDB's has that name in it. */
  readonly version?: string
  /** `@@global.read_only`. */
  readonly readOnly?: boolean
  /** What of `SHOW REPLICA STATUS` is judged; null where the server replicates from nobody. */
  readonly replication?: MysqlReplication | null
  /** Connections by name, made from the pod of a server that replicates from nobody; absent from others. */
  readonly tour?: MysqlTour
}

export interface MysqlReplication {
  readonly host: string
  /** Whether events are received: `Yes`, `No` or `Connecting`. */
  readonly receiving: string
  /** Whether events are applied: `Yes` or `No`. */
  readonly applying: string
  /** `Using_Gtid` of MariaDB; `Auto_Position` of MySQL. */
  readonly gtid: string
  readonly error: string
}

export interface MysqlTour {
  /** By host name: a service's, or a pod's. */
  readonly hosts: Readonly<Record<string, MysqlHostSeen>>
  /** The server's own position, after the write where there was one. */
  readonly position?: string
  /** Absent where nothing might be written. */
  readonly write?: {
    /** The row's value; no other run writes the same. */
    readonly token: string
    readonly error?: string
    /** Whether the table is gone again. */
    readonly removed: boolean
  }
}

/** What came of connections to a host name, as the ordinary user. */
export interface MysqlHostSeen {
  /** Host name of each server that answered: the name of its pod. */
  readonly reached: readonly string[]
  /** Whether the server had the primary's position within 3 seconds. */
  readonly caughtUp?: boolean
  /** The position that it had then. */
  readonly position?: string
  /** The row that was written before, where it was asked for and there. */
  readonly row?: string
  /** What came of a write that would have been rolled back; `accepted` when it was not refused. */
  readonly refused?: string
  readonly error?: string
}
