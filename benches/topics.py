"""Two thousand topics with ten thousand partitions in three replicas: listed, and described in full."""

from contest import Missing, Rival, bound, contest, run, same
from rivals import Java, go_program, kcl, version

TOPICS, PARTITIONS = 2000, 5
SECONDS = 240


def plant(bed):
    bed.plant("topics", TOPICS, PARTITIONS)
    bed.await_replicas("many-", TOPICS * PARTITIONS * 3, SECONDS)


def names():
    return {f"many-{n:04d}" for n in range(TOPICS)}


def measure(bed, kafkaweave, rounds, slow_rounds):
    java = Java(bed)

    def many(found):
        return {name for name in found if name.startswith("many-")}

    def ours():
        cost, text = kafkaweave.call("kafka_topic_list", "--pattern", "many-*")
        same("topics", text.splitlines()[0], f"{TOPICS} topics")
        return cost

    def tool():
        cost, text, _ = run(java.command("TopicCommand", "--list"))
        same("TopicCommand --list", many(text.split()), names())
        return cost

    def by_kcl():
        cost, text, _ = run(kcl(kcl_path, bed, "topic", "list"))
        found = {f[0]: int(f[2]) for line in text.splitlines() if len(f := line.split()) == 4 and f[0].startswith("many-")}
        same("kcl topic list", found, dict.fromkeys(names(), PARTITIONS))
        return cost

    rows = kafkaweave.pages("kafka_topic_list", "topics", "--pattern", "many-*")
    found = {row["topic"]: (row["partitions"], row["replication"], row.get("under_replicated", 0)) for row in rows}
    same("kafkaweave, all pages", found, dict.fromkeys(names(), (PARTITIONS, 3, 0)))
    rivals = [Rival("TopicCommand --list", tool, needed=10)]
    kcl_path, why = go_program("kcl")
    rivals.append(Rival("kcl topic list", by_kcl, needed=2, note=version(kcl_path)) if kcl_path else Missing("kcl topic list", why, needed=2))
    result = contest("topics", ours, rivals, rounds, slow_rounds)
    result["what"] = f"{TOPICS:,} topics with {TOPICS * PARTITIONS:,} partitions: `kafkaweave call kafka_topic_list`, the first page and the counts"
    result["requests"] = kafkaweave.requests("kafka_topic_list", "--pattern", "many-*")
    bound(result, "Metadata requests", result["requests"]["apis"]["Metadata"], 1)
    return result
