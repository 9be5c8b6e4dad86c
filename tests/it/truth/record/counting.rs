//! Counts by group: the sums of what was planted, and of what kcat reads.

mod parts;

use super::{RecordPlan, TopicPlan, client, keeping, plant_transactions, rfc3339, says, shared};
use crate::support::bed::Bed;
use crate::support::mcp::{Answer, Client, Wire};
use crate::truth::LIMIT;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Groups of an answer: the value's text, or why there is none.
fn groups(answer: &Answer) -> Vec<(String, u64)> {
    let counts = &answer.data["counts"];
    let rows = counts["groups"].as_array().into_iter().flatten();
    let groups: Vec<_> = rows
        .map(|row| {
            let name = match row.get("value") {
                Some(value) => value["text"].as_str().unwrap().to_owned(),
                None => format!("({})", row["none"].as_str().unwrap()),
            };
            (name, row["count"].as_u64().unwrap())
        })
        .collect();
    let listed: u64 = groups.iter().map(|g| g.1).sum();
    if counts["by"] != "total" {
        let other = counts.get("other").map_or(0, |n| n.as_u64().unwrap());
        assert_eq!(counts["total"], listed + other, "{counts:#}");
    }
    assert_eq!(answer.data["records"], json!([]));
    groups
}

async fn count(client: &Client, topic: &str, by: &str, more: Value) -> Answer {
    let mut asked = json!({"topic": topic, "count_by": by});
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    client.call("kafka_record_search", asked).await
}

/// How often each line occurs, the most frequent first, then by name: `sort | uniq -c | sort -rn`.
fn tallied(lines: &str) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines.lines() {
        *counts.entry(line).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(l, n)| (l.to_owned(), n)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

fn kcat(bed: &Bed, topic: &str, format: &str, more: &[&str]) -> String {
    let args = [&["-C", "-e", "-q", "-t", topic, "-f", format][..], more].concat();
    bed.kcat(&args).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_the_sums_of_what_was_planted_and_of_what_kcat_reads() {
    let bed = shared();
    let topic = keeping(&bed, "counted", 3);
    let start = 1_760_000_400_000; // on the hour
    let records: Vec<RecordPlan> = (0..900i64)
        .map(|i| {
            let status = ["PLACED", "FAILED", "PAID"][(i % 7 % 3) as usize];
            let value = if i % 50 == 0 {
                "no json".to_owned()
            } else {
                format!("{{\"id\":{i},\"status\":\"{status}\",\"n\":{}}}", i % 2)
            };
            let mut plan = RecordPlan::value(&value)
                .partition((i % 3) as i32)
                .timestamp_ms(start + i * 10_000);
            if i % 10 > 0 {
                plan = plan.key(&format!("key-{}", i % 11));
            }
            if i % 4 == 0 {
                plan = plan.header("source", Some("web"));
            }
            plan
        })
        .collect();
    let settings = [("compression.type", "lz4"), ("linger.ms", "50")];
    bed.produce_with(&topic, &settings, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;

    let total = count(&client, &topic, "total", json!({})).await;
    assert_eq!(total.data["counts"]["total"], 900);
    assert_eq!(groups(&total), []);
    says(
        &total,
        &[
            "900 records; looked at 900 records",
            "all of the range was read",
        ],
    );

    let partitions = count(&client, &topic, "partition", json!({})).await;
    assert_eq!(
        groups(&partitions),
        tallied(&kcat(&bed, &topic, "%p\n", &[]))
    );

    // kcat shows a null key as nothing.
    let keys: Vec<_> = tallied(&kcat(&bed, &topic, "%k\n", &[]))
        .into_iter()
        .map(|(key, n)| (if key.is_empty() { "(null)".into() } else { key }, n))
        .collect();
    let by_key = count(&client, &topic, "key", json!({})).await;
    assert_eq!(groups(&by_key), keys);
    assert_eq!(by_key.data["counts"]["distinct"], 12);
    says(
        &by_key,
        &["900 records by key (12 groups)", "(null)", "%  key-"],
    );
    let some = count(&client, &topic, "key", json!({"limit": 3})).await;
    assert_eq!(groups(&some), keys[..3]);
    let left: u64 = keys[3..].iter().map(|g| g.1).sum();
    says(
        &some,
        &[&format!("other: {left} in 9 groups that are not listed")],
    );

    // The same as grep counts, with conditions joined.
    let lines = kcat(&bed, &topic, "%k %s\n", &[]);
    let failed = |line: &&str| line.contains("\"FAILED\"") && !line.starts_with("key-3 ");
    let expected = lines.lines().filter(failed).count();
    let found = count(
        &client,
        &topic,
        "total",
        json!({"where": ["$.status = FAILED and not (key = key-3)"]}),
    )
    .await;
    assert_eq!(found.data["counts"]["total"], expected);
    says(
        &found,
        &["read as: $.status = FAILED and not (key = key-3)"],
    );

    let by_path = count(&client, &topic, "$.status", json!({})).await;
    let statuses: Vec<_> = tallied(&kcat(&bed, &topic, "%s\n", &[]))
        .into_iter()
        .fold(
            BTreeMap::new(),
            |mut all: BTreeMap<String, u64>, (line, n)| {
                let json: Result<Value, _> = serde_json::from_str(&line);
                let name = json.map_or("(no JSON)".into(), |json| json["status"].to_string());
                *all.entry(name).or_default() += n;
                all
            },
        )
        .into_iter()
        .collect();
    let mut ours = groups(&by_path);
    ours.sort();
    assert_eq!(ours, statuses);

    let by_header = count(&client, &topic, "header.source", json!({})).await;
    assert_eq!(
        groups(&by_header),
        [("(absent)".into(), 675), ("web".into(), 225)]
    );

    // 360 records an hour, in the order of time.
    let by_hour = count(&client, &topic, "hour", json!({})).await;
    let hour = |n: i64| rfc3339(start + n * 3_600_000);
    assert_eq!(
        groups(&by_hour),
        [(hour(0), 360), (hour(1), 360), (hour(2), 180)]
    );
    let last = count(
        &client,
        &topic,
        "hour",
        json!({"limit": 1, "from": hour(1)}),
    )
    .await;
    assert_eq!(groups(&last), [(hour(2), 180)]);
    assert_eq!(last.data["counts"]["other"], 360);

    // Part of a partition: batches across the edge are counted by their records.
    let part = count(
        &client,
        &topic,
        "partition",
        json!({"from": "17", "until": "203", "partitions": [0, 2]}),
    )
    .await;
    assert_eq!(groups(&part), [("0".into(), 186), ("2".into(), 186)]);
    let none = count(
        &client,
        &topic,
        "key",
        json!({"where": ["value = nowhere"]}),
    )
    .await;
    assert_eq!(
        (groups(&none), &none.data["counts"]["total"]),
        (vec![], &json!(0))
    );
    says(&none, &["0 matches by key (0 groups)"]);

    for (by, more, part) in [
        ("keys", json!({}), "did you mean `key`"),
        ("$.a[", json!({}), "no JSON path"),
        (
            "key",
            json!({"order": "latest"}),
            "all of the range is counted",
        ),
    ] {
        let mut asked = json!({"topic": topic, "count_by": by});
        asked
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let refused = client.refused("kafka_record_search", asked).await;
        says(&refused, &[part]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn committed_records_and_what_compaction_left_are_counted_exactly() {
    let bed = shared();
    let topic = bed.plant_topic("counted-tx", 1).unwrap();
    plant_transactions(&bed, &topic, ["a", "b", "c", "d"]);
    let client = client(&bed, Wire::StdioModern).await;
    for (committed, theirs, expected) in
        [(true, "read_committed", 4), (false, "read_uncommitted", 8)]
    {
        let level = format!("isolation.level={theirs}");
        let read = kcat(&bed, &topic, "%s\n", &["-X", &level]);
        for by in ["total", "value"] {
            let more = json!({"read_committed": committed});
            let answer = count(&client, &topic, by, more).await;
            assert_eq!(answer.data["counts"]["total"], expected, "{by} {theirs}");
            if by == "value" {
                assert_eq!(groups(&answer), tallied(&read));
            }
        }
    }

    let topic = bed.name("counted-compacted");
    let plan = TopicPlan::new(&topic, 1)
        .replication(1)
        .config("cleanup.policy", "compact");
    bed.plant_topics(&[plan
        .config("min.cleanable.dirty.ratio", "0.01")
        .config("segment.ms", "100")
        .config("max.compaction.lag.ms", "100")])
        .unwrap();
    let records: Vec<RecordPlan> = (0..60)
        .map(|i| RecordPlan::value(&format!("v{i}")).key(&format!("k{}", i % 7)))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let until = Instant::now() + LIMIT;
    while kcat(&bed, &topic, "%k\n", &[]).lines().count() > 40 {
        assert!(Instant::now() < until, "never compacted");
        bed.produce(&topic, &[RecordPlan::value("tick").key("tick")])
            .unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // By batch headers and by records, the same number as kcat reads one by one.
    for by in ["total", "key"] {
        let read = || tallied(&kcat(&bed, &topic, "%k\n", &[]));
        let ask = async || count(&client, &topic, by, json!({})).await;
        let (kept, answer) = crate::truth::steady(read, ask).await;
        let sum: u64 = kept.iter().map(|g| g.1).sum();
        assert_eq!(answer.data["counts"]["total"], sum, "{by}");
        if by == "key" {
            assert_eq!(groups(&answer), kept);
        }
    }
}
