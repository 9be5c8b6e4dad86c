#!/usr/bin/env bash
# archive.sh: make the class data archive (once per Kafka and Java version): broker start and tools get about twice as fast.
# Called by fetch.sh. The classes are those that a single node and a round of tools really load.
set -euo pipefail
. "$(dirname "$0")/env.sh"
jars
work=$(mktemp -d); trap '"$HERE/cluster.sh" sweep; rm -rf "$work"' EXIT
export KAFKAWEAVE_BED=$work/bed NODES=1 JVM="-XX:DumpLoadedClassList=$work/broker.lst"
"$HERE/cluster.sh" up > "$work/up.log" || { cat "$work/up.log" >&2; exit 1; }
. "$work/bed/run/ports.env"
at=$IP:$((BASE + 10))
cat > "$work/tools" <<T
kafka.tools.StorageTool info --config $work/bed/run/node1.properties
org.apache.kafka.tools.TopicCommand --bootstrap-server $at --create --topic warm --partitions 1
org.apache.kafka.tools.TopicCommand --bootstrap-server $at --describe
org.apache.kafka.tools.ProducerPerformance --bootstrap-server $at --topic warm --num-records 2000 --record-size 100 --throughput -1
org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server $at --topic warm --from-beginning --max-messages 100 --group warm --timeout-ms 8000
org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server $at --describe --all-groups
kafka.admin.ConfigCommand --bootstrap-server $at --describe --entity-type brokers --entity-name 1 --all
org.apache.kafka.tools.AclCommand --bootstrap-server $at --list
T
java -Xmx256m -XX:+UseSerialGC -XX:DumpLoadedClassList="$work/tools.lst" -Dlog4j2.configurationFile="file:$HERE/log4j2-tools.properties" \
  -cp "$CP:$PLANTS" testbed.Tools run "$work/tools" > "$work/tools.log" 2>&1 < /dev/null
NODES=1 "$HERE/cluster.sh" down
# Class names only: the lines about lambdas of two processes do not go together. Our own classes are outside the archive.
cat "$work"/*.lst | grep -v -E '^(#|@)|testbed/' | awk '!seen[$1]++ { print $1 }' > "$work/all.classlist"
java -XX:+UseSerialGC -Xshare:dump -XX:SharedClassListFile="$work/all.classlist" -XX:SharedArchiveFile="$ARCHIVE.part" -cp "$CP" > "$work/dump.log" 2>&1 \
  || { tail -20 "$work/dump.log" >&2; exit 1; }
mv "$ARCHIVE.part" "$ARCHIVE"
echo "class data archive: $(du -m "$ARCHIVE" | cut -f1) MB, $(wc -l < "$work/all.classlist") classes"
