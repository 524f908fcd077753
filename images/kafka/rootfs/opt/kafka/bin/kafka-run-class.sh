#!/bin/sh
# Runs a program of Kafka: by the name this is called under (the links that the Dockerfile makes),
# or, under its own name, the class that is the first argument. Names, arguments and variables are
# those of Kafka's own scripts, as far as they are needed here:
#   KAFKA_HEAP_OPTS             size of the heap
#   KAFKA_JVM_PERFORMANCE_OPTS  collector and compiler
#   KAFKA_LOG4J_OPTS            -Dlog4j2.configurationFile=…
#   KAFKA_OPTS                  anything else
set -eu
home=/opt/kafka
logging=$home/config/tools-log4j2.properties
# Tools end soon: the fast start counts, not the fast code.
heap=-Xmx128M
jvm='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'

case ${0##*/} in
  kafka-server-start.sh)
    class=kafka.Kafka
    logging=$home/config/log4j2.properties
    heap='-Xms1G -Xmx1G'
    jvm='-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExplicitGCInvokesConcurrent'
    ;;
  kafka-storage.sh) class=kafka.tools.StorageTool ;;
  kafka-topics.sh) class=org.apache.kafka.tools.TopicCommand ;;
  kafka-configs.sh) class=kafka.admin.ConfigCommand ;;
  kafka-console-producer.sh) class=org.apache.kafka.tools.ConsoleProducer ;;
  kafka-console-consumer.sh) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  kafka-consumer-groups.sh) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
  kafka-metadata-quorum.sh) class=org.apache.kafka.tools.MetadataQuorumCommand ;;
  kafka-broker-api-versions.sh) class=org.apache.kafka.tools.BrokerApiVersionsCommand ;;
  kafka-leader-election.sh) class=org.apache.kafka.tools.LeaderElectionCommand ;;
  kafka-reassign-partitions.sh) class=org.apache.kafka.tools.reassign.ReassignPartitionsCommand ;;
  *)
    class=${1:?usage: ${0##*/} CLASS [ARGUMENT ...]}
    shift
    ;;
esac

# Classes that were read when the image was made; it holds for this class path only.
archive=
[ ! -f $home/kafka.jsa ] || archive="-XX:SharedArchiveFile=$home/kafka.jsa"

# Options are words, separated by spaces.
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:-$heap} ${KAFKA_JVM_PERFORMANCE_OPTS:-$jvm} $archive \
  -Djava.awt.headless=true ${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=$logging} \
  ${KAFKA_OPTS:-} -cp "$home/libs/*" "$class" "$@"
