#!/usr/bin/env python3
"""Measures a build of kafkaweave, as a client sees it, and writes the table into README.md.

    scripts/measure.py                      target/release/kafkaweave, prints the table
    scripts/measure.py --write              also writes it into README.md
    scripts/measure.py --binary PATH --quick

Needs Python 3 on Linux, nothing else. The cluster is the sandbox in a process of its own, so the
memory and the time of the server are its own; what it costs to ask three real brokers over a network
comes on top. The client is this script: its own time is part of every figure.
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import re
import socket
import statistics
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARKS = ("<!-- numbers -->", "<!-- /numbers -->")
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "measure", "version": "1"},
}
TOPICS = 2000


def environment():
    """No configuration of this machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KAFKAWEAVE_")}
    return kept | {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}


@contextlib.contextmanager
def process(*command, **pipes):
    child = subprocess.Popen(
        [str(part) for part in command], cwd="/", env=environment(), text=True, **pipes
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def sandbox(binary, *options):
    """A sandbox cluster in its own process; its bootstrap addresses."""
    with process(binary, "sandbox", *options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        for line in child.stdout:
            if line.startswith("bootstrap: "):
                yield line.split()[1]
                return
        raise SystemExit("the sandbox did not start")


class Stdio:
    """A client on standard input and output."""

    def __init__(self, child):
        self.child, self.id = child, 0
        self.ask("initialize", INITIALIZE)
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.child.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        self.child.stdin.flush()

    def ask(self, method, params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        while line := self.child.stdout.readline():
            answer = json.loads(line)
            if answer.get("id") == self.id:
                return result(answer)
        raise SystemExit("the server ended")

    def call(self, tool, arguments):
        return checked(tool, self.ask("tools/call", {"name": tool, "arguments": arguments}))


class Http:
    """A client on one HTTP connection, with a session."""

    def __init__(self, url):
        found = re.fullmatch(r"http://([^/]+)(/.*)", url)
        self.connection, self.path = http.client.HTTPConnection(found[1], timeout=60), found[2]
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        self.id = 0
        self.ask("initialize", INITIALIZE)
        self.headers["MCP-Protocol-Version"] = INITIALIZE["protocolVersion"]
        self.post({"method": "notifications/initialized"})

    def post(self, message):
        body = json.dumps({"jsonrpc": "2.0"} | message)
        self.connection.request("POST", self.path, body, self.headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise SystemExit(f"HTTP {response.status}: {text}")
        if session := response.getheader("Mcp-Session-Id"):
            self.headers["Mcp-Session-Id"] = session
        return text

    def ask(self, method, params):
        self.id += 1
        text = self.post({"id": self.id, "method": method, "params": params})
        if not text.startswith("{"):  # an event stream
            lines = [line[5:] for line in text.splitlines() if line.startswith("data:")]
            text = next(line for line in lines if f'"id":{self.id}' in line)
        return result(json.loads(text))

    def call(self, tool, arguments):
        return checked(tool, self.ask("tools/call", {"name": tool, "arguments": arguments}))


def result(answer):
    if "error" in answer:
        raise SystemExit(f"error: {answer['error']}")
    return answer["result"]


def checked(tool, answer):
    """A figure for an error would be a wrong figure."""
    if answer.get("isError"):
        raise SystemExit(f"{tool}: {answer['content'][0]['text']}")
    return answer


@contextlib.contextmanager
def stdio(binary, *arguments):
    with process(
        binary, "serve", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        yield Stdio(child)


@contextlib.contextmanager
def over_http(binary, *arguments):
    command = [binary, "serve", "http", "--listen", "127.0.0.1:0", *arguments]
    with process(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        for line in child.stderr:
            if line.startswith("listening on "):
                yield Http(line.split()[2])
                return
        raise SystemExit("the HTTP server did not start")


def start_ms(binary, times, *arguments):
    """From spawning the process to its answer to `initialize`, median."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        with stdio(binary, *arguments):
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def memory_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def rate(client, tool, count, arguments=None):
    """Calls one after the other: calls per second, and the median of one, ms."""
    for _ in range(min(count, 50)):
        client.call(tool, arguments or {})
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        client.call(tool, arguments or {})
        taken.append(time.perf_counter() - begun)
    return count / sum(taken), statistics.median(taken) * 1000


def create_topics(bootstrap, count):
    """CreateTopics version 4 on the wire, at whichever broker is the controller."""

    def string(text):
        return struct.pack(">h", len(text)) + text.encode()

    for first in range(0, count, 500):
        names = [f"topic-{number:05}" for number in range(first, min(first + 500, count))]
        topics = b"".join(string(n) + struct.pack(">ihii", 3, 3, 0, 0) for n in names)
        body = struct.pack(">i", len(names)) + topics + struct.pack(">i?", 30_000, False)
        request = struct.pack(">hhi", 19, 4, first) + string("measure") + body
        errors = set()
        for address in bootstrap.split(","):
            host, port = address.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=60) as broker:
                broker.sendall(struct.pack(">i", len(request)) + request)
                stream = broker.makefile("rb")
                answer = stream.read(struct.unpack(">i", stream.read(4))[0])
            errors = codes_of(answer)
            if 41 not in errors:  # NOT_CONTROLLER
                break
        if errors != {0}:
            raise SystemExit(f"CreateTopics: error codes {sorted(errors)}")


def codes_of(answer):
    """The error codes in an answer to CreateTopics version 4."""
    at, codes = 8, set()  # correlation id, throttle time
    (count,) = struct.unpack_from(">i", answer, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from(">h", answer, at)
        at += 2 + length
        (code, length) = struct.unpack_from(">hh", answer, at)
        at += 4 + max(length, 0)
        codes.add(code)
    return codes


def measure(binary, quick):
    times, calls = (3, 100) if quick else (15, 1000)
    nowhere = ("--bootstrap", "127.0.0.1:9")
    yield "size of the binary", f"{binary.stat().st_size / 1e6:.1f} MB"
    yield "process start to the answer to `initialize`", f"{start_ms(binary, times, *nowhere):.1f} ms"
    started = start_ms(binary, times, "--sandbox")
    yield "the same with `--sandbox`, a cluster of three brokers started too", f"{started:.1f} ms"
    with sandbox(binary, "--still") as bootstrap:
        cluster = ("--bootstrap", bootstrap, "--log", "error")
        with stdio(binary, *cluster) as client:
            pid = client.child.pid
            yield "memory (RSS), idle", f"{memory_mb(pid):.1f} MB"
            client.call("kafka_topic_list", {})
            for number in range(calls):
                client.call(["kafka_topic_list", "kafka_group_lag"][number % 2], {})
            yield f"memory (RSS) after {calls:,} calls", f"{memory_mb(pid):.1f} MB"
        for name, open_client in (("stdio", stdio), ("HTTP", over_http)):
            with open_client(binary, *cluster) as client:
                for tool in ("kafka_cluster_list", "kafka_topic_list", "kafka_group_lag"):
                    per_second, median = rate(client, tool, calls)
                    yield f"`{tool}` over {name}, one at a time", f"{per_second:,.0f}/s, {median:.2f} ms"
    with sandbox(binary, "--empty") as bootstrap:
        create_topics(bootstrap, TOPICS)
        with stdio(binary, "--bootstrap", bootstrap, "--log", "error") as client:
            begun = time.perf_counter()
            answer = client.call("kafka_topic_list", {})
            first = (time.perf_counter() - begun) * 1000
            total = answer["structuredContent"]["total"]
            if total != TOPICS:
                raise SystemExit(f"{total} topics instead of {TOPICS}")
            _, median = rate(client, "kafka_topic_list", 50 if quick else 200)
            yield f"first page of `kafka_topic_list` with {TOPICS:,} topics, connecting included", f"{first:.1f} ms"
            yield "the same again", f"{median:.1f} ms"


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine():
    memory = int(re.search(r"MemTotal:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())[1])
    cores = len(os.sched_getaffinity(0))
    return f"{platform.machine()} {platform.system()}, {cores} cores, {memory / 2**20:.0f} GB of memory"


def table(binary, quick):
    load = os.getloadavg()[0]
    lines = ["| What | Measured |", "| --- | --- |"]
    for what, value in measure(binary, quick):
        print(f"{what}: {value}", flush=True)
        lines.append(f"| {what} | {value} |")
    version = said(str(binary), "--version")
    rustc = re.match(r"rustc \S+", said("rustc", "--version") or "")
    parts = [
        f"{datetime.date.today()}",
        machine(),
        f"load {load:.1f} before",
        version,
        rustc[0] if rustc else "rustc unknown",
        f"client in Python {platform.python_version()}",
    ]
    lines += ["", f"Measured by `scripts/measure.py` on {'; '.join(parts)}."]
    return "\n".join(lines) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", type=pathlib.Path, help="default: target/release/kafkaweave")
    arguments.add_argument("--write", action="store_true", help="write the table into README.md")
    arguments.add_argument("--quick", action="store_true", help="few repetitions, to try the script")
    given = arguments.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = (given.binary or target / "release" / "kafkaweave").resolve()
    if not binary.exists():
        raise SystemExit(f"{binary} does not exist: cargo build --release")
    if given.write and given.quick:
        raise SystemExit("--quick is for trying, not for README.md")
    text = table(binary, given.quick)
    print("\n" + text)
    if given.write:
        readme = ROOT / "README.md"
        before, rest = readme.read_text().split(MARKS[0], 1)
        after = rest.split(MARKS[1], 1)[1]
        readme.write_text(f"{before}{MARKS[0]}\n{text}{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
