//! Segments that lie damaged on a broker's disk: what cannot be read is named, the rest is found.
//!
//! The broker is ended cleanly, so that it trusts its files when it comes back, and serves what is in them. What is
//! found is held against what was planted, and against kcat where that reads on.

use super::client;
use crate::support::bed::{Bed, Exclusive, RecordPlan, TopicPlan, exclusive};
use crate::support::covered::{all, exact, places};
use crate::support::mcp::{Answer, Client};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Batches of a segment: base offset, position, size.
fn batches(segment: &PathBuf) -> Vec<(i64, u64, u64)> {
    let bytes = std::fs::read(segment).unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 12) {
        let base = i64::from_be_bytes(head[..8].try_into().unwrap());
        let size = 12 + u32::from_be_bytes(head[8..].try_into().unwrap()) as usize;
        if at + size > bytes.len() || size == 12 {
            break;
        }
        found.push((base, at as u64, size as u64));
        at += size;
    }
    found
}

/// The only segment of a partition on a node.
fn segment(bed: &Bed, node: i32, topic: &str, partition: i32) -> PathBuf {
    let name = format!("{topic}-{partition}/00000000000000000000.log");
    let mut dirs = bed.log_dirs(node).into_iter().map(|dir| dir.join(&name));
    dirs.find(|file| file.exists())
        .expect("the segment is there")
}

/// Overwrites bytes of the batch at an offset.
fn spoil(segment: &PathBuf, offset: i64, within: u64, bytes: &[u8]) {
    let (_, at, size) = batches(segment)
        .into_iter()
        .find(|batch| batch.0 == offset)
        .expect("the batch is there");
    assert!(within + bytes.len() as u64 <= size);
    let file = OpenOptions::new().write(true).open(segment).unwrap();
    file.write_all_at(bytes, at + within).unwrap();
}

struct Planted {
    node: i32,
    /// Each with its records in batches of one, in all codecs.
    topic: String,
    /// A shorter log than it was.
    shrunk: String,
    /// More damage than is named.
    riddled: String,
}

const RECORDS: i64 = 40;
const RIDDLED: i64 = 130;
/// Partitions: flipped bits, two lengths that cannot be, none, a length beyond the end of the log.
const PARTITIONS: i32 = 5;
const SHRUNK_TO: i64 = 25;
/// Behind the header of a batch.
const BODY: u64 = 61;
const LENGTH: u64 = 8;
const COUNT: u64 = 57;

fn plant(bed: &Exclusive) -> Planted {
    let node = bed.quorum_follower().unwrap();
    let name = |stem| bed.name(stem);
    let planted = Planted {
        node,
        topic: name("damaged"),
        shrunk: name("shrunk"),
        riddled: name("riddled"),
    };
    let own: &[i32] = &[node];
    let plans = [
        TopicPlan::assigned(&planted.topic, &[own; PARTITIONS as usize]),
        TopicPlan::assigned(&planted.shrunk, &[own]),
        TopicPlan::assigned(&planted.riddled, &[own]),
    ];
    bed.plant_topics(&plans).unwrap();
    for (index, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].iter().enumerate() {
        let records: Vec<_> = (0..PARTITIONS)
            .flat_map(|partition| {
                (0..RECORDS / 5).map(move |n| {
                    let n = index as i64 * RECORDS / 5 + n;
                    let value = format!("needle {n} {}", "0123456789".repeat(20));
                    RecordPlan::value(&value).partition(partition)
                })
            })
            .collect();
        let settings = [("plant.batch.each", "true"), ("compression.type", codec)];
        bed.produce_with(&planted.topic, &settings, &records)
            .unwrap();
    }
    let each = [("plant.batch.each", "true")];
    let records = |count: i64| -> Vec<_> {
        (0..count)
            .map(|n| RecordPlan::value(&format!("needle {n}")))
            .collect()
    };
    bed.produce_with(&planted.shrunk, &each, &records(RECORDS))
        .unwrap();
    bed.produce_with(&planted.riddled, &each, &records(RIDDLED))
        .unwrap();
    planted
}

/// One damaged batch in each codec, and one whose count of records is not true.
const FLIPPED: [i64; 6] = [3, 11, 19, 27, 35, LIAR];
/// Its header tells a negative count of records.
const LIAR: i64 = 38;

fn damage(bed: &Bed, planted: &Planted) {
    let of = |partition| segment(bed, planted.node, &planted.topic, partition);
    for offset in FLIPPED {
        let within = if offset == LIAR { COUNT } else { BODY + 20 };
        spoil(&of(0), offset, within, &[0xa5, 0x5a]);
    }
    spoil(&of(1), 20, LENGTH, &0_i32.to_be_bytes());
    spoil(&of(2), 20, LENGTH, &(-7_i32).to_be_bytes());
    spoil(&of(4), 20, LENGTH, &i32::MAX.to_be_bytes());
    let shrunk = segment(bed, planted.node, &planted.shrunk, 0);
    let (_, at, _) = batches(&shrunk)[SHRUNK_TO as usize];
    let file = OpenOptions::new().write(true).open(&shrunk).unwrap();
    file.set_len(at).unwrap();
    let riddled = segment(bed, planted.node, &planted.riddled, 0);
    for offset in 10..RIDDLED - 10 {
        spoil(&riddled, offset, BODY + 8, &[0xa5, 0x5a]);
    }
}

fn asked(topic: &str, order: &str) -> Value {
    json!({"topic": topic, "where": ["value contains needle"], "order": order, "limit": 500, "payload_bytes": 16})
}

/// What is there of partition 0.
fn there(offsets: impl IntoIterator<Item = i64>) -> BTreeSet<(i64, i64)> {
    offsets.into_iter().map(|offset| (0, offset)).collect()
}

/// What is said of a batch.
fn why(offset: i64) -> &'static str {
    if offset == LIAR {
        "its header is impossible"
    } else {
        "crc mismatch"
    }
}

fn damaged(answer: &Answer) -> Vec<i64> {
    let rows = answer.data["damaged"].as_array();
    let rows = rows.map_or(&[][..], Vec::as_slice).iter();
    rows.map(|row| {
        let offset = row["offset"].as_i64().unwrap();
        assert_eq!(row["why"], why(offset), "{row}");
        offset
    })
    .collect()
}

async fn flipped_bits_cost_their_batches_alone(bed: &Bed, client: &Client, topic: &str) {
    let left = there((0..RECORDS).filter(|offset| !FLIPPED.contains(offset)));
    for order in ["earliest", "latest"] {
        let mut asked = asked(topic, order);
        asked["partitions"] = json!([0]);
        let answer = client.call("kafka_record_search", asked.clone()).await;
        assert_eq!(exact(&answer, &left), left, "{}", answer.text);
        let mut named = damaged(&answer);
        named.sort_unstable();
        assert_eq!(named, FLIPPED, "{}", answer.text);
        assert_eq!(
            answer.data["records_scanned"],
            left.len(),
            "{}",
            answer.text
        );
        assert_eq!(answer.data["covered"][0]["to"], RECORDS);
        for offset in FLIPPED {
            let line = format!(
                "damaged: partition 0 batch at offset {offset}: {}",
                why(offset)
            );
            assert!(answer.text.contains(&line), "{}", answer.text);
        }
        assert!(
            answer
                .text
                .contains("all of the range was read but for 6 damaged batches"),
            "{}",
            answer.text
        );
    }
    // A client that is told to step over such batches reads the same.
    let kcat = bed.kcat(&[
        "-C",
        "-e",
        "-q",
        "-t",
        topic,
        "-p",
        "0",
        "-f",
        "%o\n",
        "-X",
        "check.crcs=false",
        "-o",
        "36",
    ]);
    assert!(kcat.unwrap().contains("36\n37\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_on_disk_is_named_and_everything_else_is_found_once() {
    let bed = exclusive();
    let planted = plant(&bed);
    let client = client(&bed).await;
    // The first page of a longer log.
    let mut page = asked(&planted.shrunk, "earliest");
    page["limit"] = json!(10);
    let first = client.call("kafka_record_search", page.clone()).await;
    assert_eq!(exact(&first, &there(0..RECORDS)), there(0..10));

    bed.halt(planted.node);
    damage(&bed, &planted);
    bed.start(planted.node);
    bed.restore();

    flipped_bits_cost_their_batches_alone(&bed, &client, &planted.topic).await;
    lengths_that_cannot_be_are_where_reading_ends(&client, &planted.topic).await;
    what_a_length_beyond_the_log_hides_is_named(&client, &planted.topic).await;
    a_log_that_became_shorter_says_so(&client, page, &first).await;
    more_damage_than_is_named_is_counted(&client, &planted.riddled).await;
    bed.drop_topics(&[planted.topic, planted.shrunk, planted.riddled])
        .unwrap();
}

async fn lengths_that_cannot_be_are_where_reading_ends(client: &Client, topic: &str) {
    for partition in 1..=2 {
        let there: BTreeSet<(i64, i64)> = (0..RECORDS).map(|o| (partition, o)).collect();
        for order in ["earliest", "latest"] {
            let mut asked = asked(topic, order);
            asked["partitions"] = json!([partition]);
            let answer = client.try_call("kafka_record_search", asked).await;
            if answer.is_error {
                // A broker that stumbles over it itself says so.
                assert_eq!(order, "latest", "{}", answer.text);
                continue;
            }
            exact(&answer, &there);
            let covered = &answer.data["covered"][0];
            assert!(covered["incomplete"].is_string(), "{order}: {covered}");
            assert_eq!(answer.data["stopped"], "incomplete", "{}", answer.text);
            if order == "earliest" {
                assert_eq!(
                    (&covered["from"], &covered["to"]),
                    (&json!(0), &json!(20)),
                    "{}",
                    answer.text
                );
            }
        }
        // The broker itself does not find what lies behind.
        let behind = json!({"topic": topic, "from": "21", "partitions": [partition], "limit": 500, "payload_bytes": 16});
        let answer = client.try_call("kafka_record_read", behind).await;
        assert!(
            answer.is_error && answer.text.contains("CORRUPT_MESSAGE"),
            "{}",
            answer.text
        );
    }
    // A whole partition beside them is not touched by it.
    let there: BTreeSet<(i64, i64)> = (0..RECORDS).map(|o| (3, o)).collect();
    let mut asked = asked(topic, "earliest");
    asked["partitions"] = json!([3]);
    all(client, "kafka_record_search", asked, &there).await;
}

/// The broker sends nothing from there on, and no word of it.
async fn what_a_length_beyond_the_log_hides_is_named(client: &Client, topic: &str) {
    for order in ["earliest", "latest"] {
        let mut asked = asked(topic, order);
        asked["partitions"] = json!([4]);
        let answer = client.call("kafka_record_search", asked).await;
        let found: BTreeSet<(i64, i64)> = places(&answer).into_iter().collect();
        let before: BTreeSet<(i64, i64)> = (0..20).map(|offset| (4, offset)).collect();
        assert_eq!(found, before, "{order}: {}", answer.text);
        assert_eq!(answer.data["stopped"], "incomplete", "{order}");
        let why = answer.data["covered"][0]["incomplete"].as_str().unwrap();
        let said = "to 39: compacted away, or hidden behind damage";
        assert!(why.ends_with(said), "{order}: {}", answer.text);
        assert!(answer.text.contains(why), "{order}: {}", answer.text);
    }
}

async fn a_log_that_became_shorter_says_so(client: &Client, mut page: Value, first: &Answer) {
    page["cursor"] = first.data["next_cursor"].clone();
    page["limit"] = json!(500);
    let answer = client.call("kafka_record_search", page).await;
    assert_eq!(exact(&answer, &there(10..SHRUNK_TO)), there(10..SHRUNK_TO));
    let covered = &answer.data["covered"][0];
    assert_eq!(covered["to"], SHRUNK_TO, "{}", answer.text);
    let why = format!("the log ends at offset {SHRUNK_TO}, before the planned end {RECORDS}");
    assert_eq!(covered["incomplete"], why);
    assert!(answer.text.contains(&why), "{}", answer.text);
}

async fn more_damage_than_is_named_is_counted(client: &Client, topic: &str) {
    let left = there((0..10).chain(RIDDLED - 10..RIDDLED));
    let answer = client
        .call("kafka_record_search", asked(topic, "earliest"))
        .await;
    assert_eq!(places(&answer), left.iter().copied().collect::<Vec<_>>());
    assert_eq!(answer.data["damaged"].as_array().unwrap().len(), 100);
    assert_eq!(
        answer.data["damaged_total"],
        RIDDLED - 20,
        "{}",
        answer.text
    );
    assert!(
        answer
            .text
            .contains("all of the range was read but for 110 damaged batches"),
        "{}",
        answer.text
    );
}
