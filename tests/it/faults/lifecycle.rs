//! Every moment of a broker's end and return: killed, frozen, or ended cleanly, and started again.
//!
//! The same questions are asked over and over while it happens, and each answer must hold against what was planted:
//! a figure is right or not there, and what is not there is named. What each fault looks like once it is settled is
//! tested beside this.

use super::{LIMIT, client, missing, names_broker, prompt, state, whole_again};
use crate::support::bed::{CommitPlan, Exclusive, NODES, RecordPlan, TopicPlan, exclusive};
use crate::support::mcp::{Answer, Client};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::runtime::Handle;

/// Groups planted, so that each broker coordinates some.
const GROUPS: usize = 9;

/// Records in each of the two partitions of each topic.
const RECORDS: i64 = 4;

/// Lag of each group: all records of both topics.
const LAG: i64 = 4 * RECORDS;

struct Planted {
    node: i32,
    /// One replica each: partition 0 on the node that breaks, partition 1 elsewhere.
    solo: String,
    /// Three replicas.
    safe: String,
    stem: String,
}

fn plant(bed: &Exclusive) -> Planted {
    let node = bed.quorum_follower().unwrap();
    let other = NODES.into_iter().find(|n| *n != node).unwrap();
    let planted = Planted {
        node,
        solo: bed.name("life-solo"),
        safe: bed.name("life-safe"),
        stem: bed.name("life"),
    };
    bed.plant_topics(&[
        TopicPlan::assigned(&planted.solo, &[&[node], &[other]]),
        TopicPlan::new(&planted.safe, 2),
    ])
    .unwrap();
    let records: Vec<_> = (0..2 * RECORDS)
        .map(|n| RecordPlan::value("v").partition(i32::from(n % 2 == 1)))
        .collect();
    for topic in [&planted.solo, &planted.safe] {
        bed.produce(topic, &records).unwrap();
    }
    let commit = |n: usize| {
        let plan = CommitPlan::new(&format!("{}-{n}", planted.stem));
        let plan = plan.at(&planted.solo, 0, 0).at(&planted.solo, 1, 0);
        plan.at(&planted.safe, 0, 0).at(&planted.safe, 1, 0)
    };
    bed.commit(&(0..GROUPS).map(commit).collect::<Vec<_>>())
        .unwrap();
    planted
}

fn list<'a>(answer: &'a Answer, key: &str) -> &'a [Value] {
    answer.data[key].as_array().map_or(&[], Vec::as_slice)
}

/// An error in an outage may pass by itself; one that blames the caller would be false.
fn passes(answer: &Answer) -> bool {
    assert!(
        !answer.is_error || answer.data["retryable"] == true,
        "{}",
        answer.text
    );
    answer.is_error
}

fn judge_lag(answer: &Answer) {
    if passes(answer) {
        return;
    }
    // While a coordinator moves, Kafka lists its groups nowhere; those that are listed are right.
    let groups = list(answer, "groups");
    assert!(groups.len() <= GROUPS, "{}", answer.text);
    for group in groups {
        let exact = group["lag_is_lower_bound"] == false;
        let lag = group["lag"].as_i64();
        assert!(lag.is_none_or(|lag| (0..=LAG).contains(&lag)), "{group:#}");
        assert!(!exact || lag == Some(LAG), "{group:#}\n{}", answer.text);
        let rows = group["partitions"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for row in rows {
            let known = row["lag"] == RECORDS;
            assert!(
                known || (row["state"] == "unknown" && row["why"].is_string()),
                "{row}"
            );
        }
    }
}

fn judge_groups(answer: &Answer) {
    if !passes(answer) {
        // While a coordinator moves, Kafka lists its groups nowhere.
        let listed = list(answer, "groups").len();
        assert!(listed <= GROUPS, "{}", answer.text);
    }
}

fn judge_topic(answer: &Answer, topic: &str) {
    if passes(answer) {
        return;
    }
    assert_eq!(list(answer, "partitions").len(), 2, "{}", answer.text);
    for row in list(answer, "partitions") {
        for (key, truth) in [("earliest_offset", 0), ("latest_offset", RECORDS)] {
            let named = missing(answer).iter().any(|gap| {
                let name = format!("{topic}-{}", row["partition"]);
                let what = gap["what"].as_str().unwrap_or_default();
                what.contains(&name) || what == "offsets"
            });
            assert!(
                row[key] == truth || (row[key].is_null() && named),
                "{key}: {}",
                answer.text
            );
        }
    }
    let span = &answer.data["offset_span"];
    assert!(span.is_null() || *span == 2 * RECORDS, "{}", answer.text);
}

fn judge_records(answer: &Answer) {
    if !passes(answer) {
        let count = list(answer, "records").len() as i64;
        let whole = count == 2 * RECORDS;
        let covered = answer.data["covered"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let told =
            !missing(answer).is_empty() || covered.iter().any(|c| c["incomplete"].is_string());
        assert!(
            whole || (count < 2 * RECORDS && told),
            "{count}: {}",
            answer.text
        );
    }
}

/// Asks everything at once; the answer that tells how the cluster sees the broker, and the health report.
async fn ask(client: &Client, planted: &Planted) -> (Answer, Answer) {
    let groups = json!({"pattern": format!("{}-", planted.stem), "limit": 100});
    let lag = json!({"group": format!("{}-", planted.stem), "limit": 100, "detail": "detailed"});
    let (solo, safe) = (
        json!({"topic": planted.solo}),
        json!({"topic": planted.safe}),
    );
    let read = json!({"topic": planted.solo, "from": "beginning", "limit": 100});
    let (lag, groups, solo, safe, read, cluster, health) = tokio::join!(
        prompt(client, "kafka_group_lag", lag),
        prompt(client, "kafka_group_list", groups),
        prompt(client, "kafka_topic_describe", solo),
        prompt(client, "kafka_topic_describe", safe),
        prompt(client, "kafka_record_read", read),
        prompt(client, "kafka_cluster_describe", json!({})),
        prompt(client, "kafka_cluster_health", json!({})),
    );
    judge_lag(&lag);
    judge_groups(&groups);
    judge_topic(&solo, &planted.solo);
    judge_topic(&safe, &planted.safe);
    judge_records(&read);
    for answer in [&cluster, &health] {
        passes(answer);
    }
    (cluster, health)
}

/// Asks while `work` runs in a thread of its own, and once more when it is done.
fn during<'a>(client: &Client, planted: &Planted, work: impl FnOnce() + Send + 'a) {
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = scope.spawn(work);
            Handle::current().block_on(async {
                while !work.is_finished() {
                    ask(client, planted).await;
                }
                ask(client, planted).await;
            });
        });
    });
}

/// Asks until the cluster sees the broker as fenced. From then on nobody may call the cluster healthy.
async fn until_fenced(client: &Client, planted: &Planted) {
    let until = Instant::now() + LIMIT;
    loop {
        let (cluster, _) = ask(client, planted).await;
        if !cluster.is_error && state(&cluster, planted.node) == "fenced" {
            break;
        }
        assert!(Instant::now() < until, "never fenced: {}", cluster.text);
    }
    let (_, health) = ask(client, planted).await;
    if !health.is_error {
        assert_ne!(health.data["verdict"], "healthy", "{}", health.text);
        let told = health.text.contains(&format!("broker {}", planted.node));
        assert!(
            told || names_broker(&health, planted.node) || health.text.contains(&planted.solo),
            "{}",
            health.text
        );
    }
}

async fn begin(bed: &Exclusive) -> (Client, Planted) {
    let planted = plant(bed);
    let client = client(bed).await;
    whole_again(&client).await;
    ask(&client, &planted).await;
    (client, planted)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_around_a_frozen_broker_is_right_or_says_what_it_lacks() {
    let bed = exclusive();
    let (client, planted) = begin(&bed).await;
    bed.freeze(planted.node);
    until_fenced(&client, &planted).await;
    bed.thaw(planted.node);
    during(&client, &planted, || bed.restore());
    whole_again(&client).await;
    ask(&client, &planted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_around_a_killed_broker_is_right_or_says_what_it_lacks() {
    let bed = exclusive();
    let (client, planted) = begin(&bed).await;
    during(&client, &planted, || bed.kill(planted.node));
    until_fenced(&client, &planted).await;
    during(&client, &planted, || bed.restore());
    whole_again(&client).await;
    ask(&client, &planted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_around_a_clean_restart_is_right_or_says_what_it_lacks() {
    let bed = exclusive();
    let (client, planted) = begin(&bed).await;
    during(&client, &planted, || {
        bed.halt(planted.node);
        bed.start(planted.node);
    });
    during(&client, &planted, || bed.restore());
    whole_again(&client).await;
    ask(&client, &planted).await;
}
