/** Port of the brokers, for clients and for one another. */
export const BROKER_PORT = 9092

/** Port of the controllers' quorum. */
export const CONTROLLER_PORT = 9093

/**
 * Where the volume is mounted. Not below a directory that the official image declares as a volume of its own
 * (`/var/lib/kafka/data`): the container runtime puts an empty one there, over what is mounted above it.
 */
export const KAFKA_VOLUME = '/kafka'

/** Where the pod's scratch directory is mounted: configuration, and libraries the JVM unpacks for compression. */
export const KAFKA_SCRATCH = '/tmp'

/** A subdirectory: the root of a file system may hold `lost+found`, which Kafka takes for a partition. */
const DATA_DIR = `${KAFKA_VOLUME}/data`

/** What the settings of a broker depend on. */
export interface BrokerSettings {
  /** Number of pods, each a broker and a controller. */
  readonly replicas: number
  /** Size of the JVM's heap in MiB. */
  readonly heapMiB: number
}

/**
 * Lines of server.properties that are the same in all pods. Those that differ are written by
 * {@link START_KAFKA}.
 */
export function serverProperties({ replicas, heapMiB }: BrokerSettings): string[] {
  const factor = Math.min(3, replicas)
  // A message is acknowledged (acks=all) when two have it, so that it outlives one; with fewer than three pods
  // that would mean no writing as soon as one is away.
  const minInSync = factor === 3 ? 2 : 1
  const cleanerBytes = Math.min(128, Math.floor(heapMiB / 8)) * 1024 * 1024
  return [
    'process.roles=broker,controller',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name=PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    // All addresses, IPv6 where there is any.
    `listeners=PLAINTEXT://:${BROKER_PORT},CONTROLLER://:${CONTROLLER_PORT}`,
    `log.dirs=${DATA_DIR}`,
    `default.replication.factor=${factor}`,
    `min.insync.replicas=${minInSync}`,
    `offsets.topic.replication.factor=${factor}`,
    `transaction.state.log.replication.factor=${factor}`,
    `transaction.state.log.min.isr=${minInSync}`,
    `share.coordinator.state.topic.replication.factor=${factor}`,
    `share.coordinator.state.topic.min.isr=${minInSync}`,
    'unclean.leader.election.enable=false',
    // How long a broker that died without a word stays leader, while its partitions stand still.
    'broker.session.timeout.ms=6000',
    'broker.heartbeat.interval.ms=1000',
    // The other pods may still be fetching their image: it waits for them, and does not end and start again.
    'initial.broker.registration.timeout.ms=300000',
    // The default is 128 MiB, taken at once: half of a small heap.
    `log.cleaner.dedupe.buffer.size=${cleanerBytes}`,
  ]
}

/** Below this the JVM is told to start fast, with the cheapest collector and compiler; above, Kafka's own choice holds. */
const SMALL_HEAP_MIB = 1024

/** Options of the server's JVM for its collector and compiler; empty for those of Kafka's own script. */
export function serverJvm(heapMiB: number): string {
  return heapMiB < SMALL_HEAP_MIB ? '-XX:+UseSerialGC -XX:TieredStopAtLevel=1' : ''
}

/**
 * Becomes the Kafka server of this pod, for any POSIX sh. It stands in the pod template and not in a ConfigMap,
 * so that a changed script changes the template and the pods are replaced. Its arguments are lines of
 * server.properties.
 *
 * Its environment:
 * - `NODE_ID`        number of this node: the index of the pod
 * - `POD_NAME`       name of this pod
 * - `SERVICE_FQDN`   the headless Service's whole DNS name; a pod's own is `POD_NAME` before it
 * - `QUORUM_VOTERS`  the controllers: `0@<name of pod 0>:9093,1@…`
 * - `CLUSTER_ID`     id of the cluster, for a volume that has none yet
 * - `SERVER_HEAP`    options of the server's JVM for its heap
 * - `SERVER_JVM`     options for its collector and compiler; empty for those of Kafka's own script
 * - `LOG_DIR`        a writable directory for what Kafka's own script may write
 *
 * Source: document 002 ("Kafka Cluster"); its advertised name is taken from a variable that is not defined yet,
 * and it names no quorum.
 */
export const START_KAFKA = `set -eu
# Both the official image and the lab's have the programs here; only the lab's has it on the PATH.
PATH=$PATH:/opt/kafka/bin
config=${KAFKA_SCRATCH}/kafka
mkdir -p "$config"

{
  printf '%s\\n' "$@"
  echo "node.id=$NODE_ID"
  echo "controller.quorum.voters=$QUORUM_VOTERS"
  # By name: the address is another one after each restart.
  name=$POD_NAME.$SERVICE_FQDN
  echo "advertised.listeners=PLAINTEXT://$name:${BROKER_PORT},CONTROLLER://$name:${CONTROLLER_PORT}"
} > "$config/server.properties"

# To standard output only, and without the list of all settings, of a thousand lines.
cat > "$config/log4j2.properties" <<'END'
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=INFO
rootLogger.appenderRef.stdout.ref=stdout
logger.settings.name=org.apache.kafka.common.config.AbstractConfig
logger.settings.level=WARN
END

# Written last, and at once, when a volume is formatted: a volume that has it is whole. To ask the tool
# itself would be a JVM more at each start.
if [ -f ${DATA_DIR}/meta.properties ]; then
  echo "Volume of $POD_NAME is formatted, with $(grep '^cluster.id=' ${DATA_DIR}/meta.properties)"
else
  echo "Formatting the volume of $POD_NAME for cluster $CLUSTER_ID"
  kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$config/server.properties"
fi

export KAFKA_HEAP_OPTS="$SERVER_HEAP"
[ -z "$SERVER_JVM" ] || export KAFKA_JVM_PERFORMANCE_OPTS="$SERVER_JVM"
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$config/log4j2.properties"
# A peer that moved is found within seconds (the JVM would remember its old address for 30, whatever DNS
# says), and a server out of memory ends, to be started again, rather than linger.
export KAFKA_OPTS='-Dsun.net.inetaddr.ttl=5 -Dsun.net.inetaddr.negative.ttl=1 -XX:+ExitOnOutOfMemoryError'
# No log of the collector in a file that nobody reads.
export EXTRA_ARGS='-name kafkaServer'
echo "Starting node $NODE_ID as $POD_NAME.$SERVICE_FQDN"
exec kafka-server-start.sh "$config/server.properties"
`
