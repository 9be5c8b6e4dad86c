//! What a log may hold: codecs, clocks, transactions, compaction; and where reading begins and ends.

use super::{
    RecordPlan, TopicPlan, as_kcat, client, kcat, keeping, offsets_of, payload, places, rfc3339,
    says, shared,
};
use crate::support::mcp::Wire;
use crate::truth::LIMIT;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_and_both_clocks_are_read() {
    let bed = shared();
    let topic = keeping(&bed, "codecs", 1);
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let records: Vec<RecordPlan> = (0..5)
            .map(|i| RecordPlan::value(&format!("{codec} {}", "x".repeat(i * 100))).key(codec))
            .collect();
        bed.produce_with(
            &topic,
            &[("compression.type", codec), ("linger.ms", "50")],
            &records,
        )
        .unwrap();
    }
    let client = client(&bed, Wire::StdioModern).await;
    let answer = client
        .call(
            "kafka_record_read",
            json!({"topic": topic, "from": "beginning", "limit": 100}),
        )
        .await;
    let rows = answer.data["records"].as_array().unwrap();
    assert_eq!(rows.len(), 25);
    let ours: Vec<String> = rows.iter().map(as_kcat).collect();
    assert_eq!(ours, kcat(&bed, &topic, "%o %T %k %S %h\n", &[]));
    let values: Vec<String> = rows.iter().map(|r| payload(r, "value").unwrap()).collect();
    assert_eq!(values, kcat(&bed, &topic, "%s\n", &[]));
    let stamped = bed.name("stamped");
    bed.plant_topics(&[
        TopicPlan::new(&stamped, 1).config("message.timestamp.type", "LogAppendTime")
    ])
    .unwrap();
    bed.produce(&stamped, &[RecordPlan::value("v").timestamp_ms(5)])
        .unwrap();
    let answer = client
        .call("kafka_record_read", json!({"topic": stamped}))
        .await;
    let ours = as_kcat(&answer.data["records"][0]);
    assert_eq!(
        vec![ours],
        kcat(&bed, &stamped, "%o %T %k %S %h\n", &[]),
        "the broker's clock, not the producer's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_in_offsets_and_time_mean_what_kcat_takes_them_for() {
    let bed = shared();
    let topic = keeping(&bed, "positions", 2);
    let at = |i: i64| 1_760_000_000_000 + i * 1_000;
    let records: Vec<RecordPlan> = (0..20)
        .map(|i| {
            RecordPlan::value(&format!("v{i}"))
                .partition(i32::from(i >= 12))
                .timestamp_ms(at(i.into()))
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let (middle, late) = (rfc3339(at(4)), rfc3339(at(9)));
    for (from, until, expected, same) in [
        ("beginning", "end", 0..12, vec![]),
        ("7", "end", 7..12, vec!["-o", "7"]),
        ("3", "9", 3..9, vec![]),
        (&middle, "end", 4..12, vec!["-o", "s@1760000004000"]),
        (
            &middle,
            &late,
            4..9,
            vec!["-o", "s@1760000004000", "-o", "e@1760000009000"],
        ),
        ("beginning", &middle, 0..4, vec![]),
        ("12", "end", 12..12, vec![]),
        ("2099-01-01", "end", 12..12, vec![]),
    ] {
        let asked =
            json!({"topic": topic, "from": from, "until": until, "partitions": [0], "limit": 100});
        let answer = client.call("kafka_record_read", asked).await;
        let expected: Vec<i64> = expected.collect();
        assert_eq!(offsets_of(&answer), expected, "{from} to {until}");
        assert_eq!(answer.data["stopped"], "end");
        if !same.is_empty() {
            let foreign: Vec<i64> = kcat(&bed, &topic, "%o\n", &same)
                .iter()
                .map(|o| o.parse().unwrap())
                .collect();
            assert_eq!(foreign, expected, "kcat {same:?}");
        }
    }
    // The last over all partitions by time, newest first: what `tail` is without more words.
    let tail = client
        .call("kafka_record_read", json!({"topic": topic, "limit": 10}))
        .await;
    let expected: Vec<(i64, i64)> = (0..8)
        .rev()
        .map(|o| (1, o))
        .chain([(0, 11), (0, 10)])
        .collect();
    assert_eq!(
        places(&tail.data["records"]),
        expected,
        "{}\n{:#}",
        tail.text,
        tail.data["covered"]
    );
    says(&tail, &["10 records, newest first", "stopped at the limit"]);
    // What lies outside of the log is said.
    let beyond = client
        .call(
            "kafka_record_read",
            json!({"topic": topic, "from": "99", "partitions": [1]}),
        )
        .await;
    assert_eq!(beyond.data["records"], json!([]));
    says(
        &beyond,
        &["offset 99 is not written yet; the log ends at 8"],
    );
    let none = client
        .refused(
            "kafka_record_read",
            json!({"topic": topic, "partitions": [0, 5]}),
        )
        .await;
    assert_eq!(none.data["code"], "unknown_partition");
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_and_open_transactions_are_seen_as_kcat_sees_them() {
    let bed = shared();
    let topic = bed.plant_topic("transactions", 1).unwrap();
    for (end, value) in [
        ("commit", "first"),
        ("abort", "never"),
        ("commit", "second"),
        ("open", "pending"),
    ] {
        let id = bed.name("tx");
        let settings = [
            ("transactional.id", id.as_str()),
            ("plant.end", end),
            ("transaction.timeout.ms", "600000"),
        ];
        bed.produce_with(
            &topic,
            &settings,
            &[RecordPlan::value(value), RecordPlan::value(value)],
        )
        .unwrap();
    }
    bed.produce(&topic, &[RecordPlan::value("after")]).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    for (committed, theirs, count) in [(true, "read_committed", 4), (false, "read_uncommitted", 9)]
    {
        let asked =
            json!({"topic": topic, "from": "beginning", "read_committed": committed, "limit": 100});
        let answer = client.call("kafka_record_read", asked).await;
        let rows = answer.data["records"].as_array().unwrap();
        let values: Vec<String> = rows
            .iter()
            .map(|r| format!("{} {}", r["offset"], payload(r, "value").unwrap()))
            .collect();
        assert_eq!(
            values,
            kcat(
                &bed,
                &topic,
                "%o %s\n",
                &["-X", &format!("isolation.level={theirs}")]
            )
        );
        assert_eq!(values.len(), count);
        let hidden =
            json!({"topic": topic, "where": ["value = never"], "read_committed": committed});
        let found = client.call("kafka_record_search", hidden).await;
        assert_eq!(offsets_of(&found).len(), if count == 4 { 0 } else { 2 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_is_read_over_its_gaps() {
    let bed = shared();
    let topic = bed.name("compacted");
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
    // A segment is closed by the next record after its time; the cleaner comes by every few seconds.
    let until = Instant::now() + LIMIT;
    let mut count = 60;
    let _kept = loop {
        bed.produce(&topic, &[RecordPlan::value("tick").key("tick")])
            .unwrap();
        count += 1;
        let lines = kcat(&bed, &topic, "%o %k\n", &[]);
        if lines.len() < 40 {
            break lines;
        }
        assert!(Instant::now() < until, "never compacted");
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let client = client(&bed, Wire::StdioModern).await;
    let asked = json!({"topic": topic, "from": "beginning", "limit": 500});
    let ask = async || client.call("kafka_record_read", asked.clone()).await;
    let (kept, answer) = crate::truth::steady(|| kcat(&bed, &topic, "%o %k\n", &[]), ask).await;
    let rows = answer.data["records"].as_array().unwrap();
    let ours: Vec<String> = rows
        .iter()
        .map(|r| format!("{} {}", r["offset"], payload(r, "key").unwrap()))
        .collect();
    assert_eq!(ours, kept);
    assert_eq!(
        answer.data["covered"][0]["to"], count,
        "the gaps are covered too"
    );
    // Newest first over the same gaps.
    let tail = client
        .call("kafka_record_read", json!({"topic": topic, "limit": 500}))
        .await;
    let mut newest: Vec<i64> = offsets_of(&answer);
    newest.reverse();
    assert_eq!(offsets_of(&tail), newest);
}
