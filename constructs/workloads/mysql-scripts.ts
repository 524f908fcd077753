import {
  DATA_DIR,
  FLAVOURS,
  INIT_FILE,
  LOCAL_CLIENT,
  MYSQL_PORT,
  PRIMARY_CLIENT,
  SECRET_DIR,
  SOCKET,
  type MysqlFlavour,
} from './mysql-flavours.js'
import { secretFunction } from './secret-script.js'

/**
 * The scripts of the MySQL and MariaDB pods, for any POSIX sh. They stand in the pod template and not in a
 * ConfigMap, so that a changed script changes the template and the pods are replaced.
 *
 * Their environment:
 * - `POD_NAME`       name of this pod, which is also its host name; its ordinal makes the server's id
 * - `PRIMARY_NAME`   name of the pod that is primary
 * - `PRIMARY_SHORT`  the primary's DNS name as peers of the namespace say it, for the log
 * - `PRIMARY_FQDN`   the primary's whole DNS name, to connect to
 * - `SERVICE_FQDN`   the headless Service's whole DNS name; a pod's own is `POD_NAME` before it
 *
 * Passwords are read of files and written to files in memory, for this user alone: they are in no environment
 * and on no command line.
 */
export interface MysqlScripts {
  /** Makes the data directory, once. */
  readonly makeData: string
  /** Waits until the primary lets a replica in, by its DNS name. */
  readonly waitForPrimary: string
  /** Becomes the server, as primary or as replica by the pod's ordinal. The script's arguments are the server's command. */
  readonly start: string
  /** Whether clients may find this pod: a primary when it answers, a replica when it also replicates. */
  readonly isReady: string
  /** Whether the server answers at all, if only that it is full. */
  readonly isAlive: string
}

/** Keys of the Secret: of root (by the socket only), of the replicas, and of the client account `app`. */
export const SECRET_KEYS = ['root-password', 'replication-password', 'password'] as const

/** How often a replica asks for the primary before it gives up (and the kubelet starts it again): 1 to 6 minutes, as each takes 1 to 6 seconds. */
export const PRIMARY_ATTEMPTS = 60

/** The scripts of a flavour. */
export function mysqlScripts(flavour: MysqlFlavour): MysqlScripts {
  return {
    makeData: makeData(flavour),
    waitForPrimary: waitForPrimary(flavour),
    start: start(flavour),
    isReady: isReady(flavour),
    isAlive: isAlive(flavour),
  }
}

/** What `secret KEY` prints is as strings of SQL and option files hold it. */
const SECRET = secretFunction(SECRET_DIR, String.raw`printf '%s' "$value" | sed 's/[\\"'"'"']/\\&/g'`)

/** Half made, by a pod that ended early, it does not count: it gets its name when it is whole. */
function makeData(flavour: MysqlFlavour): string {
  return `set -eu
mkdir -p ${DATA_DIR}/tmp
if [ -d ${DATA_DIR}/mysql ]; then
  echo "The data directory is there."
  exit 0
fi
echo "Making the data directory..."
rm -rf ${DATA_DIR}/mysql.new
log=$(${FLAVOURS[flavour].initialise}=${DATA_DIR}/mysql.new 2>&1) || { echo "$log"; exit 1; }
mv ${DATA_DIR}/mysql.new ${DATA_DIR}/mysql
echo "The data directory is made."
`
}

/**
 * That the name resolves is not enough: it is there for as long as the caches say, also after the pod behind it
 * has gone. And that the port answers is not either: what a replica needs is to log in.
 */
function waitForPrimary(flavour: MysqlFlavour): string {
  return `set -eu
if [ "$POD_NAME" = "$PRIMARY_NAME" ]; then
  echo "This is primary $POD_NAME, it waits for nobody."
  exit 0
fi
echo "This is replica $POD_NAME, waiting for primary $PRIMARY_NAME..."
${SECRET}
replication_password=$(secret replication-password)
cat > ${PRIMARY_CLIENT} <<END
[client]
host=$PRIMARY_FQDN
port=${MYSQL_PORT}
user=replication
password="$replication_password"
END
echo "Waiting for $PRIMARY_SHORT to be ready..."
attempt=0
while [ "$attempt" -lt ${PRIMARY_ATTEMPTS} ]; do
  attempt=$((attempt + 1))
  if answer=$(timeout 5 ${FLAVOURS[flavour].client} --defaults-file=${PRIMARY_CLIENT} -e 'DO 1' 2>&1); then
    echo "Primary $PRIMARY_NAME is ready!"
    exit 0
  fi
  sleep 1
done
echo "Gave up: primary $PRIMARY_FQDN did not let a replica in in ${PRIMARY_ATTEMPTS} attempts. Last answer: \${answer:-none in 5 seconds}"
exit 1
`
}

/**
 * Each server has the accounts of its own, out of the binary log: so a replica that replays the log from its
 * beginning meets no account that is there already, a password that changes in the Secret holds from the next
 * start on, and a replica's position is the primary's.
 */
function start(flavour: MysqlFlavour): string {
  const { attach, replicaOptions } = FLAVOURS[flavour]
  return `set -eu
${SECRET}
root_password=$(secret root-password)
replication_password=$(secret replication-password)
password=$(secret password)
cat > ${LOCAL_CLIENT} <<END
[client]
socket=${SOCKET}
user=root
password="$root_password"
END
cat > ${INIT_FILE} <<END
SET SESSION sql_log_bin = 0;
ALTER USER root@localhost IDENTIFIED BY '$root_password';
CREATE USER IF NOT EXISTS replication@'%';
ALTER USER replication@'%' IDENTIFIED BY '$replication_password';
GRANT REPLICATION SLAVE ON *.* TO replication@'%';
CREATE DATABASE IF NOT EXISTS app;
CREATE USER IF NOT EXISTS app@'%';
ALTER USER app@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON app.* TO app@'%';
END
rm -f ${SOCKET} ${SOCKET}.lock
set -- "$@" --server-id=$((100 + \${POD_NAME##*-})) --report-host="$POD_NAME.$SERVICE_FQDN"
if [ "$POD_NAME" = "$PRIMARY_NAME" ]; then
  echo "Starting as PRIMARY ($POD_NAME)"
else
  echo "Starting as REPLICA ($POD_NAME), replicating from $PRIMARY_SHORT"
  cat >> ${INIT_FILE} <<END
${attach.join('\n')}
END
  set -- "$@" ${replicaOptions.join(' ')}
fi
exec "$@"
`
}

/** A replica that lost its primary leaves DNS until it has it again. */
function isReady(flavour: MysqlFlavour): string {
  const client = `${FLAVOURS[flavour].client} --defaults-file=${LOCAL_CLIENT}`
  return `set -eu
if [ "$POD_NAME" = "$PRIMARY_NAME" ]; then
  exec ${client} -e 'DO 1'
fi
status=$(${client} -e 'SHOW REPLICA STATUS\\G')
if [ "$(echo "$status" | grep -Ec '_(IO|SQL)_Running: Yes$')" -ne 2 ]; then
  echo "$status" | grep -E '_(IO|SQL)_(Running|Error):' || echo "This server was told of no primary."
  exit 1
fi
`
}

/** The server's own errors are numbered 1000 and 3000 up, those of a client that finds no server 2000 up. */
function isAlive(flavour: MysqlFlavour): string {
  return `answer=$(${FLAVOURS[flavour].client} --defaults-file=${LOCAL_CLIENT} -e 'DO 1' 2>&1) && exit 0
case $answer in
  *"ERROR "[13][0-9][0-9][0-9]*) exit 0 ;;
esac
echo "$answer"
exit 1
`
}
