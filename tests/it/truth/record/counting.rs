//! Counts by group: the sums of what was planted, and of what kcat reads.

use super::{RecordPlan, TopicPlan, client, keeping, rfc3339, says, shared};
use crate::support::bed::{Bed, Listener};
use crate::support::mcp::{Answer, Client, Wire};
use crate::truth::LIMIT;
use kafkaweave_client::kafka::{Engine, Native};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::model::{Isolation, PartitionRange, ScanOrder, ScanRequest, StopReason};
use kafkaweave_core::search::{CountBy, Predicate, Tally};
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
    for (end, value) in [
        ("commit", "a"),
        ("abort", "b"),
        ("commit", "c"),
        ("open", "d"),
    ] {
        let id = bed.name("count-tx");
        let settings = [
            ("transactional.id", id.as_str()),
            ("plant.end", end),
            ("transaction.timeout.ms", "600000"),
        ];
        let records = [RecordPlan::value(value), RecordPlan::value(value)];
        bed.produce_with(&topic, &settings, &records).unwrap();
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_cut_goes_on_where_it_was_and_the_parts_add_up() {
    let bed = shared();
    let topic = keeping(&bed, "counted-parts", 2);
    let filler = "x".repeat(2_000);
    let records: Vec<RecordPlan> = (0..2_000)
        .map(|i| {
            RecordPlan::value(&format!("{filler}{}", if i % 5 == 0 { " hit" } else { "" }))
                .key(&format!("key-{}", i % 13))
                .partition(i % 2)
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let bootstrap = bootstrap.split(',').map(String::from).collect();
    let engine = Native::new(&Profile::new("bed", bootstrap)).unwrap();
    let request = |ranges: Vec<PartitionRange>, max_bytes| ScanRequest {
        topic: topic.clone(),
        ranges,
        predicate: Some(Predicate::parse(&["value contains hit or key = key-7".into()]).unwrap()),
        isolation: Isolation::ReadUncommitted,
        order: ScanOrder::Latest,
        limit: Some(1),
        max_bytes,
        payload_limit_bytes: 1024,
    };
    let all: Vec<PartitionRange> = (0..2)
        .map(|partition| PartitionRange {
            partition,
            start: 0,
            end: 1_000,
        })
        .collect();
    let by = CountBy::parse("key").unwrap();
    let deadline = || (Instant::now() + LIMIT).into();
    let (report, whole) = engine
        .count(&request(all.clone(), None), &by, deadline())
        .await
        .unwrap();
    assert_eq!((report.stopped, report.records.len()), (StopReason::End, 0));
    let expected = (0..2_000).filter(|i| i % 5 == 0 || i % 13 == 7).count() as u64;
    assert_eq!((whole.total(), whole.distinct()), (expected, Some(13)));
    let (mut sum, mut left, mut parts) = (Tally::default(), all, 0);
    while !left.is_empty() {
        let asked = request(left, Some(200_000));
        let (report, tally) = engine.count(&asked, &by, deadline()).await.unwrap();
        sum.merge(tally);
        left = report
            .coverage
            .iter()
            .map(|c| PartitionRange {
                start: c.to,
                ..c.range
            })
            .filter(|range| range.start < range.end)
            .collect();
        parts += 1;
        assert!(parts < 100, "{report:?}");
    }
    assert!(parts > 3, "{parts}");
    assert_eq!(sum, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_key_in_a_crowd_is_found_and_the_error_of_its_count_is_told() {
    let bed = shared();
    let topic = keeping(&bed, "counted-crowd", 2);
    // The hot key comes late, when there are more keys than are tracked.
    let hot = |i: i32| i >= 15_000 && i % 2 == 0;
    let records: Vec<RecordPlan> = (0..20_000)
        .map(|i| {
            let key = if hot(i) {
                "hot".into()
            } else {
                format!("once-{i}")
            };
            RecordPlan::value("x").key(&key).partition(i / 2 % 2)
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let answer = count(&client, &topic, "key", json!({"limit": 5})).await;
    let counts = &answer.data["counts"];
    assert_eq!(counts["total"], 20_000);
    assert!(counts.get("distinct").is_none(), "{counts:#}");
    let short = counts["short"].as_u64().unwrap();
    assert!((1..=20_000 / 4096).contains(&short), "{short}");
    let (name, found) = groups(&answer).remove(0);
    assert_eq!(name, "hot");
    assert!(
        (found..=found + short).contains(&2_500),
        "{found} and {short}"
    );
    says(
        &answer,
        &[
            "20000 records by key (more groups than are counted exactly)",
            "in groups that are not listed",
            "every count may be too low by up to",
            "the total is exact",
        ],
    );
}
