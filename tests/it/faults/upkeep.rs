//! The tools of upkeep around a broker that goes and comes back: transactions, producers, features, quorum, rights.
//!
//! As in `lifecycle`, each answer in each moment is held against what was planted.

use super::{LIMIT, client, missing, names_broker, prompt, state, whole_again};
use crate::support::bed::{Exclusive, NODES, RecordPlan, TopicPlan, exclusive};
use crate::support::mcp::{Answer, Client};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::runtime::Handle;

/// Transactional ids planted, so that each broker coordinates some.
const IDS: usize = 9;

struct Planted {
    node: i32,
    /// One replica each: partition 0 on the node that breaks, partition 1 elsewhere.
    topic: String,
    /// How the transactional ids begin.
    stem: String,
}

fn plant(bed: &Exclusive) -> Planted {
    let node = bed.quorum_follower().unwrap();
    let other = NODES.into_iter().find(|n| *n != node).unwrap();
    let planted = Planted {
        node,
        topic: bed.name("upkeep"),
        stem: bed.name("upkeep"),
    };
    bed.plant_topics(&[TopicPlan::assigned(&planted.topic, &[&[node], &[other]])])
        .unwrap();
    for n in 0..IDS {
        let id = format!("{}-{n}", planted.stem);
        let settings = [("transactional.id", id.as_str()), ("plant.end", "commit")];
        let record = |partition| RecordPlan::value("v").partition(partition);
        bed.produce_with(&planted.topic, &settings, &[record(0), record(1)])
            .unwrap();
    }
    planted
}

/// Rows of an answer.
fn rows<'a>(answer: &'a Answer, list: &str) -> &'a [Value] {
    answer.data[list].as_array().map_or(&[], Vec::as_slice)
}

/// An error in an outage may pass by itself.
fn passes(answer: &Answer) -> bool {
    assert!(
        !answer.is_error || answer.data["retryable"] == true,
        "{}",
        answer.text
    );
    answer.is_error
}

/// All rows, or a gap that says why there are fewer.
fn whole_or_told(answer: &Answer, list: &str, all: usize) {
    if !passes(answer) {
        let count = rows(answer, list).len();
        let told = count < all && !missing(answer).is_empty();
        assert!(count == all || told, "{count} of {all}: {}", answer.text);
    }
}

/// Asks everything at once and judges it; how the cluster sees the broker.
async fn ask(client: &Client, planted: &Planted) -> Value {
    let ids = json!({"pattern": format!("{}-", planted.stem)});
    let (transactions, producers, hanging, features, quorum, cluster, acls, users, quotas) = tokio::join!(
        prompt(client, "kafka_transaction_list", ids),
        prompt(
            client,
            "kafka_producer_list",
            json!({"topic": planted.topic})
        ),
        prompt(
            client,
            "kafka_transaction_list",
            json!({"pattern": planted.stem, "hanging": true})
        ),
        prompt(client, "kafka_feature_list", json!({})),
        prompt(client, "kafka_quorum_describe", json!({})),
        prompt(client, "kafka_cluster_describe", json!({})),
        prompt(client, "kafka_acl_list", json!({})),
        prompt(client, "kafka_user_list", json!({"pattern": "alice"})),
        prompt(client, "kafka_quota_list", json!({})),
    );
    whole_or_told(&transactions, "transactions", IDS);
    // Each id had a producer of its own, which wrote to both partitions.
    whole_or_told(&producers, "producers", 2 * IDS);
    if !passes(&hanging) {
        // Everything was committed.
        assert_eq!(rows(&hanging, "open"), [] as [Value; 0], "{}", hanging.text);
    }
    if !passes(&features) {
        for row in rows(&features, "features") {
            assert!(
                row["finalized"].is_null() || row["finalized"].is_i64(),
                "{row}"
            );
        }
    }
    if !passes(&quorum) {
        assert_eq!(quorum.data["voters"], 3, "{}", quorum.text);
        assert!(
            quorum.data["high_watermark"]
                .as_i64()
                .is_some_and(|h| h > 0),
            "{}",
            quorum.text
        );
        for node in rows(&quorum, "nodes") {
            assert!(node["lag"].as_i64().is_none_or(|lag| lag >= 0), "{node}");
        }
    }
    for answer in [&acls, &users, &quotas] {
        passes(answer);
    }
    if !users.is_error {
        assert_eq!(rows(&users, "users").len(), 1, "{}", users.text);
    }
    if cluster.is_error {
        Value::Null
    } else {
        state(&cluster, planted.node).clone()
    }
}

/// Asks until the cluster sees the broker so.
async fn until(client: &Client, planted: &Planted, wanted: &str) {
    let limit = Instant::now() + LIMIT;
    while ask(client, planted).await != wanted {
        assert!(Instant::now() < limit, "never {wanted}");
    }
}

/// With the broker fenced: what it alone knows is missing, and said to be its.
async fn settled(client: &Client, planted: &Planted) {
    until(client, planted, "fenced").await;
    let producers = prompt(
        client,
        "kafka_producer_list",
        json!({"topic": planted.topic}),
    )
    .await;
    assert!(!producers.is_error, "{}", producers.text);
    let elsewhere = rows(&producers, "producers")
        .iter()
        .all(|row| row["partition"] == 1);
    assert!(
        elsewhere && rows(&producers, "producers").len() == IDS,
        "{}",
        producers.text
    );
    let named = missing(&producers).iter().any(|gap| {
        let what = gap["what"].as_str().unwrap_or_default();
        let why = gap["why"].as_str().unwrap_or_default();
        what.contains(&format!("{}-0", planted.topic)) && why.contains("no leader")
    });
    assert!(named, "{}", producers.text);
    let features = prompt(client, "kafka_feature_list", json!({})).await;
    assert!(
        !features.is_error && names_broker(&features, planted.node),
        "{}",
        features.text
    );
}

async fn begin(bed: &Exclusive) -> (Client, Planted) {
    let planted = plant(bed);
    let client = client(bed).await;
    whole_again(&client).await;
    let all = prompt(
        &client,
        "kafka_producer_list",
        json!({"topic": planted.topic}),
    )
    .await;
    assert_eq!(rows(&all, "producers").len(), 2 * IDS, "{}", all.text);
    (client, planted)
}

/// Brings everything back while asking, and asks once more when it is back.
async fn come_back(bed: &Exclusive, client: &Client, planted: &Planted) {
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = scope.spawn(|| bed.restore());
            Handle::current().block_on(async {
                while !work.is_finished() {
                    ask(client, planted).await;
                }
            });
        });
    });
    whole_again(client).await;
    until(client, planted, "online").await;
    let all = prompt(
        client,
        "kafka_producer_list",
        json!({"topic": planted.topic}),
    )
    .await;
    assert!(missing(&all).is_empty(), "{}", all.text);
    assert_eq!(rows(&all, "producers").len(), 2 * IDS, "{}", all.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_around_a_frozen_broker_is_right_or_says_what_it_lacks() {
    let bed = exclusive();
    let (client, planted) = begin(&bed).await;
    bed.freeze(planted.node);
    settled(&client, &planted).await;
    bed.thaw(planted.node);
    come_back(&bed, &client, &planted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_around_a_killed_broker_is_right_or_says_what_it_lacks() {
    let bed = exclusive();
    let (client, planted) = begin(&bed).await;
    bed.kill(planted.node);
    settled(&client, &planted).await;
    come_back(&bed, &client, &planted).await;
}
