//! While the slowest call runs, `ping` is answered at once: no worker is ever blocked.

use super::sandbox;
use crate::support::rpc::{Raw, median, until};
use kafkaweave_sandbox::{Fault, Rule, Times};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Adds records of together so many MB to partition 1 of `orders`.
pub(super) fn fill(bootstrap: &str, megabytes: usize) {
    let mut kcat = Command::new("kcat")
        .args([
            "-P",
            "-b",
            bootstrap,
            "-t",
            "orders",
            "-p",
            "1",
            "-X",
            "batch.size=1000000",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("kcat is there, as for the bed");
    let mut input = kcat.stdin.take().unwrap();
    let value = "lorem ipsum dolor sit amet ".repeat(37);
    for number in 0..megabytes * 1_000 {
        writeln!(input, "{{\"n\":{number},\"text\":\"{value}\"}}").unwrap();
    }
    drop(input);
    assert!(kcat.wait().unwrap().success());
}

/// Pings until the call with this id is answered, or as often as told.
async fn pings(raw: &mut Raw, during: i64, most: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    let over = |raw: &Raw| raw.others().iter().any(|m| m["id"] == during);
    while times.len() < most && !over(raw) {
        let begun = Instant::now();
        assert_eq!(raw.ask("ping", json!({})).await["result"], json!({}));
        if !over(raw) {
            times.push(begun.elapsed());
        }
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_is_quick_while_brokers_are_slow() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let fault = Fault::Delay(Duration::from_secs(20));
    sandbox.faults().inject(Rule {
        api_key: None,
        node: None,
        fault,
        times: Times::Forever,
    });
    let call = json!({"name": "kafka_cluster_health", "arguments": {}});
    let id = raw.request("tools/call", call).await;
    until("brokers work on it", || sandbox.counters().in_work() > 0).await;
    let times = pings(&mut raw, id, 21).await;
    assert_eq!(times.len(), 21, "the call runs all the time");
    let median = median(times);
    assert!(median < Duration::from_millis(50), "{median:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_is_quick_while_a_large_topic_is_searched() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    fill(&bootstrap, 60);
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    // Costly for each record: JSON is parsed and a regex without a literal is tried.
    let conditions = ["$.text ~ (l|i|d)[a-z]+x{9}$", "$.n > 1"];
    let call = json!({"name": "kafka_record_search", "arguments": {"topic": "orders", "where": conditions}});
    let id = raw.request("tools/call", call).await;
    let times = pings(&mut raw, id, 2_000).await;
    let answer: Value = raw.answer(id).await;
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    assert!(
        times.len() >= 5,
        "the search was over after {} pings",
        times.len()
    );
    let slowest = times.iter().max().copied().unwrap();
    let median = median(times);
    assert!(
        median < Duration::from_millis(50),
        "median {median:?}, slowest {slowest:?}"
    );
}
