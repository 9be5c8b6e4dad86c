#!/usr/bin/env python3
"""ports.py: print the first of 100 neighbouring TCP ports of 127.0.0.1 on none of which anything listens.

Below the range that the system hands out for outgoing connections: a killed broker's port must still be free when it
comes back. The whole block has to be free, so a bed with one node down keeps its block. Random, because beds start side by side.
"""
import random
import socket
import sys

SIZE = 100
with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    handed_out_from = int(f.read().split()[0])


def free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


bases = list(range(12000, max(12000 + SIZE, min(handed_out_from, 32768)) - SIZE, SIZE))
random.shuffle(bases)
for base in bases:
    if all(free(port) for port in range(base, base + SIZE)):
        print(base)
        sys.exit(0)
sys.exit("no block of 100 free ports")
