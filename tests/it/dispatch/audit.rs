//! One line for each call, whatever became of it: names and times, never an argument or a payload.

use super::sandbox;
use crate::support::rpc::{Raw, until};
use kafkaweave_sandbox::{Fault, Rule};
use serde_json::json;
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

#[tokio::test]
async fn cancelled_abandoned_and_late_calls_leave_their_line_too() {
    let sandbox = sandbox().await;
    sandbox
        .faults()
        .inject(Rule::new(FETCH, Fault::Delay(Duration::from_secs(2))));
    let bootstrap = sandbox.bootstrap();
    let slow = json!({"name": "kafka_record_read", "arguments": {"topic": "payments"}});
    let args = ["--bootstrap", bootstrap.as_str()];
    let mut raw = Raw::legacy(&args, &[]).await;
    let id = raw.request("tools/call", slow.clone()).await;
    until("a broker is asked", || {
        sandbox.counters().requests_of(FETCH) > 0
    })
    .await;
    raw.tell(
        "notifications/cancelled",
        json!({"requestId": id, "reason": CANARY}),
    )
    .await;
    until("its line", || raw.audit().len() == 1).await;
    assert_eq!(field(&raw.audit()[0], "outcome"), "cancelled");
    let before = sandbox.counters().requests_of(FETCH);
    raw.request("tools/call", slow.clone()).await;
    until("a broker is asked", || {
        sandbox.counters().requests_of(FETCH) > before
    })
    .await;
    let ended = raw.end().await;
    let lines: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|l| l.contains(" audit: "))
        .collect();
    assert_eq!(lines.len(), 2, "the client went away: {}", ended.stderr);
    assert!(
        ["cancelled", "abandoned"].contains(&field(lines[1], "outcome")),
        "{}",
        lines[1]
    );
    assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);

    let mut raw = Raw::legacy(
        &["--bootstrap", &bootstrap, "--call-timeout-ms", "300"],
        &[],
    )
    .await;
    let answer = raw.ask("tools/call", slow).await;
    until("its line", || raw.audit().len() == 1).await;
    let outcome = field(&raw.audit()[0], "outcome").to_string();
    let told = &answer["result"];
    // What could be had in time is an answer with gaps; nothing at all is an error.
    if told["isError"] == true {
        assert_eq!(outcome, told["structuredContent"]["code"].as_str().unwrap());
    } else {
        assert_eq!(outcome, "ok");
        assert!(
            told["structuredContent"].to_string().contains("missing"),
            "{told}"
        );
    }
}
