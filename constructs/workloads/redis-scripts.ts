/** Port of Redis. */
export const REDIS_PORT = 6379

/**
 * The scripts of the Redis pods, for any POSIX sh. They stand in the pod template and not in a ConfigMap, so
 * that a changed script changes the template and the pods are replaced.
 *
 * Their environment:
 * - `POD_NAME`      name of this pod, which is also its host name
 * - `MASTER_NAME`   name of the pod that is master
 * - `MASTER_SHORT`  the master's DNS name as peers of the namespace say it, for the log
 * - `MASTER_FQDN`   the master's whole DNS name, to connect to
 * - `SERVICE_FQDN`  the headless Service's whole DNS name; a pod's own is `POD_NAME` before it
 */

/** How often a replica asks for the master before it gives up (and the kubelet starts it again): 1 to 3 minutes, as each takes 1 to 3 seconds. */
export const MASTER_ATTEMPTS = 60

/**
 * Waits until the master answers by its DNS name. That it resolves is not enough: the name is there for as
 * long as the caches say, also after the pod behind it has gone.
 *
 * Source: document 001, exercise 5.5 (the lines of the log are its).
 */
export const WAIT_FOR_MASTER = `set -eu
if [ "$POD_NAME" = "$MASTER_NAME" ]; then
  echo "This is master $POD_NAME, it waits for nobody."
  exit 0
fi
echo "This is replica $POD_NAME, waiting for master $MASTER_NAME..."
echo "Waiting for $MASTER_SHORT to be ready..."
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

/**
 * Becomes redis-server, as master or as replica by the pod's ordinal. The script's arguments are the server's.
 *
 * Each pod announces its DNS name, so that \`INFO replication\` of the master shows names that stay the same
 * when addresses change (document 001 shows addresses there).
 */
export const START_REDIS = `set -eu
set -- redis-server "$@" --replica-announce-ip "$POD_NAME.$SERVICE_FQDN"
if [ "$POD_NAME" = "$MASTER_NAME" ]; then
  echo "Starting as MASTER ($POD_NAME)"
else
  echo "Starting as REPLICA ($POD_NAME), replicating from $MASTER_SHORT"
  set -- "$@" --replicaof "$MASTER_FQDN" ${REDIS_PORT}
fi
exec "$@"
`

/**
 * Whether this pod may be found by clients: a master when it answers, a replica when it holds the master's
 * data. A replica that lost its master leaves DNS until it has it again.
 */
export const IS_READY = `redis-cli -p ${REDIS_PORT} info replication | grep -Eq '^(role:master|master_link_status:up)'`
