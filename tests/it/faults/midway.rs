//! The cluster changes in the middle of a search: leadership moves, a broker freezes or dies, the log is truncated.
//!
//! A quota makes each search last: what brokers hand out at once is less than the topic, and the change falls into the
//! pause behind it. Whatever happens, each record of what the answer covers is found once, and the rest is named.

use crate::support::bed::{Bed, RecordPlan, TopicPlan, exclusive, shared};
use crate::support::covered::exact;
use crate::support::mcp::{Answer, Client, Wire};
use crate::support::slow::Slow;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const ELECTION: &str = "org.apache.kafka.tools.LeaderElectionCommand";
const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
const DELETE_RECORDS: &str = "org.apache.kafka.tools.DeleteRecordsCommand";
/// Some megabyte of each broker comes at once.
const BYTES_A_SECOND: u32 = 100_000;
/// Bytes of a value.
const SIZE: usize = 1_000;
/// Every so many records there is a needle, so that a block left out is noticed.
const EVERY: usize = 25;
const ARGS: [&str; 4] = ["--request-timeout-ms", "2000", "--call-timeout-ms", "90000"];

/// Plants so many records in each partition; where the needles are.
fn plant(bed: &Bed, topic: &str, counts: &[usize]) -> BTreeSet<(i64, i64)> {
    let hay = "x".repeat(SIZE);
    let mut records = Vec::new();
    for (partition, count) in counts.iter().enumerate() {
        for n in 0..*count {
            let word = if n % EVERY == 0 { "needle" } else { "straw" };
            let value = format!("{word} {n} {hay}");
            records.push(RecordPlan::value(&value).partition(partition as i32));
        }
    }
    let placed = bed.produce(topic, &records).unwrap();
    assert_eq!(placed.len(), records.len());
    let needles = placed
        .iter()
        .filter(|at| (at.offset as usize).is_multiple_of(EVERY));
    needles
        .map(|at| (i64::from(at.partition), at.offset))
        .collect()
}

async fn server(slow: &Slow<'_>) -> Client {
    let variables = slow.variables();
    let variables: Vec<_> = variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
    Client::start_with(Wire::StdioModern, &ARGS, &variables).await
}

fn asked(topic: &str, order: &str) -> Value {
    json!({"topic": topic, "where": ["value contains needle"], "order": order, "limit": 500, "payload_bytes": 16})
}

/// Searches, and does something once the first records were read and before the last.
async fn midway(client: &Client, asked: Value, change: impl FnOnce()) -> Answer {
    let before = client.heard().len();
    let search = async {
        let answer = client.call("kafka_record_search", asked).await;
        (answer, Instant::now())
    };
    let change = async {
        let until = Instant::now() + Duration::from_secs(30);
        while client.heard().len() == before {
            assert!(Instant::now() < until, "the search says nothing");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::task::block_in_place(change);
        Instant::now()
    };
    let ((answer, ended), changed) = tokio::join!(search, change);
    assert!(changed < ended, "the search ended before: {}", answer.text);
    answer
}

fn covered(answer: &Answer, partition: usize) -> &Value {
    let rows = answer.data["covered"].as_array().unwrap();
    let row = rows.iter().find(|row| row["partition"] == partition);
    row.expect("the partition is told of")
}

/// All of a partition was read.
fn assert_whole(answer: &Answer, partition: usize, count: usize) {
    let row = covered(answer, partition);
    assert!(row["incomplete"].is_null(), "{}", answer.text);
    assert_eq!(
        (&row["from"], &row["to"]),
        (&json!(0), &json!(count)),
        "{}",
        answer.text
    );
    assert_eq!(row["records"], count, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn leadership_moves_to_and_fro_under_a_search_and_nothing_is_found_twice_or_left_out() {
    let bed = shared();
    let topic = bed.name("midway-moved");
    let counts = [1_500, 1_500];
    let plan = TopicPlan::assigned(&topic, &[&[1, 2], &[2, 1]]);
    bed.plant_topics(&[plan]).unwrap();
    let there = plant(&bed, &topic, &counts);
    let path = std::env::temp_dir().join(bed.name("midway"));
    let moves = |replicas: [[i32; 2]; 2]| {
        let rows: Vec<_> = replicas
            .iter()
            .enumerate()
            .map(|(n, replicas)| json!({"topic": topic, "partition": n, "replicas": replicas}))
            .collect();
        let plan = json!({"version": 1, "partitions": rows});
        std::fs::write(&path, plan.to_string()).unwrap();
        let file = path.to_str().unwrap();
        bed.kafka(REASSIGN, &["--reassignment-json-file", file, "--execute"])
            .unwrap();
        for partition in ["0", "1"] {
            let elect = [
                "--election-type",
                "preferred",
                "--topic",
                &topic,
                "--partition",
                partition,
            ];
            bed.kafka(ELECTION, &elect).unwrap();
        }
    };
    for order in ["earliest", "latest"] {
        let slow = Slow::new(&bed, BYTES_A_SECOND);
        let client = server(&slow).await;
        let answer = midway(&client, asked(&topic, order), || {
            moves([[2, 1], [1, 2]]);
        })
        .await;
        assert_eq!(exact(&answer, &there), there, "{order}: {}", answer.text);
        assert_eq!(answer.data["stopped"], "end", "{order}: {}", answer.text);
        for (partition, count) in counts.into_iter().enumerate() {
            assert_whole(&answer, partition, count);
        }
        moves([[1, 2], [2, 1]]);
    }
    std::fs::remove_file(&path).unwrap();
}

/// Takes a partition from all nodes but one: topics are planted with the same number of replicas for all partitions.
async fn keep_alone(bed: &Bed, topic: &str, partition: i32, node: i32) {
    let path = std::env::temp_dir().join(bed.name("midway"));
    let row = json!({"topic": topic, "partition": partition, "replicas": [node]});
    let plan = json!({"version": 1, "partitions": [row]});
    std::fs::write(&path, plan.to_string()).unwrap();
    let file = ["--reassignment-json-file", path.to_str().unwrap()];
    let told = |what| bed.kafka(REASSIGN, &[&file[..], &[what]].concat()).unwrap();
    told("--execute");
    let until = Instant::now() + Duration::from_secs(30);
    while !told("--verify").contains("is completed") {
        assert!(Instant::now() < until, "the replica stays");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_freezes_or_dies_costs_only_what_nobody_else_has() {
    let bed = exclusive();
    let slow = Slow::new(&bed, BYTES_A_SECOND);
    let controller = bed.quorum_leader().unwrap();
    let others: Vec<i32> = (1..=3).filter(|node| *node != controller).collect();
    let (lost, other) = (others[0], others[1]);
    for freezes in [true, false] {
        let topic = bed.name("midway-lost");
        let (both, beside) = ([lost, other], [other, controller]);
        let plan = TopicPlan::assigned(&topic, &[&both, &both, &beside]);
        bed.plant_topics(&[plan]).unwrap();
        keep_alone(&bed, &topic, 1, lost).await;
        let counts = [1_000, 1_000, 300];
        let there = plant(&bed, &topic, &counts);
        let client = server(&slow).await;
        let answer = midway(&client, asked(&topic, "earliest"), || {
            if freezes {
                bed.freeze(lost);
            } else {
                bed.kill(lost);
            }
        })
        .await;
        let found = exact(&answer, &there);
        assert_whole(&answer, 0, counts[0]);
        assert_whole(&answer, 2, counts[2]);
        let of = |partition| there.iter().filter(move |place| place.0 == partition);
        for place in of(0).chain(of(2)) {
            assert!(found.contains(place), "{place:?}: {}", answer.text);
        }
        let row = covered(&answer, 1);
        let why = row["incomplete"].as_str().expect("why it is not whole");
        assert!(row["to"].as_u64().unwrap() < counts[1] as u64, "{row}");
        assert_eq!(answer.data["stopped"], "incomplete", "{}", answer.text);
        let line = format!("partition 1: covered 0 to {}; {why}", row["to"]);
        assert!(answer.text.contains(&line), "{}", answer.text);
        println!("{line}");
        if freezes {
            bed.thaw(lost);
        }
        bed.restore();
        // The cursor goes on where the partition was lost; in the end everything was found once.
        let mut on = asked(&topic, "earliest");
        on["cursor"] = answer.data["next_cursor"].clone();
        assert!(on["cursor"].is_string(), "{}", answer.text);
        let rest = client.call("kafka_record_search", on).await;
        let rest = exact(&rest, &there);
        assert!(rest.is_disjoint(&found));
        assert_eq!(&rest | &found, there);
        // Kafka's own tool tells one count of replicas for all partitions, so it is in the way of others.
        bed.drop_topics(std::slice::from_ref(&topic)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_deleted_under_a_search_are_named_and_the_others_are_found_once() {
    let bed = shared();
    const COUNT: usize = 2_500;
    /// Deleted up to here: more than comes at once.
    const GONE: i64 = 2_000;
    let slow: Vec<_> = (0..2).map(|_| Slow::new(&bed, BYTES_A_SECOND)).collect();
    for (order, slow) in ["earliest", "latest"].into_iter().zip(&slow) {
        let topic = bed.name("midway-deleted");
        bed.plant_topics(&[TopicPlan::new(&topic, 1)]).unwrap();
        let there = plant(&bed, &topic, &[COUNT]);
        let client = server(slow).await;
        let answer = midway(&client, asked(&topic, order), || {
            let path = std::env::temp_dir().join(bed.name("midway"));
            let partitions = [json!({"topic": topic, "partition": 0, "offset": GONE})];
            let plan = json!({"version": 1, "partitions": partitions});
            std::fs::write(&path, plan.to_string()).unwrap();
            let file = path.to_str().unwrap();
            bed.kafka(DELETE_RECORDS, &["--offset-json-file", file])
                .unwrap();
            std::fs::remove_file(&path).unwrap();
        })
        .await;
        let row = covered(&answer, 0);
        let why = row["incomplete"].as_str().expect("what is gone is named");
        println!("{order}: {row}");
        assert!(answer.text.contains(why), "{}", answer.text);
        let words: Vec<&str> = why.split(' ').collect();
        let ["offsets", first, "to", last, "were", "deleted", ..] = words[..] else {
            panic!("{why}");
        };
        let gone: std::ops::RangeInclusive<i64> = first.parse().unwrap()..=last.parse().unwrap();
        assert!(!gone.is_empty() && *gone.end() < GONE, "{why}");
        let left = there.into_iter().filter(|place| !gone.contains(&place.1));
        let left: BTreeSet<_> = left.collect();
        assert_eq!(exact(&answer, &left), left, "{order}: {}", answer.text);
        assert_eq!(answer.data["stopped"], "incomplete", "{}", answer.text);
    }
}
