//! The tools on transactions and producers against TransactionsCommand: committed, aborted, open and truly hanging.

use super::{client_of_all, eventually, find, offsets, says, steady, tabbed};
use crate::security::{Flags, Grants, PASSWORDS};
use crate::support::bed::{Bed, Listener, RecordPlan, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TRANSACTIONS: &str = "org.apache.kafka.tools.TransactionsCommand";

fn said(bed: &Bed, args: &[&str]) -> Vec<BTreeMap<String, String>> {
    tabbed(&bed.kafka(TRANSACTIONS, args).unwrap())
}

fn number(text: &str) -> Value {
    // TransactionsCommand says -1 or None for what is not there.
    text.parse::<i64>().ok().filter(|n| *n >= 0).into()
}

/// Produces `count` records to a partition as a transaction that ends so.
fn transaction(bed: &Bed, topic: &str, partition: i32, count: usize, id: &str, end: &str) {
    let settings = [
        ("transactional.id", id),
        ("transaction.timeout.ms", "600000"),
        ("plant.end", end),
    ];
    let record = RecordPlan::value("v").partition(partition);
    bed.produce_with(topic, &settings, &vec![record; count])
        .unwrap();
}

/// Rows of an answer that are about this topic.
fn of_topic<'a>(answer: &'a Answer, topic: &str) -> Vec<&'a Value> {
    let open = answer.data["open"].as_array().unwrap().iter();
    open.filter(|row| row["topic"] == topic).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn transactional_ids_are_listed_and_described_as_kafka_does() {
    let bed = shared();
    let topic = bed.plant_topic("tx", 2).unwrap();
    let stem = bed.name("ids");
    let id = |what: &str| format!("{stem}-{what}");
    transaction(&bed, &topic, 0, 1, &id("committed"), "commit");
    transaction(&bed, &topic, 0, 1, &id("aborted"), "abort");
    transaction(&bed, &topic, 1, 3, &id("open"), "open");
    let client = client_of_all(&bed).await;
    let truth = || {
        let all = said(&bed, &["list"]).into_iter();
        let ours = all.filter(|row| row["TransactionalId"].starts_with(&stem));
        let mut ours: Vec<_> = ours.collect();
        ours.sort();
        ours
    };
    let ask = async || {
        client
            .call("kafka_transaction_list", json!({"pattern": stem}))
            .await
    };
    let ended = |a: &Answer| {
        let rows = a.data["transactions"].as_array().unwrap();
        rows.iter()
            .all(|r| !r["state"].as_str().unwrap().starts_with("Prepare"))
    };
    eventually(&ask, ended).await;
    let (truth, answer) = steady(truth, ask).await;
    assert_eq!(truth.len(), 3);
    assert_eq!(answer.data["total"], 3);
    for row in &truth {
        let ours = find(
            &answer.data["transactions"],
            "transactional_id",
            row["TransactionalId"].as_str(),
        );
        assert_eq!(ours["state"], row["TransactionState"]);
        assert_eq!(ours["producer_id"], number(&row["ProducerId"]));
        assert_eq!(ours["coordinator"], number(&row["Coordinator"]));
        says(
            &answer,
            &[&row["TransactionalId"], &row["TransactionState"]],
        );
    }
    let first = &answer.data["transactions"][0];
    assert_eq!(
        first["transactional_id"],
        id("open"),
        "what is open comes first"
    );
    assert_eq!(
        (&first["standing"], &first["timeout_ms"]),
        (&json!("ongoing"), &json!(600_000))
    );
    let narrowed = json!({"pattern": stem, "state": "Ongoing"});
    let narrowed = client.call("kafka_transaction_list", narrowed).await;
    assert_eq!(narrowed.data["total"], 1);
    let wrong = client
        .refused("kafka_transaction_list", json!({"state": "Ongong"}))
        .await;
    says(&wrong, &["state", "PrepareCommit", "Ongoing"]);
    let old = json!({"pattern": stem, "min_age_ms": 3_600_000});
    assert_eq!(
        client.call("kafka_transaction_list", old).await.data["total"],
        0
    );

    // One in full; its age lies between two that Kafka gives.
    let args = ["describe", "--transactional-id", &id("open")];
    let before = said(&bed, &args).remove(0);
    let one = client
        .call(
            "kafka_transaction_describe",
            json!({"transactional_id": id("open")}),
        )
        .await;
    let after = said(&bed, &args).remove(0);
    for (ours, kafkas) in [
        ("producer_id", "ProducerId"),
        ("producer_epoch", "ProducerEpoch"),
        ("coordinator", "CoordinatorId"),
        ("timeout_ms", "TransactionTimeoutMs"),
        ("start_ms", "CurrentTransactionStartTimeMs"),
    ] {
        assert_eq!(one.data[ours], number(&before[kafkas]), "{ours}");
    }
    assert_eq!(one.data["state"], before["TransactionState"]);
    let age = one.data["age_ms"].as_i64().unwrap();
    let duration =
        |row: &BTreeMap<String, String>| -> i64 { row["TransactionDurationMs"].parse().unwrap() };
    assert!(
        (duration(&before)..=duration(&after)).contains(&age),
        "{age}"
    );
    assert_eq!(before["TopicPartitions"], format!("{topic}-1"));
    let row = json!({"topic": topic, "partition": 1, "start_offset": 0, "records_held": 3});
    let ours = &one.data["partitions"][0];
    for key in ["topic", "partition", "start_offset", "records_held"] {
        assert_eq!(ours[key], row[key], "{key}");
    }
    says(&one, &["Ongoing", &format!("{topic}-1"), "of 10m 00s"]);
    let idle = client
        .call(
            "kafka_transaction_describe",
            json!({"transactional_id": id("committed")}),
        )
        .await;
    says(&idle, &["CompleteCommit", "no transaction under way"]);
    let near = json!({"transactional_id": id("opne")});
    let refused = client.refused("kafka_transaction_describe", near).await;
    assert_eq!(refused.data["code"], "unknown_transactional_id");
    says(&refused, &[&id("open")]);
    // A new instance of the producer ends what the dead one left.
    transaction(&bed, &topic, 1, 1, &id("open"), "commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn producers_are_those_that_kafka_describes() {
    let bed = shared();
    let topic = bed.plant_topic("producers", 2).unwrap();
    let id = bed.name("writer");
    bed.produce(&topic, &vec![RecordPlan::value("v").partition(0); 4])
        .unwrap();
    transaction(&bed, &topic, 0, 2, &id, "commit");
    transaction(&bed, &topic, 1, 2, &id, "open");
    let client = client_of_all(&bed).await;
    let answer = client
        .call("kafka_producer_list", json!({"topic": topic}))
        .await;
    assert_eq!(answer.data["open"], 1);
    let mut seen = 0;
    for partition in ["0", "1"] {
        let args = [
            "describe-producers",
            "--topic",
            &topic,
            "--partition",
            partition,
        ];
        for row in said(&bed, &args) {
            let rows = answer.data["producers"].as_array().unwrap();
            let ours = rows.iter().find(|r| {
                r["partition"] == number(partition)
                    && r["producer_id"] == number(&row["ProducerId"])
            });
            let ours = ours.expect("the producer is listed");
            for (key, kafkas) in [
                ("epoch", "ProducerEpoch"),
                ("coordinator_epoch", "LatestCoordinatorEpoch"),
                ("last_sequence", "LastSequence"),
                ("last_write_ms", "LastTimestamp"),
                ("open_since_offset", "CurrentTransactionStartOffset"),
            ] {
                let ours = ours.get(key).cloned().unwrap_or(Value::Null);
                assert_eq!(ours, number(&row[kafkas]), "{key}: {row:?}");
            }
            seen += 1;
        }
    }
    assert_eq!(answer.data["total"], seen);
    assert_eq!(
        seen, 3,
        "a plain one, and the transactional one in both partitions"
    );
    let named = answer.data["producers"].as_array().unwrap().iter();
    let named = named.filter(|r| r["transactional_id"] == id.as_str());
    assert_eq!(named.count(), 2);
    says(&answer, &[&id, "1 with an open transaction"]);
    let one = json!({"topic": topic, "partition": 1});
    assert_eq!(
        client.call("kafka_producer_list", one).await.data["total"],
        1
    );
    let none = json!({"topic": topic, "partition": 9});
    let refused = client.refused("kafka_producer_list", none).await;
    assert_eq!(refused.data["code"], "unknown_partition");
    transaction(&bed, &topic, 1, 1, &id, "commit");
}

/// Partition, producer id, epoch and start offset of what `find-hanging` finds, whatever its age.
fn hanging(bed: &Bed, topic: &str) -> Vec<[Value; 4]> {
    let args = [
        "find-hanging",
        "--topic",
        topic,
        "--max-transaction-timeout",
        "0",
    ];
    let rows = said(bed, &args).into_iter();
    let row = |row: BTreeMap<String, String>| {
        ["Partition", "ProducerId", "ProducerEpoch", "StartOffset"].map(|k| number(&row[k]))
    };
    rows.map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_transaction_is_told_from_an_open_one_as_find_hanging_does() {
    let bed = shared();
    let topic = bed.plant_topic("hung", 2).unwrap();
    let id = bed.name("patient");
    bed.produce(&topic, &vec![RecordPlan::value("before").partition(1); 3])
        .unwrap();
    transaction(&bed, &topic, 0, 2, &id, "open");
    let hung = bed.hang(&topic, 1, &bed.name("hang")).unwrap();
    bed.produce(&topic, &vec![RecordPlan::value("behind").partition(1); 5])
        .unwrap();
    let truth = hanging(&bed, &topic);
    assert_eq!(truth.len(), 1, "the open one is none: {truth:?}");
    let client = client_of_all(&bed).await;
    let ask = async || {
        client
            .call(
                "kafka_transaction_list",
                json!({"hanging": true, "limit": 1000}),
            )
            .await
    };
    let narrowed = client
        .call("kafka_transaction_list", json!({"topic": topic}))
        .await;
    let searched = json!({"partitions": 2, "held": 2, "hanging": 1});
    assert_eq!(narrowed.data["searched"], searched);
    says(
        &narrowed,
        &["1 hanging, 2 open; 2 of 2 partitions held back"],
    );
    let answer = ask().await;
    let rows = of_topic(&answer, &topic);
    let [first, second] = rows[..] else {
        panic!("{rows:?}")
    };
    let ours = ["partition", "producer_id", "producer_epoch", "start_offset"];
    assert_eq!(ours.map(|key| first[key].clone()), truth[0]);
    assert_eq!(first["standing"], "hanging");
    assert_eq!(
        (
            &first["producer_id"],
            &first["producer_epoch"],
            &first["start_offset"]
        ),
        (
            &json!(hung.producer_id),
            &json!(hung.epoch),
            &json!(hung.offset)
        )
    );
    assert_eq!(
        (&second["standing"], &second["partition"]),
        (&json!("ongoing"), &json!(0))
    );
    assert_eq!(second["transactional_id"], id.as_str());
    // What it holds back is what a reader of committed records does not get.
    let end = offsets(&bed, &topic, "-1")[&1];
    assert_eq!((&first["high_watermark"], end), (&json!(end), 9));
    let args = ["-C", "-t", &topic, "-p", "1", "-o", "beginning", "-e", "-q"];
    let committed = ["-X", "isolation.level=read_committed"];
    let read = bed.kcat(&[&args[..], &committed].concat()).unwrap();
    assert_eq!(read.lines().count(), 3, "{read}");
    assert_eq!(
        (&first["last_stable_offset"], &first["records_held"]),
        (&json!(3), &json!(6))
    );
    let line = answer
        .text
        .lines()
        .find(|l| l.starts_with("hanging") && l.contains(&topic));
    assert!(
        line.unwrap().contains("without this partition"),
        "{}",
        answer.text
    );
    says(
        &answer,
        &["abort --topic TOPIC --partition N --start-offset FROM"],
    );
    assert!(answer.data["searched"]["hanging"].as_u64() >= Some(1));

    rights_that_hide_ids_do_not_make_it_hanging(&bed, &topic).await;

    // Kafka's own remedy, and then nothing of it is left.
    let offset = hung.offset.to_string();
    let abort = [
        "abort",
        "--topic",
        &topic,
        "--partition",
        "1",
        "--start-offset",
        &offset,
    ];
    bed.kafka(TRANSACTIONS, &abort).unwrap();
    transaction(&bed, &topic, 0, 1, &id, "commit");
    let answer = eventually(&ask, |a| of_topic(a, &topic).is_empty()).await;
    assert_eq!(hanging(&bed, &topic), Vec::<[Value; 4]>::new());
    assert!(!answer.text.contains(&topic));
}

/// A principal that may see the topic and not the transactional ids cannot know.
async fn rights_that_hide_ids_do_not_make_it_hanging(bed: &Bed, topic: &str) {
    let _grants = Grants::to(bed, "bob", &["Read", "Describe"], &[&["--topic", topic]]);
    let flags = Flags::of(bed, Listener::SaslPlaintext)
        .log_in("PLAIN", "bob", "BOB_PASSWORD")
        .with("--toolsets", "all");
    let bob = Client::start_with(Wire::StdioModern, &flags.args(), PASSWORDS).await;
    let ask = async || {
        bob.call("kafka_transaction_list", json!({"hanging": true}))
            .await
    };
    let answer = eventually(&ask, |a| of_topic(a, topic).len() == 2).await;
    for row in of_topic(&answer, topic) {
        assert_eq!(row["standing"], "unknown", "{row}");
        assert!(
            row["why"]
                .as_str()
                .unwrap()
                .contains("hides transactional ids")
        );
    }
    assert_eq!(answer.data["searched"]["hanging"], 0);
    let ids = bob.call("kafka_transaction_list", json!({})).await;
    says(&ids, &["no transactional ids; Kafka hides those"]);
    let one = json!({"transactional_id": "any"});
    let refused = bob.refused("kafka_transaction_describe", one).await;
    assert_eq!(refused.data["code"], "not_authorized");
}
