#!/bin/sh
# Writes /opt/kafka/kafka.jsa: the classes of a broker that started, topics were made on, and ended, in the
# form the JVM maps into memory at the next start. Needs no network; the address is one nobody uses.
set -eu
dir=$(mktemp -d)
address=127.93.92.1
cat > "$dir/server.properties" <<END
process.roles=broker,controller
node.id=0
controller.quorum.voters=0@$address:29093
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
listeners=PLAINTEXT://$address:29092,CONTROLLER://$address:29093
log.dirs=$dir/data
offsets.topic.replication.factor=1
END
export KAFKA_JVM_PERFORMANCE_OPTS='-XX:+UseSerialGC -XX:TieredStopAtLevel=1' KAFKA_HEAP_OPTS=-Xmx256m
kafka-storage.sh format --cluster-id AAAAAAAAAAAAAAAAAAAAAA --config "$dir/server.properties"
KAFKA_OPTS="-XX:ArchiveClassesAtExit=$dir/kafka.jsa -Xlog:cds=off -Xlog:cds+dynamic=off" \
  kafka-server-start.sh "$dir/server.properties" &
server=$!
# Fails when the broker does not answer.
kafka-topics.sh --bootstrap-server "$address:29092" --create --topic one --partitions 1 --replication-factor 1
echo message | kafka-console-producer.sh --bootstrap-server "$address:29092" --topic one
kafka-console-consumer.sh --bootstrap-server "$address:29092" --topic one --from-beginning --max-messages 1
kill "$server"
wait "$server" || test $? = 143
mv "$dir/kafka.jsa" /opt/kafka/kafka.jsa
chmod a=r /opt/kafka/kafka.jsa
rm -rf "$dir"
