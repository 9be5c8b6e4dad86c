#!/usr/bin/env python3
"""admin_client.py BOOTSTRAP: lag of all groups with librdkafka's AdminClient, all calls in flight at once; the rival process.

librdkafka takes one group in a call. Prints groups, offsets and the sum of lag.
"""

import sys

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
groups = [g.group_id for g in admin.list_consumer_groups().result().valid]
calls = [admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(g)])[g] for g in groups]
committed = {g: call.result().topic_partitions for g, call in zip(groups, calls)}
wanted = {(p.topic, p.partition) for of_group in committed.values() for p in of_group}
asked = admin.list_offsets({TopicPartition(t, p): OffsetSpec.latest() for t, p in wanted})
ends = {(p.topic, p.partition): future.result().offset for p, future in asked.items()}
lag = sum(ends[p.topic, p.partition] - p.offset for of_group in committed.values() for p in of_group)
print(len(groups), sum(map(len, committed.values())), lag)
