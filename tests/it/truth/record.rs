//! The record tools: what is read and found is what was planted, and what kcat reads.

mod bounds;
mod content;
mod counting;
mod large;
mod many;
mod paging;
mod sample;
mod search;

use super::{client, offsets, says};
use crate::support::bed::{Bed, RecordPlan, TopicPlan, shared};
use crate::support::mcp::{Answer, Client};
use serde_json::Value;

/// Two records of each value in a transaction of its own that ends so: committed, aborted, committed, open.
fn plant_transactions(bed: &Bed, topic: &str, values: [&str; 4]) {
    for (end, value) in ["commit", "abort", "commit", "open"].iter().zip(values) {
        let id = bed.name("tx");
        let settings = [
            ("transactional.id", id.as_str()),
            ("plant.end", end),
            ("transaction.timeout.ms", "600000"),
        ];
        let records = [RecordPlan::value(value), RecordPlan::value(value)];
        bed.produce_with(topic, &settings, &records).unwrap();
    }
}

/// A topic that keeps records however old their timestamps are.
fn keeping(bed: &Bed, stem: &str, partitions: i32) -> String {
    let name = bed.name(stem);
    let plan = TopicPlan::new(&name, partitions).config("retention.ms", "-1");
    bed.plant_topics(&[plan]).unwrap();
    name
}

/// `partition@offset` of each record, in the order of the answer.
fn places(records: &Value) -> Vec<(i64, i64)> {
    let rows = records.as_array().unwrap();
    rows.iter()
        .map(|r| {
            (
                r["partition"].as_i64().unwrap(),
                r["offset"].as_i64().unwrap(),
            )
        })
        .collect()
}

/// Offsets of an answer about one partition.
fn offsets_of(answer: &Answer) -> Vec<i64> {
    places(&answer.data["records"])
        .into_iter()
        .map(|p| p.1)
        .collect()
}

/// Text of key or value; `None` for a null.
fn payload(record: &Value, part: &str) -> Option<String> {
    record
        .get(part)
        .map(|p| p["text"].as_str().unwrap().to_string())
}

/// RFC 3339 of a time in ms.
fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

/// The answer's part between the boundary that it opens and the first line that closes it, and the boundary.
fn inside(answer: &Answer) -> (String, String) {
    let opening = answer
        .text
        .lines()
        .find(|l| l.starts_with("<data-"))
        .expect("a boundary");
    let mark = opening[1..].split('>').next().unwrap().to_string();
    let (_, rest) = answer.text.split_once(opening).unwrap();
    let (inside, _) = rest
        .split_once(&format!("\n</{mark}>"))
        .expect("the boundary closes");
    (inside.to_string(), mark)
}
