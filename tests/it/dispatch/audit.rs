//! One line for each call, whatever became of it: names and times, never an argument or a payload.

use super::sandbox;
use crate::support::rpc::{Raw, until};
use kafkaweave_sandbox::{Fault, Rule, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;

/// API key of Fetch.
const FETCH: i16 = 1;
/// What must never be logged.
const CANARY: &str = "canary-7f3a91";

/// A field of an audit line.
#[track_caller]
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let at = line
        .find(&format!(" {name}="))
        .unwrap_or_else(|| panic!("no {name} in: {line}"));
    let rest = &line[at + name.len() + 2..];
    rest.split(' ').next().unwrap_or_default().trim_matches('"')
}

#[tokio::test]
async fn each_call_leaves_one_line_without_its_arguments() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let calls = [
        (
            "kafka_topic_list",
            json!({"pattern": CANARY}),
            "default",
            "ok",
        ),
        (
            "kafka_record_read",
            json!({"topic": CANARY}),
            "default",
            "unknown_topic",
        ),
        (
            "kafka_record_search",
            json!({"topic": "payments", "where": [format!("value = {CANARY}")]}),
            "default",
            "ok",
        ),
        (
            "kafka_record_search",
            json!({"topic": "payments", "where": [CANARY]}),
            "default",
            "bad_condition",
        ),
        (
            "kafka_topic_list",
            json!({"limit": CANARY}),
            "",
            "bad_argument",
        ),
        ("kafka_topic_list", json!({CANARY: 1}), "", "bad_argument"),
        (
            "kafka_topic_list",
            json!({"cluster": CANARY}),
            "",
            "unknown_cluster",
        ),
        ("kafka_cluster_list", json!({}), "", "ok"),
        ("kafka_no_such", json!({"x": CANARY}), "", "unknown_tool"),
    ];
    for (tool, arguments, ..) in &calls {
        raw.call(tool, arguments.clone()).await;
    }
    raw.ask("ping", json!({})).await;
    raw.ask("tools/list", json!({})).await;
    until("as many lines as calls", || {
        raw.audit().len() >= calls.len()
    })
    .await;
    let lines = raw.audit();
    assert_eq!(lines.len(), calls.len(), "{lines:#?}");
    for (line, (tool, _, cluster, outcome)) in lines.iter().zip(&calls) {
        assert_eq!(
            (
                field(line, "tool"),
                field(line, "cluster"),
                field(line, "outcome")
            ),
            (*tool, *cluster, *outcome)
        );
        assert!(field(line, "ms").parse::<u64>().is_ok(), "{line}");
    }
    let ended = raw.end().await;
    assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.lines().count(),
        calls.len(),
        "nothing else is said: {}",
        ended.stderr
    );
}

/// A sandbox whose records take longer than any test waits.
async fn slow() -> Sandbox {
    let sandbox = sandbox().await;
    let delay = Fault::Delay(Duration::from_secs(60));
    sandbox.faults().inject(Rule::new(FETCH, delay));
    sandbox
}

/// A call that waits for those records.
fn read() -> Value {
    json!({"name": "kafka_record_read", "arguments": {"topic": "payments"}})
}

#[tokio::test]
async fn a_cancelled_call_leaves_its_line_too() {
    let sandbox = slow().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let id = raw.request("tools/call", read()).await;
    until("a broker is asked", || {
        sandbox.counters().requests_of(FETCH) > 0
    })
    .await;
    let cancel = json!({"requestId": id, "reason": CANARY});
    raw.tell("notifications/cancelled", cancel).await;
    until("its line", || !raw.audit().is_empty()).await;
    let ended = raw.end().await;
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("one line: {}", ended.stderr)
    };
    assert_eq!(field(line, "outcome"), "cancelled");
    assert!(!line.contains(CANARY), "{line}");
}

/// Answers to what was asked before the input ended still have a few seconds.
#[tokio::test]
async fn a_call_whose_client_went_away_leaves_its_line_too() {
    let sandbox = slow().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    raw.request("tools/call", read()).await;
    until("a broker is asked", || {
        sandbox.counters().requests_of(FETCH) > 0
    })
    .await;
    let ended = raw.end().await;
    assert_eq!(ended.code, Some(0));
    let lines: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.contains(" audit: "))
        .collect();
    let [line] = lines[..] else {
        panic!("one line: {}", ended.stderr)
    };
    let outcome = field(line, "outcome");
    assert!(["cancelled", "abandoned"].contains(&outcome), "{line}");
}

#[tokio::test]
async fn a_call_that_ran_out_of_time_leaves_the_outcome_that_was_told() {
    let sandbox = slow().await;
    let bootstrap = sandbox.bootstrap();
    let args = ["--bootstrap", &bootstrap, "--call-timeout-ms", "500"];
    let mut raw = Raw::legacy(&args, &[]).await;
    let told = raw.ask("tools/call", read()).await["result"].clone();
    until("its line", || !raw.audit().is_empty()).await;
    let outcome = field(&raw.audit()[0], "outcome").to_string();
    // What could be had in time is an answer with gaps; nothing at all is an error.
    if told["isError"] == true {
        assert_eq!(told["structuredContent"]["code"], outcome);
    } else {
        assert_eq!(outcome, "ok");
        let data = told["structuredContent"].to_string();
        assert!(
            data.contains("deadline") || data.contains("missing"),
            "{data}"
        );
    }
}
