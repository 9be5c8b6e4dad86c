//! What a record looks like: keys, values, headers, times, codecs, transactions, compaction, sizes, boundaries.

use super::{
    RecordPlan, TopicPlan, client, keeping, offsets_of, payload, places, plant_transactions,
    rfc3339, says, shared,
};
use crate::support::bed::Bed;
use crate::support::mcp::Wire;
use crate::truth::LIMIT;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What kcat reads of one partition, a record a line.
fn kcat(bed: &Bed, topic: &str, format: &str, more: &[&str]) -> Vec<String> {
    let mut args = vec!["-C", "-e", "-q", "-t", topic, "-p", "0", "-f", format];
    args.extend(more);
    bed.kcat(&args).unwrap().lines().map(String::from).collect()
}

/// A record of ours in kcat's words: offset, time, key, length of the value, headers.
fn as_kcat(record: &Value) -> String {
    let time: jiff::Timestamp = record["timestamp"].as_str().unwrap().parse().unwrap();
    let size = record
        .get("value")
        .map_or(-1, |v| v["size_bytes"].as_i64().unwrap());
    let header = |h: &Value| {
        format!(
            "{}={}",
            h["name"].as_str().unwrap(),
            payload(h, "value").unwrap_or("NULL".into())
        )
    };
    let headers: Vec<String> = record["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(header)
        .collect();
    let key = payload(record, "key").unwrap_or_default();
    format!(
        "{} {} {key} {size} {}",
        record["offset"],
        time.as_millisecond(),
        headers.join(",")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_shown_as_they_were_planted_and_as_kcat_reads_them() {
    let bed = shared();
    let topic = keeping(&bed, "shown", 1);
    let at = 1_700_000_000_123;
    let records = [
        RecordPlan::value("{\"a\": 1}").key("json").timestamp_ms(at),
        RecordPlan::value("plain")
            .key("headers")
            .timestamp_ms(at + 1)
            .header("one", Some("1"))
            .header("null", None)
            .header("empty", Some(""))
            .header("one", Some("2")),
        RecordPlan::tombstone("gone").timestamp_ms(at + 2),
        RecordPlan::value_base64("AP/+")
            .key("bytes")
            .timestamp_ms(at + 3),
        RecordPlan::value("").key("empty").timestamp_ms(at + 4),
        RecordPlan::value("no key: gr\u{fc}n").timestamp_ms(at + 5),
        RecordPlan::value("").key("").timestamp_ms(at + 6),
    ];
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let answer = client
        .call(
            "kafka_record_read",
            json!({"topic": topic, "from": "beginning"}),
        )
        .await;
    let rows = answer.data["records"].as_array().unwrap();
    let ours: Vec<String> = rows.iter().map(as_kcat).collect();
    assert_eq!(ours, kcat(&bed, &topic, "%o %T %k %S %h\n", &[]));
    assert_eq!(
        rows[0]["value"],
        json!({"encoding": "json", "text": "{\"a\": 1}", "size_bytes": 8})
    );
    assert_eq!(rows[0]["timestamp"], "2023-11-14T22:13:20.123Z");
    let header = |name: &str, value: Option<&str>| match value {
        Some(v) => {
            json!({"name": name, "value": {"encoding": "utf8", "text": v, "size_bytes": v.len()}})
        }
        None => json!({"name": name}),
    };
    let headers = [
        header("one", Some("1")),
        header("null", None),
        header("empty", Some("")),
        header("one", Some("2")),
    ];
    assert_eq!(rows[1]["headers"], json!(headers));
    assert_eq!(
        (rows[2].get("value"), &rows[2]["tombstone"]),
        (None, &json!(true))
    );
    assert_eq!(
        rows[3]["value"],
        json!({"encoding": "base64", "text": "AP/+", "size_bytes": 3})
    );
    assert_eq!(
        rows[4]["value"],
        json!({"encoding": "utf8", "text": "", "size_bytes": 0})
    );
    assert!(rows[4].get("tombstone").is_none() && rows[5].get("key").is_none());
    assert_eq!(payload(&rows[5], "value").unwrap(), "no key: gr\u{fc}n");
    assert_eq!(
        payload(&rows[6], "key").unwrap(),
        "",
        "an empty key is no null"
    );
    says(
        &answer,
        &[
            "0@0 2023-11-14T22:13:20.123Z key=json\n  {\"a\": 1}",
            "key=headers [one=1] [null=null] [empty=(empty)] [one=2]\n  plain",
            "key=gone\n  null (tombstone)",
            "(not UTF-8, base64) AP/+",
            "key=empty\n  (empty)",
            "key=null\n  no key: gr\u{fc}n",
            "key=(empty)\n  (empty)",
            &format!("{topic}: 7 records; looked at 7 records"),
        ],
    );
}

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
    plant_transactions(&bed, &topic, ["first", "never", "second", "pending"]);
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
    loop {
        bed.produce(&topic, &[RecordPlan::value("tick").key("tick")])
            .unwrap();
        count += 1;
        let lines = kcat(&bed, &topic, "%o %k\n", &[]);
        if lines.len() < 40 {
            break;
        }
        assert!(Instant::now() < until, "never compacted");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
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
