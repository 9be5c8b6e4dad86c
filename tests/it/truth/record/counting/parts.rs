//! Counts over several calls, and of more groups than are counted exactly.

use super::{RecordPlan, client, count, groups, keeping, says, shared};
use crate::support::bed::Listener;
use crate::support::mcp::Wire;
use crate::truth::LIMIT;
use kafkaweave_client::kafka::{Engine, Native};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::model::{Isolation, PartitionRange, ScanOrder, ScanRequest, StopReason};
use kafkaweave_core::search::{CountBy, Cursor, Predicate, Tally, fingerprint};
use serde_json::json;
use std::time::Instant;

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
        progress: None,
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

    // The same through the tool: a cursor as a call that was cut gives it.
    let client = client(&bed, Wire::StdioModern).await;
    let conditions = json!(["value contains hit or key = key-7"]);
    let cursor = |by: &str| {
        let what = format!("count by {by}");
        let parts = [
            "ReadUncommitted Earliest",
            &what,
            "value contains hit or key = key-7",
        ];
        Cursor {
            cluster: "default".into(),
            topic: topic.clone(),
            topic_id: None,
            partitions: None,
            query: fingerprint(parts),
            order: ScanOrder::Earliest,
            ranges: vec![PartitionRange {
                partition: 1,
                start: 400,
                end: 1_000,
            }],
        }
        .encode()
    };
    let rest = |by: &str| json!({"where": conditions, "cursor": cursor(by)});
    let answer = count(&client, &topic, "key", rest("key")).await;
    let expected = (0..2_000).filter(|i| i % 2 == 1 && i / 2 >= 400 && (i % 5 == 0 || i % 13 == 7));
    assert_eq!(answer.data["counts"]["total"], expected.count());
    says(
        &answer,
        &["counts are of this part alone: add those of the parts before"],
    );
    let mut other = rest("partition");
    other["topic"] = json!(topic);
    other["count_by"] = json!("key");
    let refused = client.refused("kafka_record_search", other).await;
    says(
        &refused,
        &["the cursor belongs to a search with other conditions"],
    );
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
