#!/usr/bin/env python3
"""Measures kafkaweave against others that answer the same question, on one real cluster in one run.

    benches/run.py                     all jobs; the table goes to standard output and target/bench
    benches/run.py lag members         some of them: lag, members, search-plain, search-lz4, search-zstd, search-small, tls,
                                       topics, describe
    benches/run.py --write             also into docs/benchmarks.md and benches/results; jobs that were not run keep
                                       their last figures there, each table says of when
    benches/run.py --binary PATH --rounds 5 --slow-rounds 3

Needs a release build, Python 3 on Linux, and what the test bed needs (testbed/install.sh). It fetches and starts what
it needs by itself and ends it. The exit code is 1 when a needed ratio or a bound does not hold.
"""

import argparse
import datetime
import functools
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lag  # noqa: E402
import search  # noqa: E402
import table  # noqa: E402
import topics  # noqa: E402
from bed import ROOT, bed  # noqa: E402
from contest import Kafkaweave  # noqa: E402

JOBS = {
    "lag": lag.measure,
    "members": lag.measure_members,
    **{f"search-{cell[0]}": functools.partial(search.measure, cell) for cell in search.CELLS},
    "tls": search.measure_tls,
    "topics": topics.measure,
    "describe": topics.measure_describe,
}
# These want the topics there, which nothing before them should meet.
AFTER_TOPICS = {"topics", "describe"}


def keep(run, data, page):
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(run, indent=1) + "\n")
    page.write_text(table.markdown(run))


def joined(old, new):
    """Old results in their order, each replaced by a new one of its job; then the jobs that are new."""
    by_job = {r["job"]: r for r in new}
    return [by_job.pop(r["job"], r) for r in old] + list(by_job.values())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("jobs", nargs="*", metavar="JOB", help=f"{', '.join(JOBS)}; all without")
    arguments.add_argument("--binary", type=pathlib.Path, help="default: target/release/kafkaweave")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--slow-rounds", type=int, default=3, help="rounds of rivals that take half a minute")
    arguments.add_argument("--write", action="store_true", help="write docs/benchmarks.md and benches/results")
    given = arguments.parse_args()
    if unknown := set(given.jobs) - set(JOBS):
        arguments.error(f"no such job: {', '.join(sorted(unknown))}")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = (given.binary or target / "release/kafkaweave").resolve()
    if not binary.exists():
        raise SystemExit(f"{binary} does not exist: cargo build --release")
    subprocess.run([ROOT / "testbed/fetch.sh"], check=True)
    begun, load = time.monotonic(), os.getloadavg()[0]
    results = []
    with bed(target / "bench/bed") as cluster:
        ours = Kafkaweave(binary, cluster)
        planted = False
        for name, measure in JOBS.items():
            if given.jobs and name not in given.jobs:
                continue
            if name in AFTER_TOPICS and not planted:
                at = time.monotonic()
                topics.plant(cluster)
                planted = True
                print(f"topics planted: {time.monotonic() - at:.0f} s", flush=True)
            at = time.monotonic()
            found = measure(cluster, ours, given.rounds, given.slow_rounds)
            results.extend(found if isinstance(found, list) else [found])
            print(f"{name}: {time.monotonic() - at:.0f} s", flush=True)
    seconds = time.monotonic() - begun
    when = {"date": str(datetime.date.today()), "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1)}
    for result in results:
        result["when"] = when
    run = {
        "date": str(datetime.date.today()),
        "seconds": round(seconds),
        "machine": table.machine(),
        "binary": subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip(),
        "binary_bytes": binary.stat().st_size,
        "kafka": table.kafka(),
        "results": results,
    }
    keep(run, target / "bench/results.json", target / "bench/benchmarks.md")
    if given.write:
        latest = ROOT / "benches/results/latest.json"
        keep(run | {"results": joined(json.loads(latest.read_text())["results"], results)}, latest, ROOT / "docs/benchmarks.md")
    print("\n" + table.markdown(run))
    sys.exit(0 if table.passed(run) else 1)


if __name__ == "__main__":
    main()
