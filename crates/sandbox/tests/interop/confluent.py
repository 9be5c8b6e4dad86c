#!/usr/bin/env python3
"""librdkafka by way of confluent-kafka: admin calls, producing, groups under both protocols.

Usage: confluent.py BOOTSTRAP. The sandbox must have its demo data.
Exit 0: all well, 1: something failed, 77: confluent-kafka is missing.
"""
import os
import sys
import time

try:
    from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, IsolationLevel, Producer, TopicPartition
    from confluent_kafka import ConsumerGroupState, ConsumerGroupType, KafkaException, TopicCollection
    from confluent_kafka.admin import (
        AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType,
    )
except ImportError as missing:
    print(f"SKIP confluent-kafka is not installed: {missing}")
    sys.exit(77)

BOOTSTRAP = sys.argv[1]
NAME = f"confluent-{os.getpid()}"
CLIENT = {"bootstrap.servers": BOOTSTRAP}
failed = False


def check(what):
    """Runs a check at once and prints how it went."""
    def run(function):
        global failed
        try:
            function()
            print(f"ok   {what}")
        except Exception as error:  # every failure is reported, none stops the others
            failed = True
            print(f"FAIL {what}: {type(error).__name__}: {error}")
        return function
    return run


def one(futures):
    return next(iter(futures.values())).result(20)


def same(got, want):
    assert got == want, f"want {want!r}, got {got!r}"


def code_of(action):
    try:
        action()
    except KafkaException as error:
        return error.args[0].name()
    return None


admin = AdminClient(CLIENT)


@check("describe cluster")
def _():
    cluster = admin.describe_cluster(include_authorized_operations=True, request_timeout=10).result(20)
    assert cluster.cluster_id.startswith("sandbox-"), cluster.cluster_id
    same(sorted(node.rack for node in cluster.nodes), ["sandbox-rack-1", "sandbox-rack-2", "sandbox-rack-3"])


@check("create topic, validate only first")
def _():
    topic = NewTopic(NAME, 3, 3, config={"retention.ms": "100000"})
    one(admin.create_topics([topic], validate_only=True))
    assert NAME not in admin.list_topics(timeout=10).topics
    one(admin.create_topics([topic]))
    same(len(admin.list_topics(timeout=10).topics[NAME].partitions), 3)
    same(code_of(lambda: one(admin.create_topics([topic]))), "TOPIC_ALREADY_EXISTS")
    same(code_of(lambda: one(admin.create_topics([NewTopic(NAME + "x", 1, 9)]))), "INVALID_REPLICATION_FACTOR")


@check("add partitions")
def _():
    one(admin.create_partitions([NewPartitions(NAME, 6)]))
    same(len(admin.list_topics(timeout=10).topics[NAME].partitions), 6)
    same(code_of(lambda: one(admin.create_partitions([NewPartitions(NAME, 2)]))), "INVALID_PARTITIONS")


@check("describe topics")
def _():
    found = one(admin.describe_topics(TopicCollection(["audit"])))
    same(sorted(len(partition.isr) for partition in found.partitions), [2, 3, 3])


@check("configs are described and altered")
def _():
    resource = ConfigResource(ResourceType.TOPIC, NAME)
    before = one(admin.describe_configs([resource]))
    same(before["retention.ms"].value, "100000")
    resource.add_incremental_config(ConfigEntry("retention.ms", "5", incremental_operation=AlterConfigOpType.SET))
    one(admin.incremental_alter_configs([resource]))
    same(one(admin.describe_configs([ConfigResource(ResourceType.TOPIC, NAME)]))["retention.ms"].value, "5")
    broker = one(admin.describe_configs([ConfigResource(ResourceType.BROKER, "3")]))
    same(broker["broker.rack"].value, "sandbox-rack-3")


@check("produce with every codec, idempotent")
def _():
    reports = []
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        producer = Producer({**CLIENT, "enable.idempotence": True, "compression.type": codec, "linger.ms": 5})
        for number in range(200):
            producer.produce(NAME, key=str(number), value=f"{codec} {number}", headers={"n": str(number)},
                             on_delivery=lambda error, message: reports.append(error))
        same(producer.flush(20), 0)
    same((len(reports), [error for error in reports if error]), (1000, []))


@check("offsets by end, start, time and largest time")
def _():
    def total(spec):
        futures = admin.list_offsets({TopicPartition(NAME, p): spec for p in range(6)}, isolation_level=IsolationLevel.READ_COMMITTED)
        return [future.result(20).offset for future in futures.values()]
    same(sum(total(OffsetSpec.latest())), 1000)
    same(sum(total(OffsetSpec.earliest())), 0)
    same(total(OffsetSpec.for_timestamp(int(time.time() * 1000) + 60_000)), [-1] * 6)
    assert all(0 <= offset < 1000 for offset in total(OffsetSpec.max_timestamp()))


def consume(group, settings, count):
    consumer = Consumer({**CLIENT, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False, **settings})
    consumer.subscribe([NAME])
    seen, until = 0, time.time() + 30
    while seen < count and time.time() < until:
        for message in consumer.consume(500, 0.5):
            assert message.error() is None, message.error()
            seen += 1
    if seen:
        consumer.commit(asynchronous=False)
    return consumer, seen


for label, settings in [("classic", {}), ("cooperative", {"partition.assignment.strategy": "cooperative-sticky"}),
                        ("consumer", {"group.protocol": "consumer"})]:
    @check(f"a {label} group of two consumes, commits and is described")
    def _(label=label, settings=settings):
        group = f"{NAME}-{label}"
        first, seen = consume(group, settings, 1000)
        same(seen, 1000)
        second = Consumer({**CLIENT, "group.id": group, **settings})
        second.subscribe([NAME])
        until = time.time() + 30
        shares = ([], [])
        while time.time() < until and sorted(map(len, shares)) != [3, 3]:
            first.poll(0.1), second.poll(0.1)
            shares = (first.assignment(), second.assignment())
        same(sorted(map(len, shares)), [3, 3])
        described = one(admin.describe_consumer_groups([group]))
        same(described.state, ConsumerGroupState.STABLE)
        same(sum(len(member.assignment.topic_partitions) for member in described.members), 6)
        listed = admin.list_consumer_groups(types={ConsumerGroupType.CONSUMER if label == "consumer" else ConsumerGroupType.CLASSIC}).result(20)
        assert group in [found.group_id for found in listed.valid], listed.valid
        assert code_of(lambda: one(admin.delete_consumer_groups([group]))) == "NON_EMPTY_GROUP"
        first.close(), second.close()
        offsets = one(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
        same(sum(partition.offset for partition in offsets.topic_partitions), 1000)
        moved = [TopicPartition(NAME, partition.partition, 1) for partition in offsets.topic_partitions]
        one(admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, moved)]))
        offsets = one(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
        same([partition.offset for partition in offsets.topic_partitions], [1] * 6)
        one(admin.delete_consumer_groups([group]))


@check("a static member keeps its partitions over a restart")
def _():
    settings = {"group.instance.id": "one", "session.timeout.ms": 10_000}
    first, _ = consume(f"{NAME}-static", settings, 1)
    del first  # without leaving: static members do not
    second, _ = consume(f"{NAME}-static", settings, 0)
    until = time.time() + 20
    while time.time() < until and len(second.assignment()) != 6:
        second.poll(0.1)
    same(len(second.assignment()), 6)
    second.close()


@check("delete records")
def _():
    result = one(admin.delete_records([TopicPartition(NAME, 0, 5)]))
    same(result.low_watermark, 5)


@check("transactions are refused, not hung")
def _():
    producer = Producer({**CLIENT, "transactional.id": NAME})
    started = time.time()
    assert code_of(lambda: producer.init_transactions(10)) is not None
    assert time.time() - started < 15


@check("delete topic")
def _():
    one(admin.delete_topics([NAME]))
    same(code_of(lambda: one(admin.delete_topics([NAME]))), "UNKNOWN_TOPIC_OR_PART")


sys.exit(1 if failed else 0)
