import { LOGIN, PRINT_USERS, QUOTE_PASSWORD, SECRET } from './redis-auth.js'
import { LOG_DIR, REDIS_PORT, SENTINEL_PORT, SENTINEL_STATE } from './redis-options.js'

/** Milliseconds after which a server that does not answer counts as down. */
const DOWN_AFTER = 5000

/** Milliseconds until a failover that did not come to its end is tried again (twice this) or given up. */
const FAILOVER_TIMEOUT = 30_000

/** How often a starting pod asks the others' Sentinels before it takes it that there are none. */
export const SENTINEL_ATTEMPTS = 3

/** How often an empty master asks whether another was chosen: under a minute, after which the kubelet would end it. */
export const PROMOTION_ATTEMPTS = 40

/**
 * Sets `master`, to the whole DNS name of the pod that is to be master; and `replicas`, to how many replicas it
 * is known to have.
 *
 * Sentinels are asked by the headless Service's name, each address in turn, one that is stale costing 2 seconds.
 * That none answers a few times means that this is the first start, or one after all pods were away: then what
 * the Sentinel of this pod knew last counts, and with nothing known the ordinal.
 */
export const FIND_MASTER = `ask_sentinels() {
  for address in $(getent ahosts "$SERVICE_FQDN" | sed -n 's/ *STREAM.*//p'); do
    said=$(timeout 2 redis-cli -h "$address" -p ${SENTINEL_PORT} sentinel master "$SENTINEL_MASTER" 2>&1) || continue
    master=$(printf '%s\\n' "$said" | sed -n '/^ip$/{n;p;}')
    replicas=$(printf '%s\\n' "$said" | sed -n '/^num-slaves$/{n;p;}')
    case $master in
      *".$SERVICE_FQDN") return 0 ;;
    esac
  done
  return 1
}
find_master() {
  attempt=0
  while [ "$attempt" -lt ${SENTINEL_ATTEMPTS} ]; do
    attempt=$((attempt + 1))
    if ask_sentinels; then
      echo "Sentinel says that $master is master."
      return
    fi
    sleep 1
  done
  replicas=0
  master=
  [ ! -s ${SENTINEL_STATE} ] || master=$(sed -n "s/^sentinel monitor $SENTINEL_MASTER \\([^ ]*\\) .*/\\1/p" ${SENTINEL_STATE})
  if [ -n "$master" ]; then
    echo "No Sentinel answers; the last that was known here: $master is master."
  else
    master=$MASTER_FQDN
    echo "No Sentinel answers, and none was known here: $master is master by its ordinal."
  fi
}
`

/**
 * Decides what the server becomes, and adds that to the script's arguments.
 *
 * A master that comes back empty, before it was missed, would empty its replicas. So it stays down until one of
 * them is promoted, and never starts while none is: what they hold is all there is.
 */
export const CHOOSE_ROLE = `find_master
if [ "$master" = "$own" ] && [ "$replicas" -gt 0 ] && [ ! -e ${LOG_DIR} ]; then
  echo "This was the master and has no data: waiting for a replica to be promoted..."
  attempt=0
  while [ "$master" = "$own" ]; do
    [ "$attempt" -lt ${PROMOTION_ATTEMPTS} ] || { echo "Gave up: no replica was promoted."; exit 1; }
    attempt=$((attempt + 1))
    sleep 1
    ask_sentinels || master=$own
  done
fi
if [ "$master" = "$own" ]; then
  echo "Starting as MASTER ($POD_NAME)"
else
  echo "Starting as REPLICA ($POD_NAME), replicating from $master"
  set -- "$@" --replicaof "$master" ${REDIS_PORT}
fi
`

/** What a user of Redis may do at Sentinel: ask who is master. */
const SENTINEL_RULES = [
  'allchannels',
  '+ping',
  '+role',
  '+hello',
  '+command',
  '+info',
  '+subscribe',
  '+psubscribe',
  '+unsubscribe',
  '+punsubscribe',
  ...['setname', 'setinfo', 'getname', 'id', 'list'].map((command) => `+client|${command}`),
  ...['get-master-addr-by-name', 'master', 'masters', 'replicas', 'slaves', 'sentinels', 'myid'].map(
    (command) => `+sentinel|${command}`,
  ),
].join(' ')

/**
 * Becomes Sentinel. What it learnt before is kept of its file, and the rest written anew: so a changed password
 * or quorum holds from the next start on.
 *
 * Its id is made of the pod's name: a pod that comes back without its file is the same Sentinel to the others,
 * not one more whose vote is missing from then on.
 */
export function startSentinel(auth: boolean, withUsers: boolean): string {
  return `set -eu
${auth ? SECRET : 'umask 077\n'}${FIND_MASTER}own="$POD_NAME.$SERVICE_FQDN"
state=${SENTINEL_STATE}
mkdir -p "\${state%/*}"
learnt=$(grep -E '^sentinel (myid|current-epoch|monitor|config-epoch|leader-epoch|known-replica|known-sentinel) ' "$state" 2> /dev/null) || learnt=
if [ -z "$learnt" ]; then
  find_master
  learnt="sentinel myid $(printf '%s' "$own" | sha1sum | cut -d ' ' -f 1)
sentinel monitor $SENTINEL_MASTER $master ${REDIS_PORT} $SENTINEL_QUORUM"
fi
${auth ? QUOTE_PASSWORD : ''}${withUsers ? PRINT_USERS : ''}{
  cat <<END
port ${SENTINEL_PORT}
bind * -::*
protected-mode no
dir \${state%/*}
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $own
sentinel announce-port ${SENTINEL_PORT}
END
  printf '%s\\n' "$learnt" | sed "s/^\\(sentinel monitor .*\\) [0-9]*$/\\1 $SENTINEL_QUORUM/"
  cat <<END
sentinel down-after-milliseconds $SENTINEL_MASTER ${DOWN_AFTER}
sentinel failover-timeout $SENTINEL_MASTER ${FAILOVER_TIMEOUT}
sentinel parallel-syncs $SENTINEL_MASTER 1
END${auth ? SENTINEL_PASSWORDS : ''}${withUsers ? `\n  users '${SENTINEL_RULES}'` : ''}
} > "$state.new"
mv "$state.new" "$state"
${auth ? 'unset REDISCLI_AUTH\n' : ''}exec redis-server "$state" --sentinel
`
}

/** Clients and the other Sentinels show it the same password as it shows to the servers. */
const SENTINEL_PASSWORDS = `
  printf 'requirepass "%s"\\nsentinel auth-pass %s "%s"\\n' "$quoted" "$SENTINEL_MASTER" "$quoted"`

/** Whether Sentinel answers. */
export function isSentinelAlive(auth: boolean): string {
  return `${auth ? LOGIN : ''}redis-cli -p ${SENTINEL_PORT} ping | grep -q '^PONG'`
}
