"""A real cluster of three nodes for measuring: brokers with both compilers and the memory for ten thousand replicas each.

It lives as long as this process does, in a folder and on ports of its own (`testbed/hold.sh`), and is planted by
librdkafka, so that what is measured is never its own witness.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "benches"
# A loaded machine must not look like dead brokers, nor followers that have ten thousand logs to make like lost ones.
SETTINGS = "broker.session.timeout.ms=9000\nbroker.heartbeat.interval.ms=2000\nreplica.lag.time.max.ms=300000\n"
# Of one core, all brokers together: what thousands of idle replicas cost.
AT_REST = 0.4


class Bed:
    def __init__(self, folder):
        self.folder = folder
        endpoints = json.loads((folder / "run/endpoints.json").read_text())
        self.addresses = [f"127.0.0.1:{node['PLAINTEXT']}" for node in endpoints["nodes"]]
        self.bootstrap = ",".join(self.addresses)
        self.sasl_ssl = ",".join(f"127.0.0.1:{node['SASL_SSL']}" for node in endpoints["nodes"])
        self.ca = folder / "pki/ca.pem"
        self.python = endpoints["python"]
        self.lib = pathlib.Path(self.python).parent.parent.parent / "lib"

    def plant(self, *words):
        """Runs plant.py to its end; what it says."""
        command = [self.python, HERE / "plant.py", words[0], self.bootstrap, *map(str, words[1:])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"planting {words[0]} failed")
        return json.loads(done.stdout)

    def drop(self, topic):
        """Deletes a topic, so that its gigabyte is there for the next."""
        self.plant("drop", topic)

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
            time.sleep(1)
        command = [ROOT / "testbed/ready.py", "--in-sync", "--seconds", str(seconds), "3", *self.addresses]
        subprocess.run(command, check=True)
        self.await_rest(60)

    def cpu_s(self):
        """CPU seconds of the brokers so far."""
        pids = [path.read_text().strip() for path in self.folder.glob("run/n?.pid")]
        return sum(used(pid)[0] for pid in pids)

    def await_rest(self, seconds):
        """Followers go on working for a while when all logs are there."""
        until, before = time.monotonic() + seconds, self.cpu_s()
        while time.monotonic() < until:
            time.sleep(2)
            now = self.cpu_s()
            if (now - before) / 2 < AT_REST:
                return
            before = now
        print(f"the brokers are not at rest after {seconds} s", flush=True)


def used(pid):
    """CPU seconds and peak of memory (MB) of a running process."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(stat[11]) + int(stat[12])
    peak = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return ticks / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024


def memory():
    """A folder in memory, where there is room: thirty thousand logs are made in a third of the time."""
    shared = pathlib.Path("/dev/shm")
    with contextlib.suppress(OSError):
        if shutil.disk_usage(shared).free > 4 << 30 and os.statvfs(shared).f_favail > 500_000:
            return pathlib.Path(tempfile.mkdtemp(prefix="kafkaweave-bench-", dir=shared))
    return None


@contextlib.contextmanager
def bed(fallback):
    """A new cluster in memory, or else in the folder `fallback`."""
    in_memory = memory()
    folder = in_memory or fallback
    folder.mkdir(parents=True, exist_ok=True)
    extra = folder / "bench.properties"
    extra.write_text(SETTINGS)
    settings = {"KAFKAWEAVE_BED": str(folder), "HEAP": "1536m", "JVM": "-XX:TieredStopAtLevel=4", "EXTRA": str(extra)}
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
        if in_memory:
            for log in (folder / "logs").glob("n?.log"):
                fallback.mkdir(parents=True, exist_ok=True)
                shutil.copy(log, fallback)
            shutil.rmtree(folder, ignore_errors=True)
