#!/usr/bin/env python3
"""ready.py [--exactly] [--in-sync] [--seconds S] [--pidfile F].. BROKERS HOST:PORT..: wait until every address tells of BROKERS brokers.

With --exactly not of more either (one was fenced). With --in-sync also until each partition has a leader and all its replicas in the ISR. Asks with one raw Metadata request
(version 1, some 30 ms; a JVM tool would take a second). Exit 0 when ready; 1 with the last state when the time is over
or a process named by a pid file has ended. An open port alone proves little: a node answers before the others have registered.
"""
import argparse
import os
import socket
import struct
import sys
import time

METADATA, VERSION = 3, 1


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def string(self):
        size = self.take("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def ints(self):
        return [self.take("i") for _ in range(self.take("i"))]


def ask(address):
    """(broker ids, what is wrong with partitions, at most five)"""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 2) as s:
        s.settimeout(5)
        body = struct.pack(">hhih", METADATA, VERSION, 1, 5) + b"ready" + struct.pack(">i", -1)
        s.sendall(struct.pack(">i", len(body)) + body)
        f = s.makefile("rb")
        r = Reader(f.read(struct.unpack(">i", f.read(4))[0]))
    r.take("i")  # correlation id
    brokers = []
    for _ in range(r.take("i")):
        brokers.append(r.take("i"))
        r.string(), r.take("i"), r.string()
    r.take("i")  # controller: a random broker in KRaft
    wrong = []
    for _ in range(r.take("i")):
        r.take("h")
        topic = r.string()
        r.take("b")
        for _ in range(r.take("i")):
            error, partition, leader = r.take("h"), r.take("i"), r.take("i")
            replicas, isr = r.ints(), r.ints()
            if leader < 0 or set(isr) != set(replicas):
                wrong.append(f"{topic}-{partition} leader {leader} isr {isr} of {replicas} error {error}")
    return sorted(brokers), wrong[:5]


def ended(pidfile):
    try:
        with open(pidfile) as f:
            pid = f.read().strip()
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


p = argparse.ArgumentParser()
p.add_argument("--exactly", action="store_true")
p.add_argument("--in-sync", action="store_true")
p.add_argument("--seconds", type=float, default=60)
p.add_argument("--pidfile", action="append", default=[])
p.add_argument("brokers", type=int)
p.add_argument("address", nargs="+")
a = p.parse_args()
start, last = time.time(), "nothing was asked"
waiting = list(a.address)
while time.time() - start < a.seconds:
    try:
        while waiting:
            brokers, wrong = ask(waiting[0])
            last = f"{waiting[0]}: brokers {brokers}"
            if len(brokers) < a.brokers or (a.exactly and len(brokers) > a.brokers):
                break
            if a.in_sync and wrong:
                last += ", " + "; ".join(wrong)
                break
            waiting.pop(0)
    except (OSError, struct.error) as e:
        last = f"{waiting[0]}: {e}"
    if not waiting:
        sys.exit(0)
    gone = [f for f in a.pidfile if ended(f)]
    if gone:
        last = f"{os.path.basename(gone[0])}: the process has ended"
        break
    time.sleep(0.1)
sys.exit(f"not ready after {time.time() - start:.0f} s: {last}")
