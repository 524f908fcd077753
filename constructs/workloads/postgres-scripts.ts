import { secretFunction } from './secret-script.js'

/** Port of Postgres. */
export const POSTGRES_PORT = 5432
/** Port of Patroni's REST API: what members tell each other, and the probes. */
export const PATRONI_PORT = 8008

/** Where the volume is. */
export const DATA_DIR = '/data'
/** A directory in the volume, not the volume itself: that is not ours, and the server wants mode 0700. */
export const PGDATA = `${DATA_DIR}/pgdata`
/** In memory: the socket, and what holds a password. It is where Debian's and the official image's clients look. */
export const RUN_DIR = '/var/run/postgresql'
/** Where the Secret is. */
export const SECRET_DIR = '/run/secrets/postgres'
/** Patroni's configuration, which `patronictl` reads too. */
export const PATRONI_CONFIG = `${RUN_DIR}/patroni.yml`

/** Key of the Secret: the password of the superuser `postgres` (document 002). */
export const PASSWORD_KEY = 'password'
/** Keys of the Secret beside it, for the user `replicator` and for what changes something by Patroni's API. */
export const PATRONI_KEYS = ['replication-password', 'restapi-password'] as const

/**
 * When a leader is given up, in seconds. These are Patroni's own defaults, and its rule
 * loopWait + 2 × retryTimeout ≤ ttl holds: a leader that cannot reach the API server has stopped writing before
 * another may start. A node that dies costs at most ttl until its lock has run out, loopWait until a replica
 * looks, and a few seconds to be promoted: about 45. That is under the 50 after which Kubernetes itself takes
 * the pods of a dead node out of the Services, so smaller values would make clients no faster.
 */
export const FAILOVER = { ttl: 30, loopWait: 10, retryTimeout: 10 } as const

/**
 * The scripts of the Postgres pods, for any POSIX sh. They stand in the pod template and not in a ConfigMap, so
 * that a changed script changes the template and the pods are replaced.
 *
 * Their environment:
 * - `PGDATA`        the data directory, in a volume
 *
 * and for Patroni:
 * - `CLUSTER_NAME`  name of the StatefulSet: the value of the pods' labels `app` and `app.kubernetes.io/instance`
 * - `NAMESPACE`     namespace of the pods
 * - `POD_NAME`      name of this pod, which is also its host name
 * - `SERVICE_FQDN`  the headless Service's whole DNS name; a pod's own is `POD_NAME` before it
 * - `SYNCHRONOUS`   `true` or `false`: whether a commit waits for a replica. Read when the cluster is made.
 *
 * Passwords are read of files and written to files in memory, for this user alone: they are in no environment
 * and on no command line.
 */

const SECRET = secretFunction(SECRET_DIR)

/** Who may connect to any server here: by the socket the operating system's user of the same name, else by password. */
const LOCAL_ACCESS = 'local all all peer'
const REMOTE_ACCESS = 'host all all all scram-sha-256'

/**
 * Writes Patroni's configuration and becomes Patroni, which makes or copies the data and runs the server.
 *
 * Its store is the API server: the lock and the settings are annotations of the ConfigMaps
 * `<name>-leader`, `-config`, `-sync` and `-failover`, and the role is the label `role` of each pod.
 */
export const START_PATRONI = `set -eu
${SECRET}
# In the configuration they stand between single quotes, as YAML has them.
quoted() { printf %s "$1" | sed "s/'/''/g"; }
password=$(secret ${PASSWORD_KEY})
replication_password=$(secret replication-password)
restapi_password=$(secret restapi-password)
# Where a volume is given to the pod's group, the kubelet opens it to that group; the server then refuses it.
[ ! -d "$PGDATA" ] || chmod 0700 "$PGDATA"
cat > ${PATRONI_CONFIG} <<END
scope: '$CLUSTER_NAME'
name: '$POD_NAME'
kubernetes:
  namespace: '$NAMESPACE'
  use_endpoints: false
  labels:
    app: '$CLUSTER_NAME'
  scope_label: app.kubernetes.io/instance
  role_label: role
  leader_label_value: primary
  follower_label_value: replica
restapi:
  listen: '*:${PATRONI_PORT}'
  connect_address: '$POD_NAME.$SERVICE_FQDN:${PATRONI_PORT}'
  # Asked of those who change something; to look is free.
  authentication:
    username: patroni
    password: '$(quoted "$restapi_password")'
bootstrap:
  # Read once, by the first member. From then on the settings are in the store: patronictl edit-config.
  dcs:
    ttl: ${FAILOVER.ttl}
    loop_wait: ${FAILOVER.loopWait}
    retry_timeout: ${FAILOVER.retryTimeout}
    synchronous_mode: $SYNCHRONOUS
    synchronous_node_count: 1
    # Without the API server the leader goes on as long as it reaches all other members.
    failsafe_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - data-checksums
    - auth-local: peer
    - auth-host: scram-sha-256
postgresql:
  listen: '*:${POSTGRES_PORT}'
  connect_address: '$POD_NAME.$SERVICE_FQDN:${POSTGRES_PORT}'
  data_dir: '$PGDATA'
  pgpass: ${RUN_DIR}/pgpass
  use_unix_socket: true
  parameters:
    unix_socket_directories: ${RUN_DIR}
  pg_hba:
    - ${LOCAL_ACCESS}
    - host replication replicator all scram-sha-256
    - ${REMOTE_ACCESS}
  authentication:
    superuser:
      username: postgres
      password: '$(quoted "$password")'
    replication:
      username: replicator
      password: '$(quoted "$replication_password")'
  basebackup:
    - checkpoint: fast
  # A former leader comes back by itself: rewound, or where that fails copied anew.
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
watchdog:
  mode: 'off'
END
unset password replication_password restapi_password
echo "Starting Patroni ($POD_NAME)"
exec patroni ${PATRONI_CONFIG}
`

/**
 * Makes the data directory, once, and becomes the server. Half made, by a pod that ended early, the directory
 * does not count: it gets its name when it is whole.
 *
 * Source: document 002 (StatefulSet `postgres`), for any image with the programs of Postgres on its PATH.
 */
export const START_SINGLE = `set -eu
${SECRET}
if [ ! -d "$PGDATA" ]; then
  echo "Making the data directory..."
  secret ${PASSWORD_KEY} > ${RUN_DIR}/password
  rm -rf "$PGDATA.new"
  initdb -D "$PGDATA.new" --username=postgres --pwfile=${RUN_DIR}/password --data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
  rm ${RUN_DIR}/password
  printf '%s\\n' '${LOCAL_ACCESS}' '${REMOTE_ACCESS}' > "$PGDATA.new/pg_hba.conf"
  mv "$PGDATA.new" "$PGDATA"
fi
chmod 0700 "$PGDATA"
echo "Starting Postgres, alone"
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=${RUN_DIR}
`

/** Whether the server lets clients in. */
export const IS_READY = `pg_isready -q -h ${RUN_DIR}`

/** Whether the server answers at all, if only that it is still recovering. */
export const IS_ALIVE = `pg_isready -q -h ${RUN_DIR} || [ $? -eq 1 ]`

/** Ends the server without waiting for its clients to leave, as it would on the signal that a pod gets. */
export const STOP_SINGLE = `pg_ctl stop -D "$PGDATA" --mode=fast --no-wait`
