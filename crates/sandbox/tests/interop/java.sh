#!/usr/bin/env bash
# Kafka's own Java tools: topics, configs, groups, log dirs, quorum, produce, consume.
# Usage: KAFKA_JARS=dir-of-jars java.sh BOOTSTRAP. The sandbox must have its demo data.
# Exit 0: all well, 1: something failed, 77: no Java or no jars.
set -u
BOOTSTRAP=${1:?usage: java.sh BOOTSTRAP}
command -v java >/dev/null || { echo "SKIP java is not installed"; exit 77; }
ls "${KAFKA_JARS:-/nonexistent}"/kafka-tools-*.jar >/dev/null 2>&1 || { echo "SKIP set KAFKA_JARS to the folder with kafka-tools-*.jar"; exit 77; }
failed=0
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cat >"$work/log4j2.properties" <<'L'
rootLogger.level=WARN
rootLogger.appenderRef.err.ref=err
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
L
ok() { echo "ok   $1"; }
bad() { echo "FAIL $1: $2"; failed=1; }
has() { if grep -qE -- "$3" <<<"$2"; then ok "$1"; else bad "$1" "no '$3' in: $(head -c 600 <<<"$2")"; fi; }
run() {
  timeout 60 java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$KAFKA_JARS/*" \
    -Dlog4j2.configurationFile="$work/log4j2.properties" "$@" 2>&1
}
tool() {
  local class=$1
  shift
  run "$class" --bootstrap-server "$BOOTSTRAP" "$@"
}
T=org.apache.kafka.tools
topics=$T.TopicCommand groups=$T.consumer.group.ConsumerGroupCommand configs=kafka.admin.ConfigCommand
name="java-$$"

has "topics list" "$(tool $topics --list)" "^payments$"
has "create topic" "$(tool $topics --create --topic "$name" --partitions 4 --replication-factor 2 --config retention.ms=100000)" "Created topic"
has "create twice" "$(tool $topics --create --topic "$name" --partitions 1)" "already exists"
has "factor too large" "$(tool $topics --create --topic "$name-x" --partitions 1 --replication-factor 7)" "InvalidReplicationFactor"
has "wrong setting" "$(tool $topics --create --topic "$name-y" --partitions 1 --config no.such=1)" "[Uu]nknown topic config"
tool $topics --alter --topic "$name" --partitions 6 >/dev/null
has "grow and describe" "$(tool $topics --describe --topic "$name")" "PartitionCount: 6.*ReplicationFactor: 2.*retention.ms=100000"
has "under-replicated" "$(tool $topics --describe --under-replicated-partitions)" "Topic: audit.*Partition: 1"
has "alter config" "$(tool $configs --entity-type topics --entity-name "$name" --alter --add-config max.message.bytes=2000000)" "Completed updating config"
has "describe config" "$(tool $configs --entity-type topics --entity-name "$name" --describe)" "max.message.bytes=2000000.*DYNAMIC_TOPIC_CONFIG"
has "broker config" "$(tool $configs --entity-type brokers --entity-name 2 --describe --all)" "broker.rack=sandbox-rack-2"

seq 1 50 | sed 's/^/record /' | tool $T.ConsoleProducer --topic "$name" >"$work/produced" || bad "console producer" "$(head -c 600 "$work/produced")"
read_back=$(tool $T.consumer.ConsoleConsumer --topic "$name" --from-beginning --max-messages 50 --timeout-ms 20000 --group "$name")
has "console consumer, classic group" "$(grep -c '^record ' <<<"$read_back")" "^50$"
has "consumer group lag" "$(tool $groups --describe --group "$name")" "$name +$name +[0-9]+ +[0-9]+ +[0-9]+ +0 "
echo more | tool $T.ConsoleProducer --topic "$name" >/dev/null
new=$(tool $T.consumer.ConsoleConsumer --topic "$name" --from-beginning --max-messages 51 --timeout-ms 30000 --command-property group.protocol=consumer --group "$name-848")
has "console consumer, KIP-848 group" "$(grep -cE '^(record |more)' <<<"$new")" "^51$"
has "groups list" "$(tool $groups --list --state --type)" "$name-848 +Consumer +(Empty|Stable)"
has "group with members" "$(tool $groups --describe --group billing)" "billing +payments +2 .*billing-[12]"
has "group state" "$(tool $groups --describe --group reporting --state)" "range +Stable +1"
has "reset offsets" "$(tool $groups --group "$name" --topic "$name:0" --reset-offsets --to-earliest --execute)" "$name +$name +0 +0"
has "reset of a live group" "$(tool $groups --group billing --topic payments --reset-offsets --to-earliest --execute)" "inactive"
has "delete offsets" "$(tool $groups --group "$name" --topic "$name" --delete-offsets)" "[Ss]uccessful"
has "delete group" "$(tool $groups --group "$name" --delete)" "successful"
has "delete live group" "$(tool $groups --group billing --delete)" "GroupNotEmpty|not empty"

has "offsets" "$(tool $T.GetOffsetShell --topic orders --time -1)" "orders:5:[0-9]+"
has "largest time stamp" "$(tool $T.GetOffsetShell --topic orders --time -3)" "orders:0:[0-9]+"
has "log dirs" "$(tool $T.LogDirsCommand --describe --topic-list orders)" '"logDir":"/sandbox/node-1/disk-b"'
has "quorum" "$(tool $T.MetadataQuorumCommand describe --status 2>&1)" "LeaderId: +3"
has "cluster id" "$(run $T.ClusterTool cluster-id --bootstrap-server "$BOOTSTRAP")" "sandbox-"
has "features" "$(tool $T.FeatureCommand describe)" "metadata.version.*4.3"
echo '{"partitions":[{"topic":"'"$name"'","partition":0,"offset":-1}],"version":1}' >"$work/delete.json"
has "delete records" "$(tool $T.DeleteRecordsCommand --offset-json-file "$work/delete.json")" "low_watermark: [0-9]+"
has "reassignments" "$(tool $T.reassign.ReassignPartitionsCommand --list)" "No partition reassignments found"
has "ACLs, without an authorizer" "$(tool $T.AclCommand --list 2>&1)" "No Authorizer is configured"
tool $topics --delete --topic "$name" >/dev/null
if grep -q "^$name$" <<<"$(tool $topics --list)"; then bad "delete topic" "still listed"; else ok "delete topic"; fi
exit $failed
