//! What every [`Engine`] answers, on a real cluster and on the sandbox: the same planted state, the same answers.
//!
//! librdkafka (through Python) plants the state on both, so neither side is its own witness. What honestly differs
//! (addresses, ids, sizes, clocks, the broker's own settings) is left out; what is planted must come back alike. A
//! difference is a defect of the sandbox, or of what we believe of Kafka.

mod questions;

use crate::support::bed::{Bed, Listener, shared};
use kafkaweave_client::kafka::{Engine, KafkaError, connect};
use kafkaweave_client::profile::Profile;
use kafkaweave_sandbox::{Options, Sandbox};
use questions::Case;
use serde_json::{Value, json};

/// Arguments: bootstrap, topic, group. Records lie in partitions 0 (all codecs, headers, nulls) and 1 (many small ones);
/// partition 2 stays empty.
const PLANT: &str = r#"
import sys, time
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
boot, topic, group = sys.argv[1:4]
admin = AdminClient({'bootstrap.servers': boot})
admin.create_topics([NewTopic(topic, 3, 3, config={'retention.ms': '-1', 'max.message.bytes': '500000'})])[topic].result(30)
def ready():
    found = admin.list_topics(timeout=20).topics.get(topic)
    return found and len(found.partitions) == 3 and all(len(p.isrs) == 3 for p in found.partitions.values())
until = time.time() + 30
while not ready():
    assert time.time() < until, 'never complete'
    time.sleep(0.05)
failed = []
def producer(**more):
    return Producer({'bootstrap.servers': boot, 'acks': 'all', 'linger.ms': 20, **more})
def send(p, partition, at, key, value, headers=None):
    p.produce(topic, partition=partition, timestamp=at, key=key, value=value, headers=headers,
              on_delivery=lambda error, _: error and failed.append(error))
at = 1760000000000
for codec in ['none', 'gzip', 'snappy', 'lz4', 'zstd']:
    p = producer(**{'compression.type': codec})
    for i in range(4):
        send(p, 0, at, codec.encode(), b'{"codec": "%s", "n": %d}' % (codec.encode(), i), [('codec', codec.encode()), ('null', None), ('codec', b'')])
        at += 1000
    p.flush(30)
p = producer()
send(p, 0, at, b'gone', None)
send(p, 0, at + 1000, None, b'\x00\xff\xfe')
send(p, 0, at + 2000, b'', b'')
for i in range(200):
    # One clock in ten is behind.
    send(p, 1, 1760000000000 + i * 100 - (5000 if i % 10 == 7 else 0), b'k%d' % (i % 5), b'value %d' % i)
p.flush(30)
assert not failed, failed
c = Consumer({'bootstrap.servers': boot, 'group.id': group, 'enable.auto.commit': False})
c.commit(offsets=[TopicPartition(topic, 0, 5), TopicPartition(topic, 1, 200, 'a note')], asynchronous=False)
c.close()
"#;

fn engine(bootstrap: &str) -> std::sync::Arc<dyn Engine> {
    let bootstrap = bootstrap.split(',').map(String::from).collect();
    connect(&Profile::new("contract", bootstrap)).unwrap()
}

/// Plants and asks everything, by name of the question.
async fn answers(
    bed: &Bed,
    bootstrap: &str,
    topic: &str,
    group: &str,
) -> Vec<(&'static str, Value)> {
    bed.python(PLANT, &[bootstrap, topic, group]).unwrap();
    let engine = engine(bootstrap);
    let case = Case {
        engine: engine.as_ref(),
        topic,
        group,
    };
    vec![
        ("cluster", case.cluster().await),
        ("topics", case.topics().await),
        ("offsets", case.offsets().await),
        ("configs", case.configs().await),
        ("groups", case.groups().await),
        ("log dirs", case.log_dirs().await),
        ("scans", case.scans().await),
        ("timestamps", case.timestamps().await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_answers_the_same_of_a_real_cluster_and_of_the_sandbox() {
    let bed = shared();
    let (topic, group) = (bed.name("contract"), bed.name("contract"));
    let real = answers(&bed, &bed.bootstrap(Listener::Plaintext), &topic, &group).await;
    let options = Options {
        seed: false,
        traffic: false,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let simulated = answers(&bed, &sandbox.bootstrap(), &topic, &group).await;
    sandbox.shutdown().await;
    for ((question, real), (_, simulated)) in real.iter().zip(&simulated) {
        if let (Value::Array(real), Value::Array(simulated)) = (real, simulated) {
            for (part, (real, simulated)) in real.iter().zip(simulated).enumerate() {
                assert_eq!(
                    simulated, real,
                    "{question}, part {part}: sandbox, then Kafka"
                );
            }
        }
        assert_eq!(simulated, real, "{question}: sandbox, then Kafka");
    }
    // And what was planted is what came back.
    let scans = &real.iter().find(|a| a.0 == "scans").unwrap().1;
    let all = scans[0]["records"].as_array().unwrap();
    assert_eq!(all.len(), 223);
    let first_zstd = json!([
        0,
        16,
        1_760_000_016_000_i64,
        "create_time",
        "zstd",
        "{\\\"codec\\\": \\\"zstd\\\", \\\"n\\\": 0}",
        25,
        [["codec", "zstd", 4], ["null", null, 0], ["codec", "", 0]],
        3,
    ]);
    assert!(all.contains(&first_zstd), "{:#}", all[16]);
    assert_eq!(scans[2]["records"].as_array().unwrap().len(), 223);
    assert_eq!(scans[4]["records"].as_array().unwrap().len(), 11);
    assert_eq!(scans[5]["records"].as_array().unwrap().len(), 3);
    assert_eq!(scans[6]["records"].as_array().unwrap().len(), 1);
    let groups = &real.iter().find(|a| a.0 == "groups").unwrap().1;
    let committed = &groups["committed"][0][1];
    assert_eq!(committed[0], json!([true, 0, 5, ""]));
    assert_eq!(committed[1][2], 200);
    // That client sends the zero behind its text too.
    let note = committed[1][3].as_str().unwrap();
    assert_eq!(note.trim_end_matches('\0'), "a note");
}

/// What the engine on librdkafka does not answer, or not in full. A question that comes onto this list is lost, one that leaves it is won: either way
/// it is seen here.
#[cfg(feature = "librdkafka")]
const NOT_OFFERED: [&str; 4] = ["cluster", "configs", "groups", "log dirs"];

#[cfg(feature = "librdkafka")]
#[tokio::test(flavor = "multi_thread")]
async fn both_engines_answer_the_same_of_the_real_cluster_or_librdkafka_says_that_it_cannot() {
    let bed = shared();
    let (topic, group) = (bed.name("engines"), bed.name("engines"));
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    bed.python(PLANT, &[&bootstrap, &topic, &group]).unwrap();
    let native = engine(&bootstrap);
    let bootstrap = bootstrap.split(',').map(String::from).collect();
    let other = kafkaweave_librdkafka::Librdkafka::new(&Profile::new("contract", bootstrap));
    let other = other.unwrap();
    let case = |engine| Case {
        engine,
        topic: &topic,
        group: &group,
    };
    let (ours, theirs) = (case(native.as_ref()), case(&other));
    assert_eq!(theirs.topics().await, ours.topics().await, "topics");
    assert_eq!(theirs.offsets().await, ours.offsets().await, "offsets");
    let (theirs_scans, ours_scans) = (theirs.scans().await, ours.scans().await);
    let parts = theirs_scans.as_array().unwrap().iter();
    for (part, (theirs, ours)) in parts.zip(ours_scans.as_array().unwrap()).enumerate() {
        assert_eq!(theirs, ours, "scan {part}: librdkafka, then native");
    }
    assert_eq!(
        theirs.timestamps().await,
        ours.timestamps().await,
        "timestamps"
    );
    let not_offered = |error: KafkaError| {
        assert!(
            error
                .to_string()
                .ends_with("is not offered by engine librdkafka"),
            "{error}"
        );
    };
    for question in NOT_OFFERED {
        match question {
            "cluster" => {
                // Brokers and id it knows; the rest is gaps.
                let theirs = other.cluster().await.unwrap();
                let ours = native.cluster().await.unwrap().value;
                assert_eq!(theirs.value.cluster_id, ours.cluster_id);
                assert_eq!(theirs.value.brokers, ours.brokers);
                assert_eq!(theirs.missing.len(), 3, "{:?}", theirs.missing);
            }
            "configs" => not_offered(other.configs(&[], None, false).await.unwrap_err()),
            "groups" => not_offered(other.groups().await.unwrap_err()),
            "log dirs" => not_offered(other.log_dirs(None).await.unwrap_err()),
            unknown => panic!("`{unknown}` is no question"),
        }
    }
}
