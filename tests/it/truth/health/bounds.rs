//! What a health check costs, and that it comes in time whatever is slow.

use super::{health, names};
use crate::support::bed::{Listener, exclusive, shared};
use crate::support::mcp::{Answer, Client, Wire};
use kafkaweave_sandbox::{Options, Sandbox};
use serde_json::json;
use std::time::{Duration, Instant};

/// Whether nothing is missing but what a check leaves out of large clusters.
fn whole(answer: &Answer) -> bool {
    let gaps = answer.data["missing"].as_array().into_iter().flatten();
    gaps.filter_map(|gap| gap["why"].as_str())
        .all(|why| why.starts_with("left out"))
}

/// Requests of one check, connections being there.
async fn cost(sandbox: &Sandbox, client: &Client) -> u64 {
    let sent = || {
        sandbox
            .requests()
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    health(client).await;
    let before = sent();
    health(client).await;
    sent() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_thousand_topics_costs_as_many_requests_as_one_of_five() {
    let bed = shared();
    let options = Options {
        seed: false,
        traffic: false,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let bootstrap = sandbox.bootstrap();
    let plant = |count: usize, stem: &str| {
        let topic = |n| json!({"name": format!("{stem}-{n}"), "partitions": 3, "replication": 3, "config": {}});
        let lines: Vec<String> = (0..count).map(|n| topic(n).to_string()).collect();
        let words = ["testbed.Plant", "topics", &bootstrap];
        bed.tool(&words, &lines.join("\n")).unwrap();
    };
    plant(5, "few");
    let client = Client::start(Wire::StdioModern, &["--bootstrap", &bootstrap]).await;
    let few = cost(&sandbox, &client).await;
    plant(900, "many");
    let many = cost(&sandbox, &client).await;
    assert_eq!(few, many);
    assert!(many <= 40, "{many} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_too_slow_for_the_call_is_a_gap_and_the_rest_is_answered() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    bed.plant_topic("0-slow", 3).unwrap();
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    // A broker may take longer than the whole call.
    let args = ["--bootstrap", &bootstrap, "--call-timeout-ms", "3000"];
    let client = Client::start(Wire::StdioModern, &args).await;
    super::health_when(&client, whole).await;
    bed.freeze(node);
    let began = Instant::now();
    let partial = health(&client).await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    let missing = partial.data["missing"].as_array().unwrap();
    assert!(
        missing.iter().any(|gap| gap["why"]
            .as_str()
            .unwrap()
            .contains("in the time that a call may take")),
        "{missing:#?}"
    );
    assert_ne!(partial.data["verdict"], "healthy", "{}", partial.text);
    assert!(partial.data["topics"].is_i64(), "{}", partial.text);
    bed.thaw(node);
    bed.restore();
    let after = super::health_when(&client, whole).await;
    assert!(!names(&after, "silent_brokers", &format!("broker {node}")));
}
