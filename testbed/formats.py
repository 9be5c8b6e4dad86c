#!/usr/bin/env python3
"""formats.py BOOTSTRAP STEM: fills the topics STEM-json, STEM-avro, .. with payloads whose numbers the tests know.

The topics exist already. Every payload is encoded by hand here, with no code of the product and no schema library.
"""
import json
import struct
import sys
import time
import uuid

from confluent_kafka import Producer

BOOTSTRAP, STEM = sys.argv[1:3]


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def zigzag(number):
    return varint((number << 1) ^ (number >> 63))


def text(value):
    """A string as Avro writes it."""
    return zigzag(len(value)) + value.encode()


def sized(field, value):
    """A string or message as protobuf writes it."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def msgpack(value):
    if isinstance(value, dict):
        return bytes([0x80 | len(value)]) + b"".join(msgpack(k) + msgpack(v) for k, v in value.items())
    if isinstance(value, str):
        return bytes([0xA0 | len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(map(msgpack, value))
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    return b"\xce" + struct.pack(">I", value)


def container(n):
    schema = json.dumps({"type": "record", "name": "Reading", "fields": [
        {"name": "sensor", "type": "string"}, {"name": "degrees", "type": "double"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]})
    records = b"".join(text(f"s-{n % 5}") + struct.pack("<d", n / 4) + zigzag(1_795_000_000_000 + n) for _ in range(2))
    sync = bytes(range(16))
    header = b"Obj\x01" + zigzag(2) + text("avro.schema") + text(schema) + text("avro.codec") + text("null") + b"\0" + sync
    return header + zigzag(2) + zigzag(len(records)) + records + sync


def framed(schema_id, body):
    return b"\0" + struct.pack(">I", schema_id) + body


def producer(**more):
    settings = {"bootstrap.servers": BOOTSTRAP, "acks": "all", "linger.ms": 100}
    return Producer({**settings, **{k.replace("_", "."): v for k, v in more.items()}})


def fill(stem, count, record, **settings):
    out = producer(**settings)
    failed = []
    for n in range(count):
        out.produce(f"{STEM}-{stem}", on_delivery=lambda error, _: failed.append(error) if error else None, **record(n))
        out.poll(0)
    left = out.flush(30)
    assert left == 0 and not failed, f"{left} records of {stem} were not taken, {len(failed)} refused: {failed[:1]}"


NOW = int(time.time() * 1000)


def order(n):
    key = f"c-{n % 60}"
    value = {"order": {"id": n, "customer": key, "lines": [{"sku": f"sku-{n % 7}", "count": 1}, {"sku": "sku-0", "count": 2}]},
             "state": "NEW" if n % 4 == 0 else "DONE", "total": n + 0.5}
    if n % 3 == 0:
        value["note"] = None
    headers = [("trace", b"t")] + ([("__value_schema_id", b"\x01" + uuid.UUID(int=n).bytes)] if n % 2 else [])
    return {"key": key, "value": json.dumps(value), "headers": headers}


def clocks(n):
    # Of each ten one is a day ahead and the one after it, like all others, is not; two go back an hour.
    shift = 86_400_000 if n % 10 == 3 else -3_600_000 if n % 10 in (6, 7) else 0
    return {"value": f"line {n}: all is well", "timestamp": NOW - 600_000 + n + shift}


def compacted(n):
    key = f"k-{n % 50}" if n < 200 else f"only-{n}"
    return {"key": key, "value": None if n % 8 == 7 else f"v{n}"}


fill("json", 300, order, compression_type="lz4", enable_idempotence="true")
fill("avro", 60, lambda n: {"value": container(n)}, compression_type="zstd")
fill("confluent-avro", 200, lambda n: {"key": f"k{n}", "value": framed(4242, text(f"order-{n}") + zigzag(n) + b"\x02" + text("EUR"))})
fill("confluent-protobuf", 200, lambda n: {"value": framed(77, b"\0" + b"\x08" + varint(n + 1) + sized(2, b"alice") + sized(3, sized(1, b"Oslo")))})
fill("msgpack", 200, lambda n: {"key": str(n), "value": msgpack({"id": n, "name": "alice", "tags": ["a", "b"], "in": {"x": n / 4}})})
fill("protobuf", 200, lambda n: {"value": b"\x08" + varint(n + 1) + sized(2, f"name-{n}".encode()) + sized(3, sized(1, b"Oslo") + b"\x10\x01")})
fill("clocks", 200, clocks)
fill("numbers", 200, lambda n: {"key": struct.pack(">q", n), "value": uuid.uuid4().bytes})
fill("mixed", 4000, lambda n: {"value": json.dumps({"n": n}) if n * 7 % 10 < 7 else msgpack({"n": n, "m": "x"}), "partition": n % 2})
fill("compacted", 400, compacted)
