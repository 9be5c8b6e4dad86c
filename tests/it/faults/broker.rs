//! One broker away: killed, frozen, or the active controller lost.

use super::{client, eventually, finding, missing, names_broker, prompt, state, whole_again};
use crate::support::bed::{Bed, CommitPlan, NODES, RecordPlan, TopicPlan, exclusive};
use crate::support::mcp::Answer;
use serde_json::{Value, json};

const ELECTION: &str = "org.apache.kafka.tools.LeaderElectionCommand";

/// Records in each partition of the topic with one replica.
const RECORDS: i64 = 5;

/// A node to break and what lives on it.
struct Planted {
    node: i32,
    /// One replica each: partition 0 on the node, partition 1 on another one.
    solo: String,
    /// Three replicas.
    safe: String,
    /// Groups at the first offset of all partitions of both topics.
    groups: Vec<String>,
    /// How all of these groups begin.
    stem: String,
}

fn plant(bed: &Bed) -> Planted {
    let node = bed.quorum_follower().unwrap();
    let other = NODES.into_iter().find(|n| *n != node).unwrap();
    let planted = Planted {
        node,
        solo: bed.name("solo"),
        safe: bed.name("safe"),
        groups: Vec::new(),
        stem: bed.name("broker-group"),
    };
    bed.plant_topics(&[
        TopicPlan::assigned(&planted.solo, &[&[node], &[other]]),
        TopicPlan::new(&planted.safe, 1),
    ])
    .unwrap();
    let records: Vec<_> = (0..2 * RECORDS)
        .map(|n| {
            let partition = i32::from(n % 2 == 1);
            RecordPlan::value(&format!("v{n}")).partition(partition)
        })
        .collect();
    bed.produce(&planted.solo, &records).unwrap();
    bed.produce(&planted.safe, &[RecordPlan::value("v")])
        .unwrap();
    let groups: Vec<String> = (0..12).map(|n| format!("{}-{n}", planted.stem)).collect();
    let commits: Vec<_> = groups
        .iter()
        .map(|group| {
            CommitPlan::new(group)
                .at(&planted.solo, 0, 0)
                .at(&planted.solo, 1, 0)
                .at(&planted.safe, 0, 0)
        })
        .collect();
    bed.commit(&commits).unwrap();
    // Earlier faults may have left all coordinators on one node.
    bed.kafka(
        ELECTION,
        &["--election-type", "preferred", "--all-topic-partitions"],
    )
    .unwrap();
    Planted { groups, ..planted }
}

/// The rows of planted groups in an answer of the group tools.
fn rows<'a>(answer: &'a Answer, stem: &str) -> Vec<&'a Value> {
    let of_stem = |row: &&Value| row["group"].as_str().is_some_and(|g| g.starts_with(stem));
    answer.data["groups"]
        .as_array()
        .map(|rows| rows.iter().filter(of_stem).collect())
        .unwrap_or_default()
}

/// The lag row of a partition.
fn lag_of<'a>(answer: &'a Answer, topic: &str, partition: i32) -> &'a Value {
    answer.data["groups"][0]["partitions"]
        .as_array()
        .and_then(|rows| {
            rows.iter()
                .find(|row| row["topic"] == topic && row["partition"] == partition)
        })
        .unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_is_named_and_the_rest_is_answered() {
    let bed = exclusive();
    let planted = plant(&bed);
    let Planted {
        node, solo, stem, ..
    } = &planted;
    let client = client(&bed).await;
    let of_stem = json!({ "pattern": format!("{stem}-"), "limit": 100 });
    let listed = eventually(&client, "kafka_group_list", of_stem.clone(), |answer| {
        let rows = rows(answer, stem);
        rows.len() == planted.groups.len() && rows.iter().any(|row| row["coordinator"] == *node)
    })
    .await;
    let orphan = rows(&listed, stem)
        .into_iter()
        .find(|row| row["coordinator"] == *node)
        .and_then(|row| row["group"].as_str())
        .unwrap()
        .to_owned();
    whole_again(&client).await;

    bed.kill(*node);
    let at_once = prompt(&client, "kafka_group_list", of_stem.clone()).await;
    assert!(
        names_broker(&at_once, *node) || rows(&at_once, stem).len() == planted.groups.len(),
        "a short list without a word: {}",
        at_once.text
    );
    bed.await_fenced(*node);

    let described = eventually(
        &client,
        "kafka_topic_describe",
        json!({ "topic": solo }),
        |a| !a.is_error && a.data["partitions"][0]["leader"].is_null(),
    )
    .await;
    let partitions = &described.data["partitions"];
    assert!(
        partitions[0]["latest_offset"].is_null(),
        "{}",
        described.text
    );
    assert_eq!(partitions[1]["latest_offset"], RECORDS);
    assert!(
        described.data["offset_span"].is_null(),
        "{}",
        described.text
    );
    let offline = format!("{solo}-0");
    let named = |answer: &Answer| {
        missing(answer).iter().any(|gap| {
            gap["what"]
                .as_str()
                .is_some_and(|what| what.contains(&offline))
                && gap["why"]
                    .as_str()
                    .is_some_and(|why| why.contains("leader"))
        })
    };
    assert!(named(&described), "{}", described.text);

    let lag = eventually(
        &client,
        "kafka_group_lag",
        json!({ "group": orphan }),
        |a| !a.is_error && lag_of(a, solo, 1)["lag"] == RECORDS,
    )
    .await;
    let unknown = lag_of(&lag, solo, 0);
    assert_eq!(unknown["state"], "unknown", "{unknown}");
    assert!(unknown["lag"].is_null(), "{unknown}");
    assert!(
        unknown["why"]
            .as_str()
            .is_some_and(|why| why.contains("leader")),
        "{unknown}"
    );
    assert_eq!(lag_of(&lag, &planted.safe, 0)["lag"], 1);
    let totals = &lag.data["groups"][0];
    assert_eq!(totals["lag"], RECORDS + 1);
    assert_eq!(totals["unknown"], 1);
    assert_eq!(totals["lag_is_lower_bound"], true);

    let search = json!({ "topic": solo, "where": ["value contains v"], "limit": 100 });
    let found = prompt(&client, "kafka_record_search", search).await;
    assert!(!found.is_error, "{}", found.text);
    assert!(named(&found), "{}", found.text);
    let found_in: Vec<_> = found.data["records"].as_array().unwrap().iter().collect();
    assert_eq!(found_in.len() as i64, RECORDS, "{}", found.text);
    assert!(found_in.iter().all(|record| record["partition"] == 1));
    let sampled = prompt(&client, "kafka_record_sample", json!({ "topic": solo })).await;
    assert!(named(&sampled), "{}", sampled.text);
    assert_eq!(sampled.data["sample"]["records"], RECORDS);

    let health = eventually(&client, "kafka_cluster_health", json!({}), |a| {
        finding(a, "fenced_brokers").is_some()
    })
    .await;
    assert_eq!(health.data["verdict"], "critical", "{}", health.text);
    for rule in ["offline_partitions", "under_replicated", "fenced_brokers"] {
        let finding = finding(&health, rule).unwrap_or_else(|| panic!("{rule}: {}", health.text));
        assert_eq!(finding["brokers"], json!([node]), "{rule}: {finding:#}");
    }
    let cluster = client.call("kafka_cluster_describe", json!({})).await;
    for n in NODES {
        let expected = if n == *node { "fenced" } else { "online" };
        assert_eq!(state(&cluster, n), expected, "broker {n}: {}", cluster.text);
    }

    eventually(&client, "kafka_group_list", of_stem, |answer| {
        let rows = rows(answer, stem);
        rows.len() == planted.groups.len()
            && missing(answer).is_empty()
            && rows.iter().all(|row| row["coordinator"] != *node)
    })
    .await;
    let moved = client
        .call("kafka_group_describe", json!({ "group": orphan }))
        .await;
    assert_ne!(moved.data["coordinator"], *node, "{}", moved.text);

    bed.restore();
    whole_again(&client).await;
    eventually(
        &client,
        "kafka_group_lag",
        json!({ "group": orphan }),
        |a| !a.is_error && lag_of(a, solo, 0)["lag"] == RECORDS && missing(a).is_empty(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_costs_its_part_of_the_answer_and_not_the_call() {
    let bed = exclusive();
    let planted = plant(&bed);
    let node = planted.node;
    let client = client(&bed).await;
    let lag = json!({ "group": format!("{}-", planted.stem), "limit": 100 });
    eventually(&client, "kafka_group_lag", lag.clone(), |a| {
        rows(a, &planted.stem).len() == planted.groups.len() && missing(a).is_empty()
    })
    .await;
    whole_again(&client).await;

    bed.freeze(node);
    let (topics, cluster, behind, sampled) = tokio::join!(
        prompt(&client, "kafka_topic_list", json!({ "detail": "detailed" })),
        prompt(
            &client,
            "kafka_cluster_describe",
            json!({ "detail": "detailed" })
        ),
        prompt(&client, "kafka_group_lag", lag.clone()),
        prompt(
            &client,
            "kafka_record_sample",
            json!({ "topic": planted.solo })
        ),
    );
    assert!(!sampled.is_error, "{}", sampled.text);
    assert_eq!(sampled.data["sample"]["records"], RECORDS);
    let short = sampled.data["incomplete"].as_array().map_or(0, Vec::len);
    assert!(short + missing(&sampled).len() > 0, "{}", sampled.text);
    for answer in [&topics, &cluster] {
        assert!(!answer.is_error, "{}", answer.text);
        assert!(names_broker(answer, node), "{}", answer.text);
    }
    assert!(
        topics.data["topics"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty()),
        "{}",
        topics.text
    );
    let sized: Vec<_> = cluster.data["log_dirs"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(!sized.is_empty(), "{}", cluster.text);
    assert!(
        sized.iter().all(|dir| dir["broker"] != node),
        "{}",
        cluster.text
    );
    assert!(!behind.is_error, "{}", behind.text);
    assert!(!missing(&behind).is_empty(), "{}", behind.text);
    for row in rows(&behind, &planted.stem) {
        // What the frozen broker alone knows, the end of its partition, is in no sum.
        assert_eq!(row["lag_is_lower_bound"], true, "{row}");
    }

    bed.await_fenced(node);
    eventually(&client, "kafka_cluster_describe", json!({}), |a| {
        !a.is_error && state(a, node) == "fenced"
    })
    .await;
    bed.thaw(node);
    whole_again(&client).await;
    eventually(&client, "kafka_group_lag", lag, |a| {
        let rows = rows(a, &planted.stem);
        rows.len() == planted.groups.len()
            && missing(a).is_empty()
            && rows.iter().all(|row| row["lag"] == 2 * RECORDS + 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_controller_that_is_named_is_the_one_that_kafka_names() {
    let bed = exclusive();
    let client = client(&bed).await;
    let old = bed.quorum_leader().unwrap();
    eventually(&client, "kafka_cluster_describe", json!({}), |a| {
        a.data["controller"]["id"] == old
    })
    .await;
    bed.kill(old);
    let during = prompt(&client, "kafka_cluster_describe", json!({})).await;
    assert!(!during.is_error, "{}", during.text);
    assert!(
        during.data["controller"]["id"].is_i64() || !missing(&during).is_empty(),
        "no controller and no word about it: {}",
        during.text
    );
    bed.await_fenced(old);
    let new = bed.quorum_leader().unwrap();
    assert_ne!(new, old);
    let named = eventually(&client, "kafka_cluster_describe", json!({}), |a| {
        a.data["controller"]["id"] == new && state(a, old) == "fenced"
    })
    .await;
    assert_eq!(bed.quorum_leader().unwrap(), new, "{}", named.text);
    bed.restore();
    whole_again(&client).await;
}
