#!/usr/bin/env python3
"""plant.py groups|topics|members|records|drop BOOTSTRAP ..: puts a known state into a cluster, with librdkafka.

    groups COUNT TOPICS PARTITIONS   groups `grp-0000`.. with an offset on every partition of `gt-0`..; group n lags n % 5 records on each
    topics COUNT PARTITIONS          topics `many-0000`.. with three replicas and, every tenth, a setting of its own
    members GROUPS                   groups `live-000`.. with 1 to 3 live members on `live`, lagging alike; prints who holds what as JSON, and leaves when standard input ends
    records TOPIC PARTITIONS COUNT SIZE CODEC NEEDLE   COUNT JSON records of about SIZE bytes in batches of 16 KiB, as Java's producer makes them by default, RF 1; every 20,000th holds NEEDLE; prints where those are as JSON
    drop TOPIC                       deletes it

Needs the packages of testbed/requirements.txt. Each answer is looked at by partition: an answer about offsets that
is good as a whole may hold an error for each of them, and on a fresh cluster the first ones do.
"""

import json
import os
import random
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

RECORDS = 5
AT_ONCE = 50
PATIENCE_S = 120


def create(admin, topics):
    for name, future in admin.create_topics(topics, operation_timeout=60, request_timeout=90).items():
        future.result()


def groups(bootstrap, count, topics, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    names = [f"gt-{t}" for t in range(topics)]
    create(admin, [NewTopic(n, num_partitions=partitions, replication_factor=3) for n in names])
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 2})
    lost = []
    for name in names:
        for partition in range(partitions):
            for n in range(RECORDS):
                producer.produce(name, b"x%d" % n, partition=partition, on_delivery=lambda e, _: e and lost.append(e))
    if producer.flush(60) or lost:
        raise SystemExit(f"records not produced: {lost[:3]}")

    def commit(group):
        offset = RECORDS - group % 5
        wanted = [TopicPartition(n, p, offset) for n in names for p in range(partitions)]
        call = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(f"grp-{group:04d}", wanted)])
        return group, list(call.values())[0]

    def refused(future):
        try:
            return next((p.error for p in future.result().topic_partitions if p.error), None)
        except KafkaException as e:
            return e.args[0]

    until = time.monotonic() + PATIENCE_S
    waiting = list(range(count))
    while waiting:
        if time.monotonic() > until:
            raise SystemExit(f"{len(waiting)} groups have not committed: {error}")
        some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        for group, future in [commit(g) for g in some]:
            if error := refused(future):
                waiting.append(group)
                time.sleep(0.05)
    print(json.dumps({"groups": count, "offsets": count * topics * partitions}))


def topics(bootstrap, count, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    names = [f"many-{i:04d}" for i in range(count)]
    own = lambda i: {"retention.ms": str(3_600_000 + i)} if i % 10 == 0 else {}
    plans = [NewTopic(n, num_partitions=partitions, replication_factor=3, config=own(i)) for i, n in enumerate(names)]
    for at in range(0, count, 100):
        create(admin, plans[at : at + 100])
    print(json.dumps({"topics": count}))


def members(bootstrap, count):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    create(admin, [NewTopic("live", num_partitions=6, replication_factor=3)])
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 2})
    for partition in range(6):
        for n in range(RECORDS):
            producer.produce("live", b"x%d" % n, partition=partition)
    producer.flush(60)
    live = []
    for group in range(count):
        for n in range(1 + group % 3):
            name = f"live-{group:03d}"
            member = Consumer(
                {
                    "bootstrap.servers": bootstrap,
                    "group.id": name,
                    "client.id": f"{name}-{n}",
                    "enable.auto.commit": False,
                    "auto.offset.reset": "latest",
                    # quiet: nothing more is produced there
                    "fetch.wait.max.ms": 30_000,
                    "socket.timeout.ms": 60_000,
                    "fetch.min.bytes": 1_000_000,
                    "heartbeat.interval.ms": 10_000,
                    "session.timeout.ms": 45_000,
                }
            )
            member.subscribe(["live"])
            live.append((name, f"{name}-{n}", member))
    until = time.monotonic() + PATIENCE_S
    while True:
        held = {}
        for name, client, member in live:
            member.poll(0)
            held.setdefault(name, {})[client] = sorted(p.partition for p in member.assignment())
        # each partition held once in each group
        whole = [sorted(sum(g.values(), [])) == list(range(6)) and all(g.values()) for g in held.values()]
        if all(whole):
            break
        if time.monotonic() > until:
            raise SystemExit(f"only {sum(whole)} of {count} groups have formed")
        time.sleep(0.05)
    for name, client, member in live:
        offset = RECORDS - int(name[5:]) % 5
        done = member.commit(offsets=[TopicPartition("live", p, offset) for p in held[name][client]], asynchronous=False)
        if refused := [p.error for p in done if p.error]:
            raise SystemExit(f"{client} cannot commit: {refused[0]}")
    print(json.dumps(held), flush=True)
    sys.stdin.read()
    # their sessions end with the cluster: leaving 400 times takes longer than anybody wants to wait
    os._exit(0)


def payloads(size):
    """Distinct orders with words and numbers in them, that shrink as such things do: about threefold."""
    dice = random.Random(7)
    cities = ["Berlin", "Lagos", "Lima", "Osaka", "Quito", "Turin", "Pune", "Bergen"]

    def order(n):
        head = {"order": n, "customer": f"c-{dice.randrange(10**6):06d}", "city": dice.choice(cities), "amount": round(dice.random() * 1000, 2)}
        text, line = json.dumps(head)[:-1], 0
        while len(text) < size - 60:
            text += f', "line{line}": {{"sku": "{dice.getrandbits(40):010x}", "quantity": {dice.randrange(9)}, "price": {dice.randrange(10**4)}}}'
            line += 1
        return (text + "}").encode()

    return [order(n) for n in range(20_000)]


def records(bootstrap, topic, partitions, count, size, codec, needle):
    partitions, count, size = int(partitions), int(count), int(size)
    create(AdminClient({"bootstrap.servers": bootstrap}), [NewTopic(topic, num_partitions=partitions, replication_factor=1, config={"retention.ms": "-1"})])
    settings = {"batch.size": 16_384, "linger.ms": 20, "queue.buffering.max.kbytes": 262_144, "queue.buffering.max.messages": 400_000, "log_level": 2}
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, **settings})
    values, lost, places, ends = payloads(size), [], [], [0] * partitions
    for n in range(count):
        partition = n // 15 % partitions
        value = values[n % len(values)]
        if n % 20_000 == 7:
            value = value[:-1] + f', "note": "{needle}"}}'.encode()
            places.append((partition, ends[partition]))
        ends[partition] += 1
        while True:
            try:
                producer.produce(topic, value, partition=partition, on_delivery=lambda e, _: e and lost.append(e))
                break
            except BufferError:
                producer.poll(0.05)
        if n % 1000 == 0:
            producer.poll(0)
    if producer.flush(120) or lost:
        raise SystemExit(f"records not produced: {lost[:3]}")
    print(json.dumps(sorted(places)))


def drop(bootstrap, topic):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic], operation_timeout=30)[topic].result(60)
    print(json.dumps({"dropped": topic}))


kind, bootstrap, *words = sys.argv[1:]
if kind in ("records", "drop"):
    {"records": records, "drop": drop}[kind](bootstrap, *words)
else:
    {"groups": groups, "topics": topics, "members": members}[kind](bootstrap, *map(int, words))
