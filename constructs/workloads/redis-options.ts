/** Port of Redis. */
export const REDIS_PORT = 6379

/** Port of Sentinel. */
export const SENTINEL_PORT = 26379

/** The working directory of the server: the volume's, or one that lives as long as the pod. */
export const DATA_DIR = '/data'

/** Where the server's files of the append-only log are, once it has made them. */
export const LOG_DIR = `${DATA_DIR}/appendonlydir`

/** What Sentinel knows, in the form of its configuration: it rewrites the file whenever that changes. */
export const SENTINEL_STATE = `${DATA_DIR}/sentinel/sentinel.conf`

/** Where the Secret is mounted: each key a file of its name. */
export const SECRET_DIR = '/etc/redis-auth'

/** A directory in memory, for what the start script writes. */
export const RUN_DIR = '/run/redis'

/** The part of the server's configuration that holds passwords, written when it starts. */
export const SECRET_CONFIG = `${RUN_DIR}/redis.conf`

/** What the options of the server depend on. */
export interface ServerTraits {
  /** How much data the server holds, in MiB. */
  readonly memoryMiB: number
  /** Whether {@link DATA_DIR} is a volume that outlives the pod. */
  readonly volume: boolean
  /** Whether Sentinel may make another pod master. */
  readonly sentinel: boolean
}

/** Options of redis-server, in the place of a configuration file. */
export function serverOptions({ memoryMiB, volume, sentinel }: ServerTraits): string[] {
  return [
    ['--port', String(REDIS_PORT)],
    // All addresses; IPv6 where there is any.
    ['--bind', '*', '-::*'],
    // Without a password protected mode answers only on loopback.
    ['--protected-mode', 'no'],
    ['--dir', DATA_DIR],
    // What a volume keeps is the append-only log. Without one nothing is kept on disk (document 001).
    ['--save', ''],
    ['--appendonly', volume ? 'yes' : 'no'],
    // Full: refuse writes, rather than be killed at the memory limit (a sync may double what is held).
    ['--maxmemory', `${memoryMiB}mb`],
    // The first sync goes from memory to memory and begins at once, not after waiting 5 seconds for more replicas.
    ['--repl-diskless-sync', 'yes'],
    ['--repl-diskless-sync-delay', '0'],
    ['--repl-diskless-load', 'on-empty-db'],
    // A replica that connects to the address the master had a moment ago gives up after 10 seconds, not 60.
    ['--repl-timeout', '10'],
    ['--repl-ping-replica-period', '2'],
    // A master that was cut off, and another chosen, loses what it was told since: so it takes no writes alone.
    ...(sentinel
      ? [
          ['--min-replicas-to-write', '1'],
          ['--min-replicas-max-lag', '10'],
        ]
      : []),
  ].flat()
}
