//! Reassignments: under way, stuck, and the throttle that one leaves behind.

use super::super::CONFIGS;
use super::{client, evidence, fires, health, health_when, named, names, silent};
use crate::support::bed::{Bed, Exclusive, NODES, RecordPlan, TopicPlan, exclusive};
use serde_json::json;

const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";

/// A reassignment of one partition, as a file for Kafka's tool.
struct Plan {
    file: std::path::PathBuf,
}

impl Plan {
    fn new(bed: &Bed, topic: &str, replicas: &[i32]) -> Self {
        let file = std::env::temp_dir().join(bed.name("0-move"));
        let moves = json!([{"topic": topic, "partition": 0, "replicas": replicas}]);
        let plan = json!({"version": 1, "partitions": moves});
        std::fs::write(&file, plan.to_string()).unwrap();
        Self { file }
    }

    fn run(&self, bed: &Bed, words: &[&str]) -> String {
        let mut args = vec!["--reassignment-json-file", self.file.to_str().unwrap()];
        args.extend(words);
        bed.kafka(REASSIGN, &args).unwrap()
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A partition with so many bytes that its copy takes a while, on one node.
fn heavy(bed: &Exclusive, node: i32) -> String {
    let topic = bed.name("0-heavy");
    bed.plant_topics(&[TopicPlan::assigned(&topic, &[&[node]])])
        .unwrap();
    let value = "x".repeat(64 << 10);
    let records = vec![RecordPlan::value(&value); 160];
    bed.produce(&topic, &records).unwrap();
    topic
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reassignment_is_named_while_it_goes_on_stuck_when_its_target_is_gone_and_then_never() {
    let bed = exclusive();
    let target = bed.quorum_follower().unwrap();
    let source = NODES.into_iter().find(|n| *n != target).unwrap();
    let topic = heavy(&bed, source);
    let partition = format!("{topic}-0");
    let client = client(&bed).await;
    let rules = ["reassignment_in_progress", "reassignment_stuck"];
    let before = health(&client).await;
    for rule in rules {
        silent(&before, rule, &[&partition]);
    }
    let plan = Plan::new(&bed, &topic, &[source, target]);
    // Ten megabytes at twenty kilobytes a second.
    plan.run(&bed, &["--execute", "--throttle", "20000"]);
    let during = health_when(&client, |a| names(a, rules[0], &partition)).await;
    fires(&during, rules[0], &[&partition], &[]);
    silent(&during, rules[1], &[&partition]);
    // The throttle serves it, and is not left behind.
    silent(&during, "throttle_left_behind", &[&topic]);
    assert!(
        evidence(&during, rules[0]).contains("20000"),
        "the throttle is not told: {}",
        evidence(&during, rules[0])
    );

    bed.kill(target);
    bed.await_fenced(target);
    let stuck = health_when(&client, |a| names(a, rules[1], &partition)).await;
    fires(&stuck, rules[1], &[&partition], &[]);
    let said = evidence(&stuck, rules[1]);
    assert!(said.contains(&format!("broker {target}")), "{said}");

    bed.start(target);
    plan.run(&bed, &["--cancel"]);
    let after = health_when(&client, |a| {
        rules.iter().all(|rule| !names(a, rule, &partition))
    })
    .await;
    silent(&after, "throttle_left_behind", &[&topic]);
    bed.drop_topics(&[topic]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_without_a_reassignment_is_named_until_it_is_gone() {
    let bed = exclusive();
    let rule = "throttle_left_behind";
    let client = client(&bed).await;
    let before = health(&client).await;
    assert!(named(&before, rule).is_empty(), "{}", before.text);
    let alter = |how: &str, what: &str| {
        let of = ["--alter", "--entity-type", "brokers", "--entity-name", "2"];
        let mut words = of.to_vec();
        words.extend([how, what]);
        bed.kafka(CONFIGS, &words).unwrap();
    };
    alter(
        "--add-config",
        "follower.replication.throttled.rate=1000000",
    );
    let answer = health_when(&client, |a| !named(a, rule).is_empty()).await;
    fires(&answer, rule, &["broker 2"], &["broker 1", "broker 3"]);
    assert!(
        evidence(&answer, rule).contains("1000000"),
        "{}",
        answer.text
    );
    alter("--delete-config", "follower.replication.throttled.rate");
    health_when(&client, |a| named(a, rule).is_empty()).await;
}
