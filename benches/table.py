"""A run as a page of tables."""

import os
import pathlib
import platform
import re

from bed import ROOT


def machine():
    memory = int(re.search(r"MemTotal:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())[1])
    model = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    cores = len(os.sched_getaffinity(0))
    name = f", {model[1].strip()}" if model else ""
    return f"{platform.machine()} {platform.system()} {platform.release().split('-')[0]}, {cores} cores{name}, {memory / 2**20:.0f} GB of memory"


def kafka():
    return re.search(r"<kafka>(.+)</kafka>", (ROOT / "testbed/pom.xml").read_text())[1]


def passed(run):
    held = [b["ok"] for r in run["results"] for b in r["bounds"]]
    return all(held + [row["ok"] for r in run["results"] for row in r["rivals"] if "ok" in row])


def spread(of, digits=2):
    return f"{of['median']:.{digits}f} ({of['min']:.{digits}f}-{of['max']:.{digits}f})"


def row(name, costs, ratio, cpu_ratio, needed, verdict):
    wall = spread(costs["wall_s"], 3 if costs["wall_s"]["median"] < 1 else 1)
    return f"| {name} | {wall} | {spread(costs['cpu_s'])} | {costs['rss_mb']['max']:.0f} | {ratio} | {cpu_ratio} | {needed} | {verdict} |"


def verdict(ok):
    return "pass" if ok else "**FAIL**"


def job(result):
    lines = [
        f"## {result['what']}",
        "",
        "| | wall, s | client CPU, s | peak memory, MB | times slower | times the CPU | needed | |",
        "|---|---|---|---|---|---|---|---|",
        row("**kafkaweave**", result["kafkaweave"], "1", "1", "", ""),
    ]
    for rival in result["rivals"]:
        wanted = [("", rival.get("needed_ratio")), ("CPU ", rival.get("needed_cpu_ratio"))]
        needed = ", ".join(f"{of}>= {least:.3g}" for of, least in wanted if least)
        if "not_measured" in rival:
            lines.append(f"| {rival['rival']} | **not measured**: {rival['not_measured']} | | | | | {needed} | **?** |")
            continue
        name = f"{rival['rival']} ({rival['note']})" if rival["note"] else rival["rival"]
        said = verdict(rival["ok"]) if needed else ""
        lines.append(row(name, rival["costs"], f"**{rival['ratio']:.1f}**", f"{rival['cpu_ratio']:.1f}", needed, said))
    lines.append("")
    if note := result.get("note"):
        lines.append(note)
    when = result["when"]
    lines.append(f"Measured on {when['date']}; load {when['load_before']} before the run and {when['load_after']} after.")
    if cost := result.get("requests"):
        apis = ", ".join(f"{n} {api}" for api, n in sorted(cost["apis"].items()))
        lines.append(f"Requests of one call: {cost['requests']} ({apis}); {cost['sent_bytes']:,} bytes out, {cost['received_bytes']:,} in.")
    for b in result["bounds"]:
        lines.append(f"Bound on {b['what']}: {b['value']:.0f} of at most {b['most']} {b['unit']}".rstrip() + f": {verdict(b['ok'])}.")
    return "\n".join(lines) + "\n"


def markdown(run):
    absent = sorted({row["rival"] for r in run["results"] for row in r["rivals"] if "not_measured" in row})
    head = [
        "# Benchmarks",
        "",
        f"Written by `benches/run.py --write` on {run['date']}; {run['binary']}, Apache Kafka {run['kafka']}, three brokers on the same machine: "
        f"{run['machine']}.",
        "",
        "Median (smallest-largest). Every run is a new process with cold connections unless it says warm, and rivals take turns with kafkaweave, whose "
        "runs beside a rival are what that rival's ratio is taken to; all were warmed alike. What each of them found was compared, by group or topic, with what had been planted. "
        "Client and brokers share the cores: compare within a table.",
        "",
    ]
    if absent:
        head += [f"**Not measured, because not to be had here: {', '.join(absent)}.**", ""]
    return "\n".join(head) + "\n" + "\n".join(job(result) for result in run["results"])
