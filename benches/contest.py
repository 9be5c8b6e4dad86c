"""Runs kafkaweave and its rivals in turns, and says who won by how much."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from bed import HERE, used

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benches", "version": "1"}}
# What a process may take at most, s.
LIMIT_S = 300


def environment():
    """No configuration of this machine."""
    return {k: v for k, v in os.environ.items() if not k.startswith("KAFKAWEAVE_")} | {"XDG_CONFIG_HOME": "/nonexistent"}


def run(command, env=None):
    """Runs a program to its end: what it cost, and what it printed. A failure is no figure."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = pathlib.Path(folder, "out"), pathlib.Path(folder, "err")
        launcher = [sys.executable, "-I", "-S", HERE / "measured.py", str(LIMIT_S), out, err]
        done = subprocess.run([*launcher, *map(str, command)], env=env or environment(), stdout=subprocess.PIPE, text=True, check=True)
        cost, text, errors = json.loads(done.stdout), out.read_text(), err.read_text()
    if cost["exit"] != 0:
        raise SystemExit(f"{' '.join(map(str, command))[-200:]}: exit {cost['exit']}: {errors[-500:]}")
    return cost, text, errors


class Kafkaweave:
    """The binary under test, as a new process each time."""

    def __init__(self, binary, bed):
        self.binary, self.bed = binary, bed

    def command(self, tool, *words, log="error"):
        return [self.binary, "call", "--bootstrap", self.bed.bootstrap, "--log", log, tool, *words]

    def call(self, tool, *words):
        cost, text, _ = run(self.command(tool, *words))
        return cost, text

    def requests(self, tool, *words, env=None):
        """How many requests of which API a call sends, and bytes both ways."""
        _, _, log = run(self.command(tool, *words, log="requests=debug"), env)
        log = re.sub(r"\x1b\[[0-9;]*m", "", log)
        apis, sent, received = {}, 0, 0
        for line in log.splitlines():
            if found := re.search(r'api="(\w+)".* sent_bytes=(\d+)(?: received_bytes=(\d+))?', line):
                apis[found[1]] = apis.get(found[1], 0) + 1
                sent, received = sent + int(found[2]), received + int(found[3] or 0)
        if not apis:
            raise SystemExit(f"{tool} told of no request")
        return {"requests": sum(apis.values()), "apis": apis, "sent_bytes": sent, "received_bytes": received}

    def pages(self, tool, rows, *words):
        """All rows of a list, page by page, as data."""
        found, cursor = [], []
        while True:
            _, text = self.call(tool, "--output", "json", "--limit", "1000", *words, *cursor)
            page = json.loads(text)
            if page.get("missing"):
                raise SystemExit(f"{tool} misses {page['missing'][:3]}")
            found += page[rows]
            if "next_cursor" not in page:
                return found
            cursor = ["--cursor", page["next_cursor"]]


    def session(self, tool, arguments, *options):
        """All pages of a list in one new process that speaks MCP: what it cost from start to last page, and the pages."""
        command = [self.binary, "serve", "--bootstrap", self.bed.bootstrap, "--log", "error", *options]
        begun = time.perf_counter()
        child = subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        def send(message):
            child.stdin.write(json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n")
            child.stdin.flush()

        send({"id": 0, "method": "initialize", "params": INITIALIZE})
        child.stdout.readline()
        send({"method": "notifications/initialized"})
        lines, cursor = [], {}
        while True:
            send({"id": len(lines) + 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments | cursor}})
            line = child.stdout.readline()
            lines.append(line)
            next_cursor = re.search(rb'"next_cursor":"(\w+)"', line)
            if not next_cursor:
                break
            cursor = {"cursor": next_cursor[1].decode()}
        wall = time.perf_counter() - begun
        _, peak = used(child.pid)
        child.stdin.close()
        _, status, of = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        pages = [json.loads(line).get("result", {}) for line in lines]
        if bad := next((p for p in pages if p.get("isError") or "structuredContent" not in p or p["structuredContent"].get("missing")), None):
            raise SystemExit(f"{tool}: {str(bad)[:500]}")
        cost = {"wall_s": wall, "cpu_s": of.ru_utime + of.ru_stime, "rss_mb": peak, "exit": child.returncode}
        return cost, [p["structuredContent"] for p in pages]


class Rival:
    """One to compare with. `run` gives its cost and what it found, which must be `truth`."""

    def __init__(self, name, run, needed=None, slow=False, note="", needed_cpu=None):
        self.name, self.run, self.needed, self.slow, self.note, self.needed_cpu = name, run, needed, slow, note, needed_cpu


class Missing:
    """A rival that could not be had."""

    def __init__(self, name, why, needed=None):
        self.name, self.why, self.needed = name, why, needed


def spread(costs, key):
    values = [c[key] for c in costs]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summary(costs):
    return {key: spread(costs, key) for key in ("wall_s", "cpu_s", "rss_mb")} | {"runs": len(costs)}


def contest(name, ours, rivals, rounds, slow_rounds, warm_s=10, warm_runs=3, say=print):
    """Warms every path, then lets each rival and kafkaweave run in turns. A slow rival warms once and runs fewer rounds.

    Brokers compile what they do often: each path is warmed `warm_runs` times at least, and as often as goes into `warm_s`.
    """
    present = [r for r in rivals if isinstance(r, Rival)]
    for n in range(warm_runs):
        ours()
        for rival in present:
            if n == 0 or not rival.slow:
                rival.run()
    for path in [ours, *(r.run for r in present if not r.slow)]:
        until = time.monotonic() + warm_s / (1 + len(present))
        while time.monotonic() < until:
            path()
    own, theirs = {r.name: [] for r in present}, {r.name: [] for r in present}
    for n in range(rounds):
        for rival in present:
            if rival.slow and n >= slow_rounds:
                continue
            theirs[rival.name].append(rival.run())
            own[rival.name].append(ours())
    rows = []
    for rival in rivals:
        if isinstance(rival, Missing):
            rows.append({"rival": rival.name, "not_measured": rival.why, "needed_ratio": rival.needed})
            continue
        beside, their = summary(own[rival.name]), summary(theirs[rival.name])
        ratio, cpu_ratio = (their[of]["median"] / max(beside[of]["median"], 0.001) for of in ("wall_s", "cpu_s"))
        ok = ratio >= (rival.needed or 0) and cpu_ratio >= (rival.needed_cpu or 0)
        rows.append({"rival": rival.name, "note": rival.note, "costs": their, "beside": beside, "ratio": ratio, "needed_ratio": rival.needed, "ok": ok})
        rows[-1] |= {"cpu_ratio": cpu_ratio, "needed_cpu_ratio": rival.needed_cpu}
        short = "" if ok else f", needed {rival.needed or 0} and {rival.needed_cpu or 0:.2f} of CPU"
        say(f"{name}: {ratio:.1f} times faster, {cpu_ratio:.1f} times less CPU than {rival.name}{short}", flush=True)
    every = [c for costs in own.values() for c in costs]
    return {"job": name, "kafkaweave": summary(every), "rivals": rows, "bounds": []}


def bound(result, what, value, most, unit=""):
    """A bound on kafkaweave itself."""
    result["bounds"].append({"what": what, "value": value, "most": most, "unit": unit, "ok": value <= most})


def same(what, found, truth):
    """A fast wrong answer is no answer."""
    if found == truth:
        return
    if isinstance(found, dict) and isinstance(truth, dict):
        # what is different alone
        keys = sorted(k for k in found.keys() | truth.keys() if found.get(k) != truth.get(k))
        what = f"{what}, {len(keys)} of {len(truth)}"
        found, truth = {k: found.get(k) for k in keys[:5]}, {k: truth.get(k) for k in keys[:5]}
    raise SystemExit(f"WRONG: {what}: found {str(found)[:400]}, true is {str(truth)[:400]}")
