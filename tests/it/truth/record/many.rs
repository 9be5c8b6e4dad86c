//! Many records: a needle at the first, the last and any place is found with its offset, in both orders, in one search
//! or in fifty; and the newest ones cost a small part of the topic.

use super::{client, shared};
use crate::support::bed::{Bed, Listener, TopicPlan};
use crate::support::covered::{all, exact, places};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PARTITIONS: u64 = 3;
/// Records that bear a mark, evenly among the others.
const MARKS: u64 = 100;

/// Record `n` goes to partition `n % 3`; the offsets are what the brokers told, by needle.
const PRODUCE: &str = r#"
import os, sys
from confluent_kafka import Producer
at, topic, count, step, *needles = sys.argv[1:]
count, step, needles = int(count), int(step), set(map(int, needles))
p = Producer({'bootstrap.servers': at, 'compression.type': 'lz4', 'enable.idempotence': True, 'linger.ms': 20, 'batch.size': 16384,
              'queue.buffering.max.messages': 200000})
failed = []
def told(n):
    def tell(error, message):
        if error: failed.append(error)
        elif n in needles: print(n, message.partition(), message.offset())
    return tell
def broken(error, message):
    if error: failed.append(error)
noise = os.urandom(1 << 16).hex()
for n in range(count):
    word = 'needle' if n in needles else 'straw'
    mark = ' marked' if n % step == 0 else ''
    at = n * 7919 % (len(noise) - 100)
    value = f'{word} {n}{mark} {noise[at:at + 80]}'
    while True:
        try:
            p.produce(topic, value.encode(), partition=n % 3, on_delivery=told(n) if n in needles else broken)
            break
        except BufferError:
            p.poll(0.1)
    if n % 1000 == 0: p.poll(0)
p.flush()
assert not failed, failed[:3]
"#;

fn asked(topic: &str, word: &str, order: &str, limit: usize) -> Value {
    let condition = format!("value contains {word}");
    json!({"topic": topic, "where": [condition], "order": order, "limit": limit, "payload_bytes": 16})
}

fn wire_bytes(answer: &Answer) -> u64 {
    answer.data["wire_bytes"].as_u64().unwrap()
}

async fn found_wherever_they_are(bed: &Bed, count: u64) {
    let topic = bed.name("many");
    bed.plant_topics(&[TopicPlan::new(&topic, PARTITIONS as i32).replication(1)])
        .unwrap();
    let step = count / MARKS;
    // Places without a pattern: the process id and the count are as good as any.
    let seed = u64::from(std::process::id()) * 2_654_435_761;
    let mut needles = BTreeSet::from([0, 1, 2, count - 3, count - 2, count - 1]);
    needles.extend((1..=20).map(|n: u64| seed.wrapping_mul(n).wrapping_add(n * n * 7_919) % count));
    let at = bed.bootstrap(Listener::Plaintext);
    let numbers: Vec<String> = [count, step]
        .iter()
        .chain(&needles)
        .map(u64::to_string)
        .collect();
    let mut args = vec![at.as_str(), &topic];
    args.extend(numbers.iter().map(String::as_str));
    let told = bed.python(PRODUCE, &args).unwrap();
    let there: BTreeSet<(i64, i64)> = told
        .lines()
        .map(|line| {
            let row: Vec<i64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            assert_eq!(row[0] / PARTITIONS as i64, row[2], "{line}");
            (row[1], row[2])
        })
        .collect();
    assert_eq!(there.len(), needles.len());
    let client = client(bed, Wire::StdioModern).await;
    let mut bytes = 0;
    for order in ["earliest", "latest"] {
        let answer = client
            .call("kafka_record_search", asked(&topic, "needle", order, 100))
            .await;
        assert_eq!(exact(&answer, &there), there, "{order}: {}", answer.text);
        assert_eq!(answer.data["stopped"], "end", "{order}");
        assert_eq!(answer.data["records_scanned"], count, "{order}");
        bytes = wire_bytes(&answer);
    }
    fifty_searches_are_one(&client, &topic, count).await;
    let newest = client
        .call("kafka_record_search", asked(&topic, "straw", "latest", 10))
        .await;
    assert_eq!(places(&newest).len(), 10, "{}", newest.text);
    let share = wire_bytes(&newest) as f64 * 100.0 / bytes as f64;
    assert!(share < 5.0, "{share} % of {bytes} bytes");
    bed.drop_topics(&[topic]).unwrap();
}

async fn fifty_searches_are_one(client: &Client, topic: &str, count: u64) {
    let step = count / MARKS;
    let marked = (0..MARKS).map(|n| n * step);
    let marked: BTreeSet<(i64, i64)> = marked
        .map(|n| ((n % PARTITIONS) as i64, (n / PARTITIONS) as i64))
        .collect();
    for order in ["earliest", "latest"] {
        let whole = client
            .call("kafka_record_search", asked(topic, "marked", order, 500))
            .await;
        assert_eq!(exact(&whole, &marked), marked, "{order}");
        let answers = all(
            client,
            "kafka_record_search",
            asked(topic, "marked", order, 2),
            &marked,
        )
        .await;
        assert!((50..=51).contains(&answers), "{order}: {answers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn needles_among_two_hundred_thousand_records_are_found_wherever_they_are() {
    found_wherever_they_are(&shared(), 200_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a long proof: ./check --full"]
async fn needles_among_two_million_records_are_found_wherever_they_are() {
    found_wherever_they_are(&shared(), 2_000_000).await;
}
