//! Cursors: a long way in small steps is the same way.

use super::{Client, RecordPlan, client, keeping, payload, places, says, shared};
use crate::support::bed::TopicPlan;
use crate::support::mcp::{Answer, Wire};
use crate::truth::{TOPICS, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Follows the cursors to the end; the records of each answer, and how many answers came.
async fn walk(client: &Client, tool: &str, mut asked: Value) -> (Vec<Value>, usize) {
    let (mut all, mut answers) = (Vec::new(), 0);
    loop {
        let answer = client.call(tool, asked.clone()).await;
        answers += 1;
        assert!(answer.data.get("missing").is_none(), "{}", answer.text);
        assert!(answers < 200, "the cursor never ends");
        assert!(
            answer.text.len() + answer.data.to_string().len() <= 60 * 1024,
            "an answer is bounded"
        );
        all.extend(answer.data["records"].as_array().unwrap().clone());
        let Some(cursor) = answer.data.get("next_cursor") else {
            return (all, answers);
        };
        says(&answer, &[&format!("cursor={}", cursor.as_str().unwrap())]);
        asked["cursor"] = cursor.clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chained_cursors_equal_one_big_read_without_repeats_or_gaps() {
    let bed = shared();
    let topic = keeping(&bed, "chained", 4);
    let records: Vec<RecordPlan> = (0..150)
        .map(|i| {
            // Clocks of producers run apart and back.
            let at = 1_760_000_000_000 + i64::from(i) * 100 - i64::from(i % 7) * 450;
            let value = format!("{{\"n\": {i}, \"even\": {}}}", i % 2 == 0);
            RecordPlan::value(&value)
                .key(&format!("k{i}"))
                .partition((i * i) % 4)
                .timestamp_ms(at)
        })
        .collect();
    let placed = bed
        .produce_with(&topic, &[("compression.type", "lz4")], &records)
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let all: BTreeSet<(i64, i64)> = placed
        .iter()
        .map(|p| (p.partition.into(), p.offset))
        .collect();
    let read = |from: &str, limit: usize| json!({"topic": topic, "from": from, "limit": limit, "payload_bytes": 16});
    let search = |order: &str, limit: usize| json!({"topic": topic, "where": ["$.even = true"], "order": order, "limit": limit, "payload_bytes": 16});
    let half: BTreeSet<(i64, i64)> = placed
        .iter()
        .step_by(2)
        .map(|p| (p.partition.into(), p.offset))
        .collect();
    for (tool, big, small, expected) in [
        (
            "kafka_record_read",
            read("beginning", 500),
            read("beginning", 7),
            &all,
        ),
        (
            "kafka_record_read",
            read("tail", 500),
            read("tail", 7),
            &all,
        ),
        (
            "kafka_record_search",
            search("earliest", 500),
            search("earliest", 6),
            &half,
        ),
        (
            "kafka_record_search",
            search("latest", 500),
            search("latest", 6),
            &half,
        ),
    ] {
        let (whole, _) = walk(&client, tool, big.clone()).await;
        let (pieces, answers) = walk(&client, tool, small).await;
        assert!(answers > 10, "{big}");
        let (whole, pieces) = (places(&json!(whole)), places(&json!(pieces)));
        assert_eq!(pieces.len(), expected.len(), "no repeats: {big}");
        assert_eq!(
            &pieces.iter().copied().collect::<BTreeSet<_>>(),
            expected,
            "no gaps: {big}"
        );
        assert_eq!(
            &whole.iter().copied().collect::<BTreeSet<_>>(),
            expected,
            "{big}"
        );
        // Each partition keeps the order of its offsets, in both.
        for partition in 0..4 {
            let of = |list: &[(i64, i64)]| -> Vec<i64> {
                list.iter()
                    .filter(|p| p.0 == partition)
                    .map(|p| p.1)
                    .collect()
            };
            assert_eq!(of(&pieces), of(&whole), "partition {partition}: {big}");
        }
    }
    // A cursor belongs to its question.
    let first = client
        .call("kafka_record_search", search("earliest", 6))
        .await;
    let other =
        json!({"topic": topic, "where": ["$.even = false"], "cursor": first.data["next_cursor"]});
    assert_eq!(
        client.refused("kafka_record_search", other).await.data["code"],
        "bad_argument"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_the_bound_is_cut_and_the_rest_is_within_reach() {
    let bed = shared();
    let topic = keeping(&bed, "bulky", 2);
    let records: Vec<RecordPlan> = (0..90)
        .map(|i| {
            RecordPlan::value(&format!("{i:03}{}", "y".repeat(3_000)))
                .partition(i % 2)
                .timestamp_ms(1_760_000_000_000 + i64::from(i))
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    for (from, newest_first) in [("beginning", false), ("tail", true)] {
        let asked = json!({"topic": topic, "from": from, "limit": 500, "payload_bytes": 4096});
        let first = client.call("kafka_record_read", asked.clone()).await;
        assert_eq!(first.data["stopped"], "limit", "{from}");
        says(&first, &["the answer would be too large"]);
        let (all, answers) = walk(&client, "kafka_record_read", asked).await;
        assert!(answers > 5, "90 records of 3 kB, twice each: {answers}");
        let numbers: Vec<usize> = all
            .iter()
            .map(|r| payload(r, "value").unwrap()[..3].parse().unwrap())
            .collect();
        let mut expected: Vec<usize> = (0..90).collect();
        if newest_first {
            expected.reverse();
        }
        assert_eq!(numbers, expected, "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_tells_of_new_partitions_and_does_not_go_on_in_a_topic_made_anew() {
    let bed = shared();
    let topic = bed.plant_topic("grown", 2).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let records: Vec<_> = (0..40)
        .map(|n| RecordPlan::value(&format!("straw {n}")).partition(n % 2))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let mut asked = json!({"topic": topic, "where": ["value contains straw"], "limit": 10});
    let first = client.call("kafka_record_search", asked.clone()).await;
    asked["cursor"] = first.data["next_cursor"].clone();
    let same = client.call("kafka_record_search", asked.clone()).await;
    assert!(same.data.get("notes").is_none(), "{}", same.text);

    let grow = ["--alter", "--topic", topic.as_str(), "--partitions", "4"];
    bed.kafka(TOPICS, &grow).unwrap();
    let told = |a: &Answer| a.data.get("notes").is_some();
    let ask = async || client.call("kafka_record_search", asked.clone()).await;
    let grown = eventually(ask, told).await;
    let note = json!([{"note": "new_partitions", "first": 2, "last": 3}]);
    assert_eq!(grown.data["notes"], note);
    says(&grown, &["partitions 2 to 3 are new since the first page"]);
    assert_eq!(grown.data["records"], same.data["records"]);

    bed.drop_topics(std::slice::from_ref(&topic)).unwrap();
    bed.plant_topics(&[TopicPlan::new(&topic, 2)]).unwrap();
    bed.produce(&topic, &records).unwrap();
    let refused = client.refused("kafka_record_search", asked).await;
    says(&refused, &["created anew", "begin anew without a cursor"]);
}
