"""A needle in a million records: one substring over a whole topic, in each codec, over one partition and six."""

import json

from contest import Missing, Rival, bound, contest, environment, run, same
from rivals import TUNED, kcat, rdkafka_scan

NEEDLE = "needle-7f3a91"
# Stem, records, bytes of each, codec; what is needed against kcat, kcat piped to grep, and rdkafka.
CELLS = [
    ("plain", 1_000_000, 1024, "none", (2.2, 4.5, 1.2)),
    ("lz4", 1_000_000, 1024, "lz4", (2.5, 5, 1.7)),
    ("zstd", 1_000_000, 1024, "zstd", (2.5, 3.5, 2)),
    ("small", 2_000_000, 200, "none", (4, 7, 2.5)),
]
MEMORY_MB = 64


def plant(bed, cell, partitions):
    stem, count, size, codec, _ = cell
    topic = f"{stem}-{partitions}"
    return topic, [tuple(place) for place in bed.plant("records", topic, partitions, count, size, codec, NEEDLE)]


def call(kafkaweave, topic, *options):
    words = ["--topic", topic, "--where", f"value contains {NEEDLE}", "--limit", "500", "--payload-bytes", "16", "--output", "json"]
    return [*kafkaweave.command("kafka_record_search"), *options, *words]


def checked(text, count, places):
    answer = json.loads(text)
    same("why the search ended", (answer["stopped"], answer.get("missing", []), answer.get("damaged", [])), ("end", [], []))
    same("records looked at", answer["records_scanned"], count)
    same("places of the needle", sorted((r["partition"], r["offset"]) for r in answer["records"]), places)
    return answer


def one(bed, kafkaweave, cell, partitions, rounds):
    stem, count, size, codec, (plain, piped, tuned) = cell
    topic, places = plant(bed, cell, partitions)
    seen = {}

    def ours():
        cost, text, _ = run(call(kafkaweave, topic), environment())
        seen["wire"] = checked(text, count, places)["wire_bytes"]
        return cost

    def to_null():
        return run(["sh", "-c", 'exec "$@" > /dev/null', "sh", *kcat(bed, topic)])[0]

    def to_grep():
        cost, text, _ = run(["sh", "-c", f'"$@" | grep -c -F {NEEDLE}', "sh", *kcat(bed, topic)])
        same("kcat | grep", int(text), len(places))
        return cost

    def by_rdkafka():
        cost, text, _ = run([scan, bed.bootstrap, topic, NEEDLE, *TUNED])
        same("rdkafka", int(text.split()[0]), len(places))
        return cost

    scan, why = rdkafka_scan()
    rivals = [Rival("kcat to /dev/null", to_null, needed=plain), Rival("kcat piped to grep -c", to_grep, needed=piped)]
    rivals.append(Rival("rdkafka, tuned", by_rdkafka, needed=tuned) if scan else Missing("rdkafka, tuned", why, needed=tuned))
    result = contest(topic, ours, rivals, rounds, rounds, warm_s=3, warm_runs=1)
    raw = count * size
    wall = result["kafkaweave"]["wall_s"]["median"]
    result["what"] = (
        f"{len(places)} needles in {count:,} records of about {size} bytes, {codec}, {partitions} partition{'s' if partitions > 1 else ''}: "
        f"`kafkaweave call kafka_record_search`, a new process"
    )
    result["note"] = f"{seen['wire'] / 1e6:,.0f} MB from brokers; {count / wall / 1e6:.1f} million records and some {raw / wall / 1e6:,.0f} MB of values a second, each batch's CRC checked."
    bound(result, "peak of memory", result["kafkaweave"]["rss_mb"]["max"], MEMORY_MB, "MB")
    bed.drop(topic)
    return result


def measure(cell, bed, kafkaweave, rounds, _slow_rounds):
    return [one(bed, kafkaweave, cell, partitions, rounds) for partitions in (1, 6)]


def measure_tls(bed, kafkaweave, rounds, _slow_rounds):
    """Over SASL_SSL the brokers' encryption is the limit for everybody: what is compared is the client's CPU."""
    results = []
    login = ["--bootstrap", bed.sasl_ssl, "--tls", "--tls-ca", bed.ca, "--sasl-mechanism", "PLAIN", "--sasl-username", "admin"]
    secret = environment() | {"BENCH_PASSWORD": "admin-secret"}
    for cell, needed in ((CELLS[0], None), (CELLS[1], 2)):
        stem, count, size, codec, _ = cell
        topic, places = plant(bed, cell, 6)

        def ours():
            cost, text, _ = run(call(kafkaweave, topic, *login, "--sasl-password", "env:BENCH_PASSWORD"), secret)
            checked(text, count, places)
            return cost

        def to_null():
            return run(["sh", "-c", 'exec "$@" > /dev/null', "sh", *kcat(bed, topic, tls=True)])[0]

        def to_grep():
            cost, text, _ = run(["sh", "-c", f'"$@" | grep -c -F {NEEDLE}', "sh", *kcat(bed, topic, tls=True)])
            same("kcat | grep", int(text), len(places))
            return cost

        rivals = [Rival("kcat to /dev/null", to_null, needed_cpu=1 / 0.9), Rival("kcat piped to grep -c", to_grep, needed=needed, needed_cpu=1 / 0.55)]
        result = contest(f"{topic} over TLS", ours, rivals, rounds, rounds, warm_s=3, warm_runs=1)
        result["what"] = f"{len(places)} needles in {count:,} records of about {size} bytes, {codec}, 6 partitions, over SASL_SSL: `kafkaweave call kafka_record_search`, a new process"
        bound(result, "peak of memory", result["kafkaweave"]["rss_mb"]["max"], MEMORY_MB, "MB")
        bed.drop(topic)
        results.append(result)
    return results
