"""Two thousand topics with ten thousand partitions in three replicas: listed, and described in full."""

import json
import re

from contest import Missing, Rival, bound, contest, environment, run, same
from rivals import Java, go_program, kcl, version

TOPICS, PARTITIONS = 2000, 5
SECONDS = 240
PATTERN = "many-*"
ROOM = {"KAFKAWEAVE_LIMITS__MAX_ANSWER_BYTES": "1048576"}


def plant(bed):
    bed.plant("topics", TOPICS, PARTITIONS)
    bed.await_replicas("many-", TOPICS * PARTITIONS * 3, SECONDS)


def names():
    return {f"many-{n:04d}" for n in range(TOPICS)}


def listed(bed):
    """The rivals that list topics."""
    java = Java(bed)

    def tool():
        cost, text, _ = run(java.command("TopicCommand", "--list"))
        same("TopicCommand --list", {name for name in text.split() if name.startswith("many-")}, names())
        return cost

    def by_kcl():
        cost, text, _ = run(kcl(kcl_path, bed, "topic", "list"))
        rows = [line.split() for line in text.splitlines() if line.startswith("many-")]
        same("kcl topic list", {row[0]: int(row[2]) for row in rows}, dict.fromkeys(names(), PARTITIONS))
        return cost

    kcl_path, why = go_program("kcl")
    by_go = Rival("kcl topic list", by_kcl, needed=2, note=version(kcl_path)) if kcl_path else Missing("kcl topic list", why, needed=2)
    return [Rival("TopicCommand --list", tool, needed=10), by_go]


def check(rows):
    found = {row["topic"]: (row["partitions"], row["replication"], row.get("under_replicated", 0)) for row in rows}
    same("kafka_topic_list", found, dict.fromkeys(names(), (PARTITIONS, 3, 0)))


def measure(bed, kafkaweave, rounds, slow_rounds):
    seen = {}

    def ours():
        cost, text = kafkaweave.call("kafka_topic_list", "--pattern", PATTERN)
        same("topics", text.splitlines()[0], f"{TOPICS} topics")
        return cost

    def in_pages():
        cost, pages = kafkaweave.session("kafka_topic_list", {"pattern": PATTERN, "limit": 1000})
        check([row for page in pages for row in page["topics"]])
        seen["pages"] = len(pages)
        return cost

    rivals = [*listed(bed), Rival("kafkaweave itself, every row through MCP", in_pages, note="one new process, answers of 60 kB")]
    result = contest("topics", ours, rivals, rounds * 2, slow_rounds)
    result["rivals"][-1]["note"] += f", {seen['pages']} pages"
    result["what"] = f"{TOPICS:,} topics with {TOPICS * PARTITIONS:,} partitions listed: `kafkaweave call kafka_topic_list`, a new process; all are judged and counted, the first page is shown"
    result["requests"] = kafkaweave.requests("kafka_topic_list", "--pattern", PATTERN)
    bound(result, "Metadata requests", result["requests"]["apis"]["Metadata"], 1)
    return result


def described(text):
    """Partitions and settings by topic, of what TopicCommand --describe prints."""
    partitions, configs = {}, {}
    for line in text.splitlines():
        fields = dict(re.findall(r"(\w+): ([^\t]*)", line))
        topic = fields.get("Topic", "").strip()
        if not topic.startswith("many-"):
            continue
        if "Configs" in fields:
            configs[topic] = fields["Configs"].strip()
        else:
            ids = lambda key: [int(n) for n in fields[key].strip().split(",")]
            partitions[topic, int(fields["Partition"])] = (int(fields["Leader"]), ids("Replicas"), sorted(ids("Isr")))
    return partitions, configs


def laid_out(rows):
    """The same of what kafka_topic_layout answers."""
    partitions = {}
    for row in rows:
        for index, replicas in enumerate(row["replicas"]):
            partitions[row["topic"], index] = (replicas[0], replicas, sorted(replicas))
        for other in row.get("deviations", []):
            key = row["topic"], other["partition"]
            partitions[key] = (other.get("leader"), partitions[key][1], sorted(other["isr"]))
    return partitions


def measure_describe(bed, kafkaweave, rounds, slow_rounds):
    java = Java(bed)
    truth = {name: {"retention.ms": str(3_600_000 + n)} if n % 10 == 0 else {} for n, name in enumerate(sorted(names()))}
    seen = {}

    def checked(rows):
        same("overrides", {row["topic"]: row["overrides"] for row in rows}, truth)
        seen["ours"] = laid_out(rows)
        same("partitions", len(seen["ours"]), TOPICS * PARTITIONS)

    def ours():
        cost, text, _ = run(kafkaweave.command(*words), environment() | ROOM)
        page = json.loads(text)
        same("what is missing", page.get("missing", []), [])
        checked(page["topics"])
        return cost

    def in_pages():
        cost, pages = kafkaweave.session("kafka_topic_layout", {"pattern": PATTERN, "limit": 400}, "--toolsets", "broker")
        checked([row for page in pages for row in page["topics"]])
        seen["pages"] = len(pages)
        return cost

    def tool():
        cost, text, _ = run(java.command("TopicCommand", "--describe"))
        partitions, configs = described(text)
        same("leaders, replicas and ISR as TopicCommand tells them", seen["ours"], partitions)
        for topic, own in truth.items():
            # It tells settings of brokers beside those of the topic.
            told = dict(pair.split("=", 1) for pair in configs[topic].split(",") if "=" in pair)
            same(f"settings of {topic}", {k: told.get(k) for k in own}, own)
        return cost

    words = ["kafka_topic_layout", "--toolsets", "broker", "--pattern", PATTERN, "--limit", str(TOPICS), "--output", "json"]
    rivals = [
        Rival("TopicCommand --describe", tool, needed=10),
        Rival("kafkaweave itself, page by page through MCP", in_pages, note="one new process, answers of 60 kB"),
    ]
    result = contest("describe", ours, rivals, rounds, slow_rounds, warm_s=60)
    result["rivals"][1]["note"] += f", {seen['pages']} pages"
    result["what"] = (
        f"{TOPICS:,} topics in full, leaders, replicas, ISR and settings: `kafkaweave call kafka_topic_layout --limit {TOPICS}`, a new process, "
        f"with `KAFKAWEAVE_LIMITS__MAX_ANSWER_BYTES` raised to take it all"
    )
    result["requests"] = kafkaweave.requests(*words, env=environment() | ROOM)
    bound(result, "peak of memory", result["kafkaweave"]["rss_mb"]["max"], 60, "MB")
    return result
