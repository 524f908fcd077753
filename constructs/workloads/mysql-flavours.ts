/** Where things are in the containers; the official images and the lab's own can have all of it mounted. */
export const DATA_DIR = '/data'
/** A directory in memory: what is written there holds passwords. */
export const RUN_DIR = '/run/mysqld'
/** One file for each key of the Secret. */
export const SECRET_DIR = '/run/secrets/mysql'

/** Port of MySQL and MariaDB. */
export const MYSQL_PORT = 3306

/** The server's socket, and the files that the scripts write for it and for its clients. */
export const SOCKET = `${RUN_DIR}/mysqld.sock`
export const INIT_FILE = `${RUN_DIR}/init.sql`
/** Option file of the probes' client, which connects as root by the socket. */
export const LOCAL_CLIENT = `${RUN_DIR}/client.cnf`
/** Option file of a client that connects to the primary as a replica does. */
export const PRIMARY_CLIENT = `${RUN_DIR}/primary.cnf`

/** Which of the two servers runs. */
export type MysqlFlavour = 'mariadb' | 'mysql'

/** What differs between the two. */
export interface FlavourParts {
  /** Official image, by version. */
  readonly image: string
  /** Memory that the server takes, and the most it may take. */
  readonly memory: string
  readonly memoryLimit: string
  /** The command-line client. */
  readonly client: string
  /** Makes the data directory that stands after it. */
  readonly initialise: string
  /** The server and its options, but for those that differ from pod to pod. */
  readonly server: readonly string[]
  /** Options of a replica alone. */
  readonly replicaOptions: readonly string[]
  /**
   * Statements that attach a replica, one on each line; in them `$PRIMARY_FQDN` and `$replication_password`
   * stand for what the shell knows.
   */
  readonly attach: readonly string[]
}

/** Options that both have. */
const COMMON = [
  `--datadir=${DATA_DIR}/mysql`,
  `--socket=${SOCKET}`,
  `--pid-file=${RUN_DIR}/mysqld.pid`,
  // On the volume: a large sort may need more than a scratch directory has.
  `--tmpdir=${DATA_DIR}/tmp`,
  `--port=${MYSQL_PORT}`,
  // Accounts, and where replication comes from, are set at each start; before anybody can connect.
  `--init-file=${INIT_FILE}`,
  // Who connects is known by address: no look-up of a name holds a connection up.
  '--skip-name-resolve',
  '--character-set-server=utf8mb4',
  '--max-connections=100',
  '--table-open-cache=400',
  '--innodb-buffer-pool-size=64M',
  '--log-bin=binlog',
  '--relay-log=relay',
  // After a crash a replica asks the primary again for what it had not applied.
  '--relay-log-recovery=ON',
  // No event that a replica may have read is lost with the power.
  '--sync-binlog=1',
  // Kept for good: a replica with an empty volume is made of the whole log.
  '--binlog-expire-logs-seconds=0',
]

/** MariaDB 11.4 or newer. */
const mariadb: FlavourParts = {
  image: 'mariadb:11.8',
  memory: '96Mi',
  memoryLimit: '384Mi',
  client: 'mariadb',
  // Only root, only from the socket.
  initialise:
    'mariadb-install-db --no-defaults --skip-test-db --auth-root-socket-user=root --innodb-log-file-size=16M --datadir',
  server: [
    'mariadbd',
    '--no-defaults',
    ...COMMON,
    '--innodb-log-file-size=16M',
    // Half of the limit otherwise, for tables that only the system has.
    '--aria-pagecache-buffer-size=8M',
    '--binlog-format=ROW',
    '--log-slave-updates=ON',
    // Refuses what would make positions differ, such as a write on a replica.
    '--gtid-strict-mode=ON',
    // init-file starts replication, when it has said where from.
    '--skip-slave-start',
    // A silent primary is given up after 10 seconds, not 60, and asked for by name again, without end.
    '--slave-net-timeout=10',
    '--master-retry-count=0',
  ],
  replicaOptions: ['--read-only=ON'],
  attach: [
    `CHANGE MASTER TO MASTER_HOST='$PRIMARY_FQDN', MASTER_PORT=${MYSQL_PORT}, MASTER_USER='replication', MASTER_PASSWORD='$replication_password', MASTER_CONNECT_RETRY=2, MASTER_USE_GTID=slave_pos;`,
    'START REPLICA;',
  ],
}

/** MySQL 8.0.30 or newer, 8.4 too. Written by its manual; not run: the lab has no image of it. */
const mysql: FlavourParts = {
  image: 'mysql:8.4',
  memory: '384Mi',
  memoryLimit: '768Mi',
  client: 'mysql',
  // root from the socket, without a password until the first start sets it.
  initialise: 'mysqld --no-defaults --initialize-insecure --innodb-redo-log-capacity=32M --datadir',
  server: [
    'mysqld',
    '--no-defaults',
    ...COMMON,
    '--innodb-redo-log-capacity=32M',
    // It takes more memory than all the rest.
    '--performance-schema=OFF',
    // No second protocol on port 33060.
    '--mysqlx=OFF',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--log-replica-updates=ON',
    '--skip-replica-start',
    '--replica-net-timeout=10',
  ],
  // Without "super" root could write.
  replicaOptions: ['--read-only=ON', '--super-read-only=ON'],
  attach: [
    // SSL: the password goes over no connection in the open (caching_sha2_password). A retry count of 0 is
    // without end; 8.4 would give up after 10.
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST='$PRIMARY_FQDN', SOURCE_PORT=${MYSQL_PORT}, SOURCE_USER='replication', SOURCE_PASSWORD='$replication_password', SOURCE_SSL=1, SOURCE_CONNECT_RETRY=2, SOURCE_RETRY_COUNT=0, SOURCE_AUTO_POSITION=1;`,
    'START REPLICA;',
  ],
}

export const FLAVOURS: Readonly<Record<MysqlFlavour, FlavourParts>> = { mariadb, mysql }
