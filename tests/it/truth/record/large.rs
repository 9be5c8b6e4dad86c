//! Records of ten megabytes: more than one fetch asks for, found, cut and said so, within bounded memory.

use super::{TopicPlan, client, shared};
use crate::support::bed::{Bed, Listener};
use crate::support::covered::{exact, places};
use crate::support::mcp::{Client, Wire};
use serde_json::json;
use std::collections::BTreeSet;

/// A small record, a large one of each codec, headers of ten megabytes, a small one; the offsets as the brokers told.
const PRODUCE: &str = r#"
import os, sys
from confluent_kafka import Producer
at, topic = sys.argv[1:]
def producer(codec):
    return Producer({'bootstrap.servers': at, 'message.max.bytes': 30000000, 'compression.type': codec, 'linger.ms': 0,
                     'enable.idempotence': True})
def send(p, **record):
    told = []
    p.produce(topic, partition=0, on_delivery=lambda e, m: told.append(e or m.offset()), **record)
    p.flush()
    print(told[0])
size = 10 * 1024 * 1024
plain = producer('none')
send(plain, value=b'small first')
for codec in ('none', 'gzip', 'snappy', 'lz4', 'zstd'):
    # Random bytes are as large on the wire as off it.
    send(producer(codec), key=codec.encode(), value=os.urandom(size) + b'needle of ' + codec.encode())
send(producer('lz4'), key=b'flat', value=b'x' * size + b'needle of nothing else')
send(plain, key=b'headers', value=b'v', headers=[('h', os.urandom(size) + b'needle')])
send(plain, key=os.urandom(size) + b'needle', value=None)
for n in range(6):
    send(plain, key=b'bulk', value=os.urandom(size))
send(plain, value=b'small last')
"#;
const SIZE: usize = 10 << 20;

/// The largest memory that a process ever had, MiB.
fn peak_mib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib >> 10
}

fn planted(bed: &Bed, topic: &str) -> Vec<i64> {
    let plan = TopicPlan::new(topic, 1).replication(1);
    bed.plant_topics(&[plan.config("max.message.bytes", "30000000")])
        .unwrap();
    let at = bed.bootstrap(Listener::Plaintext);
    let told = bed.python(PRODUCE, &[&at, topic]).unwrap();
    told.lines().map(|offset| offset.parse().unwrap()).collect()
}

async fn server(bed: &Bed) -> Client {
    client(bed, Wire::StdioModern).await
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_ten_megabytes_are_found_in_every_codec_and_cost_little_memory() {
    let bed = shared();
    let topic = bed.name("megabytes");
    let told = planted(&bed, &topic);
    assert_eq!(told, (0..16).collect::<Vec<i64>>(), "as the brokers told");
    let client = server(&bed).await;
    let here = |offsets: std::ops::Range<i64>| offsets.map(|o| (0, o)).collect::<BTreeSet<_>>();
    for order in ["earliest", "latest"] {
        for (condition, there) in [
            ("value contains needle of", here(1..7)),
            ("value ~ needle of (zstd|nothing else)$", here(5..7)),
            ("header.h ~ needle$", here(7..8)),
            ("key ~ needle$", here(8..9)),
            ("size > 10485760", here(1..7)),
            (
                "value contains small",
                here(0..1).into_iter().chain([(0, 15)]).collect(),
            ),
        ] {
            let asked = json!({"topic": topic, "where": [condition], "order": order, "limit": 20, "payload_bytes": 16});
            let answer = client.call("kafka_record_search", asked).await;
            assert_eq!(
                exact(&answer, &there),
                there,
                "{condition}: {}",
                answer.text
            );
            assert_eq!(answer.data["records_scanned"], 16, "{condition}");
            assert_eq!(answer.data["stopped"], "end", "{condition}");
        }
    }
    // What is shown is cut to its budget and says how large it is.
    let asked = json!({"topic": topic, "from": "1", "until": "9", "payload_bytes": 16});
    let read = client.call("kafka_record_read", asked).await;
    assert_eq!(places(&read), here(1..9).into_iter().collect::<Vec<_>>());
    let rows = read.data["records"].as_array().unwrap();
    for (row, codec) in rows.iter().zip(["none", "gzip", "snappy", "lz4", "zstd"]) {
        let value = &row["value"];
        assert_eq!(value["size_bytes"], SIZE + 10 + codec.len());
        assert_eq!(value["truncated"], true);
    }
    let header = &rows[6]["headers"][0]["value"];
    assert_eq!(
        (&header["size_bytes"], &header["truncated"]),
        (&json!(SIZE + 6), &json!(true))
    );
    assert_eq!(
        (&rows[7]["key"]["size_bytes"], &rows[7]["tombstone"]),
        (&json!(SIZE + 6), &json!(true))
    );
    // Pages of one record each, over batches larger than a fetch.
    for from in ["beginning", "tail"] {
        let asked = json!({"topic": topic, "from": from, "limit": 1, "payload_bytes": 16});
        let every = here(0..16);
        let answers =
            crate::support::covered::all(&client, "kafka_record_read", asked, &every).await;
        assert!((16..=17).contains(&answers), "{from}: {answers}");
    }
    // 150 MiB went through many times.
    let peak = peak_mib(client.id());
    assert!(peak < PEAK_MIB, "{peak} MiB");
    bed.drop_topics(&[topic]).unwrap();
}

/// A batch of ten megabytes, its decompressed twin on each decoder, the fetch under way, and the program.
const PEAK_MIB: u64 = 160;
