#!/usr/bin/env python3
"""hang.py HOST:PORT TOPIC PARTITION TRANSACTIONAL_ID: plants a transaction that hangs, as a client with a bug would.

A transactional batch goes straight to the partition's leader, and the coordinator is never told that the transaction
includes the partition, so nobody will end it. The leader takes that only with
transaction.partition.verification.enable=false, a dynamic setting of brokers; the error is 120 until it has it.
Standard library only. Prints one line of JSON: error, producer_id, epoch, offset.
"""
import json
import socket
import struct
import sys
import time

METADATA, FIND_COORDINATOR, PRODUCE, INIT_PRODUCER_ID = 3, 10, 0, 22
TRANSACTIONAL = 0x10
TIMEOUT_MS = 60_000


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def unsigned(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def varint(number):
    return unsigned((number << 1) ^ (number >> 63))


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


def compact(text):
    return unsigned(len(text) + 1) + text.encode()


class Answer:
    """Bytes, read from left to right."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def string(self):
        length = max(self.take("h"), 0)
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def skip_ids(self):
        count = self.take("i")
        self.at += 4 * count


def call(address, key, version, body, flexible=False):
    with socket.create_connection(address, 5) as connection:
        head = struct.pack(">hhi", key, version, 1) + string("hang") + (b"\0" if flexible else b"")
        connection.sendall(struct.pack(">i", len(head + body)) + head + body)
        stream = connection.makefile("rb")
        (length,) = struct.unpack(">i", stream.read(4))
        return Answer(stream.read(length)[5 if flexible else 4:])


def leader(bootstrap, topic, partition):
    answer = call(bootstrap, METADATA, 1, struct.pack(">i", 1) + string(topic))
    nodes = {}
    for _ in range(answer.take("i")):
        node, host, port = answer.take("i"), answer.string(), answer.take("i")
        nodes[node] = (host, port)
        answer.string()  # rack
    answer.take("iih")  # controller, number of topics, error
    answer.string()
    answer.take("b")  # internal
    for _ in range(answer.take("i")):
        _error, index, lead = answer.take("hii")
        answer.skip_ids()
        answer.skip_ids()
        if index == partition:
            return nodes[lead]
    raise SystemExit(f"{topic} has no partition {partition}")


def producer(bootstrap, transactional_id):
    """Producer id and epoch; the coordinator may need a moment."""
    for _ in range(100):
        answer = call(bootstrap, FIND_COORDINATOR, 1, string(transactional_id) + b"\1")
        _throttle, error = answer.take("ih")
        answer.string()
        if not error:
            _node, host, port = answer.take("i"), answer.string(), answer.take("i")
            body = string(transactional_id) + struct.pack(">i", TIMEOUT_MS)
            _throttle, error, producer_id, epoch = call((host, port), INIT_PRODUCER_ID, 1, body).take("ihqh")
            if not error:
                return producer_id, epoch
        time.sleep(0.1)
    raise SystemExit(f"no producer id: error {error}")


def batch(producer_id, epoch):
    """One batch of one record."""
    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(4) + b"hang" + varint(0)
    now = int(time.time() * 1000)
    tail = struct.pack(">hiqqqhii", TRANSACTIONAL, 0, now, now, producer_id, epoch, 0, 1)
    tail += varint(len(record)) + record
    return struct.pack(">qiib", 0, len(tail) + 9, 0, 2) + struct.pack(">I", crc32c(tail)) + tail


def main(address, topic, partition, transactional_id):
    host, port = address.rsplit(":", 1)
    bootstrap = (host, int(port))
    producer_id, epoch = producer(bootstrap, transactional_id)
    records = batch(producer_id, epoch)
    body = compact(transactional_id) + struct.pack(">hi", -1, 10_000)
    body += unsigned(2) + compact(topic) + unsigned(2) + struct.pack(">i", int(partition))
    body += unsigned(len(records) + 1) + records + b"\0\0\0"
    answer = call(leader(bootstrap, topic, int(partition)), PRODUCE, 11, body, flexible=True)
    answer.at = len(unsigned(2)) + len(compact(topic)) + len(unsigned(2))
    _partition, error, offset = answer.take("ihq")
    print(json.dumps({"error": error, "producer_id": producer_id, "epoch": epoch, "offset": offset}))


main(*sys.argv[1:])
