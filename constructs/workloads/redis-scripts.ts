import { LOGIN, SECRET, writeSecretConfig } from './redis-auth.js'
import { REDIS_PORT, SECRET_CONFIG } from './redis-options.js'
import { CHOOSE_ROLE, FIND_MASTER, isSentinelAlive, startSentinel } from './redis-sentinel-scripts.js'

/**
 * The scripts of the Redis pods, for any POSIX sh. They stand in the pod template and not in a ConfigMap, so
 * that a changed script changes the template and the pods are replaced.
 *
 * Their environment:
 * - `POD_NAME`      name of this pod, which is also its host name
 * - `MASTER_FQDN`   whole DNS name of the pod that is master, to connect to; with Sentinel, when nothing else is known
 * - `SERVICE_FQDN`  the headless Service's whole DNS name; a pod's own is `POD_NAME` before it
 *
 * without Sentinel:
 * - `MASTER_NAME`   name of the pod that is master
 * - `MASTER_SHORT`  its DNS name as peers of the namespace say it, for the log
 *
 * with it:
 * - `SENTINEL_MASTER`  the name by which Sentinels know the master
 * - `SENTINEL_QUORUM`  how many of them must miss it
 *
 * and with users:
 * - `ACL_USERS`     each user and its rules, a line each
 *
 * Passwords are read of files and written to files for this user alone: they are on no command line and in no
 * log.
 */
export interface RedisScripts {
  /** Waits until the master answers by its DNS name. */
  readonly waitForMaster: string
  /** Becomes redis-server, as master or as replica. The script's arguments are the server's. */
  readonly start: string
  /** Whether this pod may be found by clients. */
  readonly isReady: string
  /** Whether the server answers at all, if only that it loads its data. */
  readonly isAlive: string
  /** Becomes Sentinel. */
  readonly startSentinel: string
  /** Whether Sentinel answers. */
  readonly isSentinelAlive: string
}

/** What the scripts depend on. */
export interface ScriptTraits {
  /** Whether there is a Secret. */
  readonly auth?: boolean
  /** Whether there are users beside `default`. */
  readonly users?: boolean
  /** Whether Sentinel says who is master, rather than the ordinal. */
  readonly sentinel?: boolean
}

/** How often a replica asks for the master before it gives up (and the kubelet starts it again): 1 to 3 minutes, as each takes 1 to 3 seconds. */
export const MASTER_ATTEMPTS = 60

/** The scripts of a Redis. */
export function redisScripts({ auth = false, users = false, sentinel = false }: ScriptTraits): RedisScripts {
  const login = auth ? SECRET : ''
  const probe = auth ? LOGIN : ''
  return {
    waitForMaster: waitForMaster(login),
    start: `set -eu
${login}${auth ? writeSecretConfig(users) : ''}${sentinel ? withSentinel(auth) : byOrdinal(auth)}exec "$@"
`,
    isReady: `${probe}redis-cli -p ${REDIS_PORT} info replication | grep -Eq '^(role:master|master_link_status:up)'`,
    isAlive: `${probe}redis-cli -p ${REDIS_PORT} ping`,
    startSentinel: startSentinel(auth, users),
    isSentinelAlive: isSentinelAlive(auth),
  }
}

/**
 * That the master's name resolves is not enough: the name is there for as long as the caches say, also after the
 * pod behind it has gone.
 *
 * Source: document 001, exercise 5.5 (the lines of the log are its).
 */
function waitForMaster(login: string): string {
  return `set -eu
if [ "$POD_NAME" = "$MASTER_NAME" ]; then
  echo "This is master $POD_NAME, it waits for nobody."
  exit 0
fi
echo "This is replica $POD_NAME, waiting for master $MASTER_NAME..."
${login}echo "Waiting for $MASTER_SHORT to be ready..."
attempt=0
while [ "$attempt" -lt ${MASTER_ATTEMPTS} ]; do
  attempt=$((attempt + 1))
  answer=$(timeout 2 redis-cli -h "$MASTER_FQDN" -p ${REDIS_PORT} ping 2>&1) || true
  if [ "$answer" = PONG ]; then
    echo "Master $MASTER_NAME is ready!"
    exit 0
  fi
  sleep 1
done
echo "Gave up: master $MASTER_FQDN did not answer in ${MASTER_ATTEMPTS} attempts. Last answer: \${answer:-none in 2 seconds}"
exit 1
`
}

/** The configuration file, where there is one, comes before the options. */
const command = (auth: boolean): string => `set -- redis-server ${auth ? `${SECRET_CONFIG} ` : ''}"$@"`

/**
 * Each pod announces its DNS name, so that `INFO replication` of the master shows names that stay the same
 * when addresses change (document 001 shows addresses there).
 */
function byOrdinal(auth: boolean): string {
  return `${command(auth)} --replica-announce-ip "$POD_NAME.$SERVICE_FQDN"
if [ "$POD_NAME" = "$MASTER_NAME" ]; then
  echo "Starting as MASTER ($POD_NAME)"
else
  echo "Starting as REPLICA ($POD_NAME), replicating from $MASTER_SHORT"
  set -- "$@" --replicaof "$MASTER_FQDN" ${REDIS_PORT}
fi
${auth ? 'unset REDISCLI_AUTH\n' : ''}`
}

function withSentinel(auth: boolean): string {
  return `${FIND_MASTER}own="$POD_NAME.$SERVICE_FQDN"
${command(auth)} --replica-announce-ip "$own"
${CHOOSE_ROLE}${auth ? 'unset REDISCLI_AUTH\n' : ''}`
}
