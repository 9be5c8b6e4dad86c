"""The others: where they come from, and how they are called.

Kafka's own tools are classes on the test bed's class path, run with the bed's flags: one collector thread, the quick
compiler, a class data archive, which starts them in half the time of Kafka's own scripts. librdkafka comes with the
bed. kcl and kminion are Go programs: found by KAFKAWEAVE_BENCH_KCL and .._KMINION, in the cache, on the PATH, or
installed into the cache with `go install`. What cannot be had is told and not measured.
"""

import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import time

from bed import HERE, ROOT, used

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "kafkaweave/bench"
GO = {"kcl": "github.com/twmb/kcl@latest", "kminion": "github.com/cloudhut/kminion/v2@latest"}


def go_program(name):
    """(path, None) or (None, why not)."""
    given = os.environ.get(f"KAFKAWEAVE_BENCH_{name.upper()}")
    places = [given, str(CACHE / name), shutil.which(name)]
    if found := next((p for p in places if p and os.access(p, os.X_OK)), None):
        return found, None
    if not shutil.which("go"):
        return None, "there is no `go` to install it with"
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["go", "install", GO[name]], env=os.environ | {"GOBIN": str(CACHE)}, capture_output=True, text=True, timeout=600)
    if done.returncode == 0 and os.access(CACHE / name, os.X_OK):
        return str(CACHE / name), None
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
    return None, f"go install {GO[name]}: {last}"


def version(path):
    """What a Go program says of itself, or what stands beside it."""
    beside = pathlib.Path(path + ".version")
    if beside.exists():
        return beside.read_text().strip()
    done = subprocess.run(["go", "version", "-m", path], capture_output=True, text=True)
    module = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("mod")]
    return module[0][2] if module else "unknown version"


class Java:
    """Kafka's command-line tools, each call a JVM of its own."""

    def __init__(self, bed):
        script = f'. "{ROOT}/testbed/env.sh"; jars; echo "$CP"; jvm'
        env = os.environ | {"KAFKAWEAVE_BED": str(bed.folder)}
        said = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=True).stdout
        classes, flags = said.split("\n", 1)
        log = f"-Dlog4j2.configurationFile=file:{ROOT}/testbed/log4j2-tools.properties"
        self.start = ["java", "-Xmx256m", *flags.split(), log, "-cp", classes]
        self.bootstrap = bed.bootstrap

    def command(self, name, *words):
        return [*self.start, f"org.apache.kafka.tools.{name}", "--bootstrap-server", self.bootstrap, *words]


def admin_client(bed):
    return [bed.python, HERE / "admin_client.py", bed.bootstrap]


def kcl(path, bed, *words):
    return [path, "--no-config-file", "-B", bed.bootstrap, *words]


class Kminion:
    """A running exporter of groups alone; `scrape` is one look at its metrics."""

    def __init__(self, port, pid):
        self.port, self.pid = port, pid

    def scrape(self):
        before, _ = used(self.pid)
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        wall = time.perf_counter() - begun
        connection.close()
        after, peak = used(self.pid)
        return {"wall_s": wall, "cpu_s": after - before, "rss_mb": peak, "exit": 0}, text


@contextlib.contextmanager
def kminion(path, bed):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    settings = {
        "KAFKA_BROKERS": bed.bootstrap,
        "MINION_TOPICS_ENABLED": "false",
        "MINION_LOGDIRS_ENABLED": "false",
        "EXPORTER_HOST": "127.0.0.1",
        "EXPORTER_PORT": str(port),
        "LOGGER_LEVEL": "warn",
    }
    child = subprocess.Popen([path], env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        exporter = Kminion(port, child.pid)
        for _ in range(100):
            with contextlib.suppress(OSError, http.client.HTTPException):
                exporter.scrape()
                break
            if child.poll() is not None:
                raise SystemExit("kminion ended at once")
            time.sleep(0.1)
        yield exporter
    finally:
        child.kill()
        child.wait()


# What takes librdkafka's slow paths away: it pauses for a second whenever its queue is full.
TUNED = [
    "fetch.queue.backoff.ms=2",
    "queued.min.messages=100000",
    "queued.max.messages.kbytes=65536",
    "max.partition.fetch.bytes=4194304",
    "fetch.max.bytes=52428800",
]


def kcat(bed, topic, tls=False):
    """kcat that prints every record of a topic, one a line."""
    login = []
    if tls:
        settings = ["security.protocol=SASL_SSL", f"ssl.ca.location={bed.ca}", "sasl.mechanism=PLAIN", "sasl.username=admin", "sasl.password=admin-secret"]
        login = [word for setting in settings for word in ("-X", setting)]
    return [shutil.which("kcat") or "kcat", "-C", "-e", "-q", "-b", bed.sasl_ssl if tls else bed.bootstrap, *login, "-t", topic]


def rdkafka_scan():
    """(path, None) or (None, why not)."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "release/examples/scan"
    if os.access(path, os.X_OK):
        return str(path), None
    return None, "not built: cargo build --release -p kafkaweave-librdkafka --example scan"
