"""Lag of a thousand groups with a hundred committed offsets each, and of two hundred groups with live members."""

import re

from contest import Missing, Rival, bound, contest, run, same
from rivals import Java, admin_client, go_program, kcl, kminion, version

GROUPS, TOPICS, PARTITIONS = 1000, 10, 10
LIVE = 200


def planted():
    """Lag by group: plant.py says why."""
    return {f"grp-{n:04d}": n % 5 * TOPICS * PARTITIONS for n in range(GROUPS)}


def described(text):
    """Lag by group, and rows, of what ConsumerGroupCommand --describe prints."""
    lag, rows = {}, 0
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 9 and fields[0] != "GROUP":
            lag[fields[0]] = lag.get(fields[0], 0) + int(fields[5])
            rows += 1
    return lag, rows


def measure(bed, kafkaweave, rounds, slow_rounds):
    truth = planted()
    offsets = GROUPS * TOPICS * PARTITIONS
    whole = (GROUPS, offsets, sum(truth.values()))
    bed.plant("groups", GROUPS, TOPICS, PARTITIONS)
    java = Java(bed)

    def ours():
        cost, text = kafkaweave.call("kafka_group_lag")
        same("groups judged", text.splitlines()[0].split(";")[0], f"{GROUPS} groups, 30 of 30 shown behind or unknown")
        return cost

    def tool():
        cost, text, _ = run(java.command("consumer.group.ConsumerGroupCommand", "--describe", "--all-groups"))
        lag, rows = described(text)
        same("ConsumerGroupCommand", (lag, rows), (truth, offsets))
        return cost

    def librdkafka():
        cost, text, _ = run(admin_client(bed))
        same("AdminClient", tuple(map(int, text.split())), whole)
        return cost

    def by_kcl():
        cost, text, _ = run(kcl(kcl_path, bed, "group", "describe"))
        lags = [int(lag) for lag in re.findall(r"^gt-\d+ +\d+ +\d+ +\d+ +(\d+)", text, re.M)]
        same("kcl", (len(re.findall("^GROUP ", text, re.M)), len(lags)), whole[:2])
        if sum(lags) != whole[2]:
            # It gives all groups the offsets of the one that it heard of last; it is still as fast as that.
            of_kcl.note = f"{version(kcl_path)}; its answer is wrong: a lag of {sum(lags):,} in all instead of {whole[2]:,}"
        return cost

    rows = {r["group"]: (r["lag"], r["partition_count"]) for r in kafkaweave.pages("kafka_group_lag", "groups", "--sort", "name")}
    same("kafkaweave, all pages", rows, {g: (lag, TOPICS * PARTITIONS) for g, lag in truth.items()})

    rivals = [
        Rival("ConsumerGroupCommand --describe --all-groups", tool, needed=100, slow=True),
        Rival("confluent-kafka AdminClient, whole process", librdkafka, needed=3, note="all calls in flight at once"),
    ]
    kcl_path, why = go_program("kcl")
    if kcl_path:
        of_kcl = Rival("kcl group describe", by_kcl, needed=10, note=version(kcl_path))
        rivals.append(of_kcl)
    else:
        rivals.append(Missing("kcl group describe", why, needed=10))
    kminion_path, why = go_program("kminion")
    if kminion_path:
        with kminion(kminion_path, bed) as exporter:

            def scrape():
                cost, text = exporter.scrape()
                lags = re.findall(r"^kminion_kafka_consumer_group_topic_partition_lag{.*} (\S+)$", text, re.M)
                same("kminion", (len(lags), int(sum(map(float, lags)))), whole[1:])
                return cost

            rivals.append(Rival("kminion /metrics, warm, groups alone", scrape, needed=4, note=version(kminion_path)))
            result = contest("lag", ours, rivals, rounds, slow_rounds)
    else:
        rivals.append(Missing("kminion /metrics, warm, groups alone", why, needed=4))
        result = contest("lag", ours, rivals, rounds, slow_rounds)
    result["what"] = f"Lag of {GROUPS:,} groups with {TOPICS * PARTITIONS} committed offsets each: `kafkaweave call kafka_group_lag`, a new process"
    cost(result, kafkaweave, "kafka_group_lag")
    return result


def cost(result, kafkaweave, *words):
    result["requests"] = kafkaweave.requests(*words)
    bound(result, "requests", result["requests"]["requests"], 30)
    bound(result, "peak of memory", result["kafkaweave"]["rss_mb"]["max"], 30, "MB")


def measure_members(bed, kafkaweave, rounds, slow_rounds):
    java = Java(bed)
    with bed.members(LIVE) as held:
        lag = {group: int(group[5:]) % 5 * 6 for group in held}

        def ours():
            cost, text = kafkaweave.call("kafka_group_lag", "--group", "live-*")
            same("live groups judged", text.split(",")[0], f"{LIVE} groups")
            return cost

        def tool():
            # one group in an argument: all groups would be the thousand others too
            words = [word for group in held for word in ("--group", group)]
            cost, text, _ = run(java.command("consumer.group.ConsumerGroupCommand", "--describe", "--members", *words))
            found = {}
            for line in text.splitlines():
                fields = line.split()
                if len(fields) >= 5 and fields[0] in held:
                    found.setdefault(fields[0], []).append((fields[3], int(fields[4])))
            truth = {group: sorted((client, len(parts)) for client, parts in of.items()) for group, of in held.items()}
            same("ConsumerGroupCommand --members", {g: sorted(of) for g, of in found.items()}, truth)
            return cost

        rows = kafkaweave.pages("kafka_group_lag", "groups", "--group", "live-*", "--sort", "name", "--detail", "detailed")
        same("members and lag", {r["group"]: (r["members"], r["lag"]) for r in rows}, {g: (len(of), lag[g]) for g, of in held.items()})
        owners = {}
        for row in rows:
            for p in row["partitions"]:
                owners.setdefault(row["group"], {}).setdefault(p["owner"]["client_id"], []).append(p["partition"])
        same("who holds which partition", {g: {c: sorted(p) for c, p in of.items()} for g, of in owners.items()}, held)
        rival = Rival("ConsumerGroupCommand --describe --members", tool, slow=True, note="the same groups, members alone")
        result = contest("members", ours, [rival], rounds, slow_rounds)
        members = sum(map(len, held.values()))
        result["what"] = f"Lag of {LIVE} groups with {members} live members beside the others: `kafkaweave call kafka_group_lag --group 'live-*'`"
        cost(result, kafkaweave, "kafka_group_lag", "--group", "live-*")
    return result
