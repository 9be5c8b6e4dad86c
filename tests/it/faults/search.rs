//! A search goes on when a partition's leader dies under it: nothing twice, nothing left out.

use super::{client, missing};
use crate::support::bed::{Bed, RecordPlan, exclusive};
use crate::support::mcp::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

const PARTITIONS: i32 = 3;
const RECORDS: usize = 100_000;
const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

/// Leaders by partition, as Kafka's own tool has them.
fn leaders(bed: &Bed, topic: &str) -> BTreeMap<i32, i32> {
    let described = bed
        .kafka(TOPICS, &["--describe", "--topic", topic])
        .unwrap();
    let number = |line: &str, label: &str| -> Option<i32> {
        let (_, rest) = line.split_once(label)?;
        rest.split_whitespace().next()?.parse().ok()
    };
    described
        .lines()
        .filter_map(|line| Some((number(line, "Partition:")?, number(line, "Leader:")?)))
        .collect()
}

fn assert_whole(answer: &Answer) {
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(answer.data["stopped"], "end", "{}", answer.text);
    assert_eq!(
        answer.data["records_scanned"],
        RECORDS + 1,
        "{}",
        answer.text
    );
    assert!(missing(answer).is_empty(), "{}", answer.text);
    let covered = answer.data["covered"].as_array().unwrap();
    assert_eq!(covered.len() as i32, PARTITIONS);
    assert!(
        covered.iter().all(|row| row["incomplete"].is_null()),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_outlives_the_leader_of_a_partition() {
    let bed = exclusive();
    let topic = bed.plant_topic("moved", PARTITIONS).unwrap();
    let records: Vec<_> = (0..RECORDS)
        .map(|n| {
            let value = format!(
                r#"{{"n":{n},"user":{{"id":{},"tags":["a","b","c"]}},"text":"none"}}"#,
                n % 977
            );
            RecordPlan::value(&value).partition(n as i32 % PARTITIONS)
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let controller = bed.quorum_leader().unwrap();
    let (partition, leader) = leaders(&bed, &topic)
        .into_iter()
        .find(|(_, leader)| *leader != controller)
        .unwrap();
    // The last record of the partition whose leader dies: what is read after the move counts.
    let needle = RecordPlan::value(r#"{"n":-1,"user":{"id":-1}}"#).partition(partition);
    let placed = bed.produce(&topic, &[needle]).unwrap();
    let client = client(&bed).await;
    let nothing = json!({ "topic": topic, "where": ["$.user.id = 100000"], "limit": 5 });
    let one = json!({ "topic": topic, "where": ["$.user.id = -1"], "limit": 5 });

    let began = Instant::now();
    let (quiet, _) = tokio::join!(
        client.call("kafka_record_search", one.clone()),
        client.call("kafka_record_search", nothing.clone()),
    );
    let takes = began.elapsed();
    assert_whole(&quiet);

    let searches = async {
        tokio::join!(
            client.try_call("kafka_record_search", one),
            client.try_call("kafka_record_search", nothing),
        )
    };
    // Well inside of the search, by what the same one has just taken.
    let kill = async {
        tokio::time::sleep(takes / 5).await;
        tokio::task::block_in_place(|| bed.kill(leader));
        Instant::now()
    };
    let timed = async {
        let answers = searches.await;
        (answers, Instant::now())
    };
    let (((found, none), ended), killed) = tokio::join!(timed, kill);
    assert!(killed < ended, "the searches ended before the leader died");
    assert_whole(&found);
    assert_whole(&none);
    assert_eq!(none.data["records"], json!([]), "{}", none.text);
    let records: Vec<(&Value, &Value)> = found.data["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (&r["partition"], &r["offset"]))
        .collect();
    assert_eq!(
        records,
        [(&json!(partition), &json!(placed[0].offset))],
        "{}",
        found.text
    );
    bed.await_fenced(leader);
    assert_ne!(leaders(&bed, &topic)[&partition], leader);
    bed.restore();
    bed.drop_topics(&[topic]).unwrap();
}
