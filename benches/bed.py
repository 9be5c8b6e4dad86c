"""A real cluster of three nodes for measuring: brokers with both compilers and the memory for ten thousand replicas each.

It lives as long as this process does, in a folder and on ports of its own (`testbed/hold.sh`), and is planted by
librdkafka, so that what is measured is never its own witness.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "benches"
# A loaded machine must not look like dead brokers: Kafka's own patience instead of the tests'.
SETTINGS = "broker.session.timeout.ms=9000\nbroker.heartbeat.interval.ms=2000\nreplica.lag.time.max.ms=30000\n"


class Bed:
    def __init__(self, folder):
        self.folder = folder
        endpoints = json.loads((folder / "run/endpoints.json").read_text())
        self.addresses = [f"127.0.0.1:{node['PLAINTEXT']}" for node in endpoints["nodes"]]
        self.bootstrap = ",".join(self.addresses)
        self.python = endpoints["python"]
        self.lib = pathlib.Path(self.python).parent.parent.parent / "lib"

    def plant(self, *words):
        """Runs plant.py to its end; what it says."""
        command = [self.python, HERE / "plant.py", words[0], self.bootstrap, *map(str, words[1:])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"planting {words[0]} failed")
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def members(self, groups):
        """Live members for as long as the block runs: {group: {client id: [partition, ..]}}."""
        command = [self.python, HERE / "plant.py", "members", self.bootstrap, str(groups)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = child.stdout.readline()
            if not line:
                raise SystemExit("the live members did not come to be")
            yield json.loads(line)
        finally:
            child.stdin.close()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def replicas(self, prefix):
        """Replicas on disk of topics of that prefix."""
        dirs = [d for d in self.folder.glob("data/n*/*") if d.is_dir()]
        return sum(name.startswith(prefix) for d in dirs for name in os.listdir(d))

    def await_replicas(self, prefix, count, seconds):
        """Topics are answered for long before their logs are there: waits for every log, then for every ISR."""
        until = time.monotonic() + seconds
        while (found := self.replicas(prefix)) < count:
            if time.monotonic() > until:
                raise SystemExit(f"{found} of {count} replicas after {seconds} s")
            time.sleep(0.5)
        command = [ROOT / "testbed/ready.py", "--in-sync", "--seconds", str(seconds), "3", *self.addresses]
        subprocess.run(command, check=True)


@contextlib.contextmanager
def bed(folder):
    folder.mkdir(parents=True, exist_ok=True)
    extra = folder / "bench.properties"
    extra.write_text(SETTINGS)
    settings = {"KAFKAWEAVE_BED": str(folder), "HEAP": "768m", "JVM": "-XX:TieredStopAtLevel=4", "EXTRA": str(extra)}
    hold = subprocess.Popen(
        [ROOT / "testbed/hold.sh"], env=os.environ | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if hold.stdout.readline().strip() != "ready":
            raise SystemExit(f"the cluster did not start: see {folder}/logs")
        yield Bed(folder)
    finally:
        hold.stdin.close()
        hold.wait()
