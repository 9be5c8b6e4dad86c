//! kafka_cluster_compare and kafka_topic_compare against what TopicCommand and ConfigCommand say of both sides.
//!
//! Two real clusters with planted drift: the bed's, and a second one of a single node. What Kafka's own tools print of
//! both is compared here in the simplest way, as texts, and our answers must come to the same.

mod sandbox;
mod topics;

use super::{CONFIGS, TOPICS, eventually, fields, pages, says, tokens};
use crate::support::bed::{Bed, CommitPlan, Listener, TopicPlan, second, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A client of a server that knows both clusters, as `left` (also as `alias`) and `right`, and one where nobody is.
async fn client(left: &Bed, right: &Bed) -> Client {
    let (left, right) = (
        left.bootstrap(Listener::Plaintext),
        right.bootstrap(Listener::Plaintext),
    );
    let variables = [
        ("KAFKAWEAVE_CLUSTERS__LEFT__BOOTSTRAP", left.as_str()),
        ("KAFKAWEAVE_CLUSTERS__ALIAS__BOOTSTRAP", left.as_str()),
        ("KAFKAWEAVE_CLUSTERS__RIGHT__BOOTSTRAP", right.as_str()),
        ("KAFKAWEAVE_CLUSTERS__NOWHERE__BOOTSTRAP", "127.0.0.1:1"),
        ("KAFKAWEAVE_DEFAULT_CLUSTER", "left"),
    ];
    Client::start_with(Wire::StdioModern, &["--toolsets", "all"], &variables).await
}

/// Facts and settings of a topic as Kafka's tools print them.
fn truth(bed: &Bed, topic: &str) -> BTreeMap<String, String> {
    let said = bed
        .kafka(TOPICS, &["--describe", "--topic", topic])
        .unwrap();
    let facts = fields(said.lines().next().unwrap());
    let mut all = BTreeMap::from([
        ("partitions".to_owned(), facts["PartitionCount"].clone()),
        (
            "replication factor".to_owned(),
            facts["ReplicationFactor"].clone(),
        ),
    ]);
    let args = [
        "--describe",
        "--all",
        "--entity-type",
        "topics",
        "--entity-name",
        topic,
    ];
    let said = bed.kafka(CONFIGS, &args).unwrap();
    let pairs = said.lines().filter_map(|line| {
        let (pair, _) = line.strip_prefix("  ")?.split_once(" sensitive=")?;
        pair.split_once('=')
    });
    all.extend(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert!(all.len() > 20, "{said}");
    all
}

/// What differs between two topics by text: key, left, right.
fn differing(left: &Bed, right: &Bed, topic: &str) -> BTreeSet<(String, String, String)> {
    let (left, right) = (truth(left, topic), truth(right, topic));
    assert!(left.keys().eq(right.keys()), "one version of Kafka");
    let pairs = left.into_iter().zip(right.into_values());
    pairs
        .filter(|((_, l), r)| l != r)
        .map(|((key, l), r)| (key, l, r))
        .collect()
}

/// Our rows of a subject: key, left, right.
fn rows(differences: &Value, subject: &str) -> BTreeSet<(String, String, String)> {
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let all = differences.as_array().unwrap().iter();
    all.filter(|row| row["subject"] == subject)
        .map(|row| (word(row, "key"), word(row, "left"), word(row, "right")))
        .collect()
}

/// Everything that is told of topics and groups whose names begin like this, from all pages.
async fn whole(client: &Client, stem: &str, other: &str) -> (Answer, Value) {
    let asked = json!({"other": other, "pattern": format!("{stem}*"), "limit": 7});
    let first = client.call("kafka_cluster_compare", asked.clone()).await;
    let all = pages(client, "kafka_cluster_compare", asked, "differences").await;
    assert_eq!(first.data["total"], all.len());
    (first, all.into())
}

/// Plants drift: every topic's name begins with the stem that is given back.
fn plant(left: &Bed, right: &Bed) -> String {
    let stem = left.name("drift");
    let name = |what: &str| format!("{stem}-{what}");
    let one = |what: &str, partitions| TopicPlan::new(&name(what), partitions).replication(1);
    left.plant_topics(&[
        one("same", 2)
            .config("cleanup.policy", "compact,delete")
            .config("retention.ms", "86400000"),
        one("here", 3),
        one("parts", 4),
        TopicPlan::new(&name("copies"), 1),
        one("config", 1)
            .config("retention.ms", "3600000")
            .config("max.message.bytes", "2000000")
            .config("cleanup.policy", "compact")
            .config("segment.bytes", "20000000")
            .config("min.insync.replicas", "1"),
    ])
    .unwrap();
    right
        .plant_topics(&[
            one("same", 2)
                .config("cleanup.policy", "compact,delete")
                .config("retention.ms", "86400000"),
            one("there", 1),
            one("parts", 2),
            one("copies", 1),
            one("config", 1)
                .config("retention.ms", "7200000")
                .config("segment.bytes", "20000000"),
        ])
        .unwrap();
    let at = |group: &str| CommitPlan::new(&name(group)).at(&name("same"), 0, 0);
    left.commit(&[at("group-both"), at("group-left")]).unwrap();
    right.commit(&[at("group-both")]).unwrap();
    stem
}

/// Adds or takes away ACLs of users called after the stem, and a quota of such a user that differs.
fn rights(left: &Bed, right: &Bed, stem: &str, acls: &str, quotas: &str) {
    for (bed, users, rate) in [
        (left, &["same", "left"][..], "1024"),
        (right, &["same"], "2048"),
    ] {
        for user in users {
            let principal = format!("User:{stem}-{user}");
            let topic = format!("{stem}-config");
            let mut args = vec![
                acls,
                "--allow-principal",
                &principal,
                "--operation",
                "Read",
                "--topic",
                &topic,
            ];
            if acls == "--remove" {
                args.push("--force");
            }
            bed.kafka("org.apache.kafka.tools.AclCommand", &args)
                .unwrap();
        }
        let limit = format!("producer_byte_rate={rate}");
        let limit = if quotas == "--add-config" {
            limit.as_str()
        } else {
            "producer_byte_rate"
        };
        let args = [
            "--alter",
            "--entity-type",
            "users",
            "--entity-name",
            stem,
            quotas,
            limit,
        ];
        bed.kafka(CONFIGS, &args).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_drift_of_two_clusters_is_told_as_kafkas_tools_show_it_and_nothing_else() {
    let left = shared();
    let right = second(&left);
    let stem = plant(&left, right);
    rights(&left, right, &stem, "--add", "--add-config");
    let client = client(&left, right).await;
    let (answer, all) = whole(&client, &stem, "right").await;
    for what in ["same", "parts", "copies", "config"] {
        let topic = format!("{stem}-{what}");
        let expected = differing(&left, right, &topic);
        let planted = match what {
            "same" => 0,
            "config" => 3,
            _ => 1,
        };
        assert_eq!(expected.len(), planted, "{topic}: {expected:?}");
        assert_eq!(rows(&all, &format!("topic {topic}")), expected);
    }
    let alone = |what: &str, left: &str, right: &str| {
        let row = ("topic".to_owned(), left.to_owned(), right.to_owned());
        assert_eq!(
            rows(&all, &format!("topic {stem}-{what}")),
            BTreeSet::from([row])
        );
    };
    alone("here", "3 partitions, replication factor 1", "(absent)");
    alone("there", "(absent)", "1 partition, replication factor 1");
    let tally = json!({"equal": 1, "differ": 3, "only_left": 1, "only_right": 1, "unknown": 0});
    assert_eq!(answer.data["topics"], tally, "{}", answer.text);
    let tally = json!({"equal": 1, "differ": 0, "only_left": 1, "only_right": 0, "unknown": 0});
    assert_eq!(answer.data["groups"], tally, "{}", answer.text);
    assert_eq!(rows(&all, &format!("group {stem}-group-left")).len(), 1);
    let inherited = |row: &&Value| row["subject"].as_str().unwrap().starts_with("topics");
    assert_eq!(all.as_array().unwrap().iter().find(inherited), None);

    // The same right for one, another for the other; what is called by other names is not in the answer.
    let right_of = |user: &str| rows(&all, &format!("acl User:{stem}-{user}"));
    assert_eq!(right_of("same"), BTreeSet::new());
    let row = (
        format!("read on topic {stem}-config (literal)"),
        "allow".to_owned(),
        "(absent)".to_owned(),
    );
    assert_eq!(right_of("left"), BTreeSet::from([row]));
    let row = (
        "producer_byte_rate".to_owned(),
        "1024".to_owned(),
        "2048".to_owned(),
    );
    assert_eq!(
        rows(&all, &format!("quota user {stem}")),
        BTreeSet::from([row])
    );
    rights(&left, right, &stem, "--remove", "--delete-config");

    let fact = |key: &str| (key.to_owned(), "3".to_owned(), "1".to_owned());
    let facts = BTreeSet::from(["brokers", "controllers", "racks"].map(fact));
    assert_eq!(rows(&all, "cluster"), facts, "{}", answer.text);
    assert_eq!(answer.data["verdict"], "differs");
    assert!(answer.data.get("one_cluster").is_none() && answer.data.get("missing").is_none());
}

/// Values of the brokers' settings as ConfigCommand prints them; hidden ones are left out.
fn settings(bed: &Bed, nodes: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in nodes {
        let args = [
            "--describe",
            "--all",
            "--entity-type",
            "brokers",
            "--entity-name",
            node,
        ];
        for line in bed.kafka(CONFIGS, &args).unwrap().lines() {
            let pair = line
                .strip_prefix("  ")
                .and_then(|l| l.split_once(" sensitive=false"));
            if let Some((key, value)) = pair.and_then(|(pair, _)| pair.split_once('=')) {
                all.entry(key.to_owned())
                    .or_default()
                    .insert(value.to_owned());
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_settings_that_differ_are_those_of_kafkas_own_listing_and_addresses_are_not_among_them()
 {
    let left = shared();
    let right = second(&left);
    let client = client(&left, right).await;
    let (answer, all) = whole(&client, "no-such-name", "right").await;
    let found = rows(&all, "brokers");
    let (lefts, rights) = (settings(&left, &["1", "2", "3"]), settings(right, &["1"]));
    for (key, ..) in &found {
        assert_ne!(
            lefts.get(key),
            rights.get(key),
            "{key} is the same in Kafka's listing"
        );
    }
    for (key, l, r) in [
        ("default.replication.factor", "3", "1"),
        ("offsets.topic.replication.factor", "3", "1"),
        ("transaction.state.log.min.isr", "2", "1"),
        ("share.coordinator.state.topic.replication.factor", "3", "1"),
    ] {
        assert!(
            found.contains(&(key.into(), l.into(), r.into())),
            "{key}: {found:?}"
        );
    }
    // Whatever else Kafka shows to differ must have to differ: an id, an address, a place.
    let told: BTreeSet<&str> = found.iter().map(|(key, ..)| key.as_str()).collect();
    for (key, value) in &lefts {
        let silent = rights.get(key).is_some_and(|r| r != value) && !told.contains(key.as_str());
        let noise = [
            "listeners",
            "node.id",
            "broker.id",
            "rack",
            "log.dir",
            "quorum",
            "location",
        ];
        assert!(
            !silent || noise.iter().any(|n| key.contains(n)),
            "{key} is not told"
        );
    }
    let keys = &answer.data["broker_keys"];
    assert_eq!(keys["differ"], found.len());
    assert!(keys["equal"].as_u64().unwrap() > 150, "{keys}");
    assert_eq!(answer.data["topics"]["equal"], 0);
    let text = format!("{}{all}", answer.text);
    assert!(
        !text.contains("-secret") && !text.contains("127.0.0.1"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cluster_under_two_names_is_identical_and_said_to_be_one() {
    let left = shared();
    let right = second(&left);
    let stem = left.plant_topic("drift-one", 2).unwrap();
    let client = client(&left, right).await;
    let asked = json!({"other": "alias", "pattern": stem});
    let ask = async || client.call("kafka_cluster_compare", asked.clone()).await;
    // Another test may change a broker's setting between the two looks.
    let answer = eventually(ask, |a| a.data["verdict"] == "identical").await;
    assert_eq!(answer.data["one_cluster"], true);
    assert_eq!(answer.data["topics"]["equal"], 1);
    says(
        &answer,
        &[
            "left against alias: identical",
            "one cluster",
            "topics: 1 equal",
            "not compared: ids",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_alone_answers_and_is_cheap() {
    let left = shared();
    let right = second(&left);
    let stem = plant(&left, right);
    let client = client(&left, right).await;
    let asked = json!({"other": "right", "pattern": format!("{stem}*")});
    let answer = client.call("kafka_cluster_compare", asked).await;
    says(
        &answer,
        &[
            "left against right: differs: ",
            "matters",
            "keys fall into other partitions",
            "3600000 = 1h 00m (topic)",
            "7200000 = 2h 00m (topic)",
            "only on left",
            "only on right",
        ],
    );
    let price = tokens(&answer.text);
    assert!(price <= 1_500, "{price} tokens\n{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_unknown_away_or_the_same_is_told_as_such() {
    let left = shared();
    let right = second(&left);
    let client = client(&left, right).await;
    let refused = async |other: &str| {
        client
            .refused("kafka_cluster_compare", json!({"other": other}))
            .await
    };
    let unknown = refused("rihgt").await;
    assert_eq!(unknown.data["code"], "unknown_cluster");
    says(&unknown, &["nearest: `right`", "Configured: "]);
    let same = refused("left").await;
    assert_eq!(same.data["code"], "bad_argument");
    says(&same, &["`left` is the cluster on the left"]);
    let away = refused("nowhere").await;
    assert_eq!(away.data["code"], "unreachable");
    says(&away, &["cluster `nowhere`", "127.0.0.1:1"]);
}
