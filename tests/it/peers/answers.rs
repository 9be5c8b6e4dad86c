//! Answers of every tool: within their schema, about what was asked, whole in the text alone, got by
//! nothing but reads, and errors when there is nothing to answer.

use crate::support::mcp::{Client, WIRES, none};
use crate::support::rpc::Raw;
use kafkaweave::tool::ToolDef;
use kafkaweave::tools;
use kafkaweave_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Arguments with which each tool answers on the sandbox.
fn sound(tool: &str) -> Value {
    match tool {
        "kafka_topic_describe" | "kafka_record_read" | "kafka_record_sample" => {
            json!({"topic": "payments"})
        }
        "kafka_record_search" => json!({"topic": "payments", "where": ["key contains P"]}),
        "kafka_group_describe" => json!({"group": "billing"}),
        "kafka_config_describe" => json!({"kind": "topic", "name": "payments"}),
        "kafka_group_watch" => json!({"seconds": 1}),
        "kafka_topic_compare" => json!({"left": "payments", "right": "orders"}),
        "kafka_producer_list" => json!({"topic": "payments"}),
        "kafka_transaction_describe" => json!({"transactional_id": "payments-1"}),
        _ => json!({}),
    }
}

/// Tools that need no second cluster.
fn of_one_cluster() -> impl Iterator<Item = &'static ToolDef> {
    tools::all().filter(|tool| tool.name != "kafka_cluster_compare")
}

/// Tools that answer without a broker.
const LOCAL: [&str; 2] = ["kafka_cluster_list", "kafka_server_tools"];

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_answers_within_its_schema_on_every_wire() {
    for wire in WIRES {
        let client = Client::start(wire, &["--sandbox", "--toolsets", "all"]).await;
        assert_eq!(client.tools().len(), tools::all().count());
        for tool in of_one_cluster() {
            let answer = client.try_call(tool.name, sound(tool.name)).await;
            assert!(!answer.text.is_empty(), "{wire:?} {}", tool.name);
            let offered = !answer.is_error || answer.data["code"] == "not_offered";
            assert!(offered, "{wire:?} {}: {}", tool.name, answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_says_that_it_failed_when_no_broker_is_there() {
    for wire in WIRES {
        let client =
            Client::start(wire, &["--bootstrap", "127.0.0.1:1", "--toolsets", "all"]).await;
        for tool in of_one_cluster() {
            if LOCAL.contains(&tool.name) {
                client.call(tool.name, none()).await;
                continue;
            }
            let answer = client.refused(tool.name, sound(tool.name)).await;
            assert!(answer.text.contains("127.0.0.1:1"), "{}", answer.text);
        }
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Options {
        traffic: false,
        ..Options::default()
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_sends_the_brokers_nothing_but_reads() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap, "--toolsets", "all"], &[]).await;
    let groups = |answer: Value| answer["result"]["structuredContent"]["groups"].clone();
    let before = groups(raw.call("kafka_group_list", json!({})).await);
    for tool in of_one_cluster() {
        let answer = raw.call(tool.name, sound(tool.name)).await;
        let answer = &answer["result"];
        let offered =
            answer["isError"] != true || answer["structuredContent"]["code"] == "not_offered";
        assert!(offered, "{answer}");
    }
    // Produce, commit, join, heartbeat, leave, sync, create, delete, alter and all of their kin.
    let reads: BTreeSet<i16> = [
        1, 2, 3, 9, 10, 15, 16, 18, 29, 32, 35, 46, 48, 50, 55, 60, 61, 65, 66, 69, 75, 76, 77, 89,
        90,
    ]
    .into();
    let asked: BTreeSet<i16> = sandbox.requests().into_iter().map(|(key, _)| key).collect();
    assert!(asked.len() >= 8, "{asked:?}");
    assert!(
        asked.is_subset(&reads),
        "not only reads: {:?}",
        asked.difference(&reads)
    );
    assert_eq!(
        groups(raw.call("kafka_group_list", json!({})).await),
        before,
        "no group is left behind"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_with_the_log_and_says_what_it_covered() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let nothing = json!({"topic": "payments", "where": ["value contains no-such-text"]});
    let answer = raw.call("kafka_record_search", nothing).await["result"].clone();
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("0 matches") && text.contains("all of the range was read"),
        "{text}"
    );
    let looked: u64 = text
        .split("looked at ")
        .nth(1)
        .and_then(|t| t.split(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(looked > 100, "{text}");
    // A Fetch at the end of a log would wait for records to come: nobody waits there.
    assert_eq!(sandbox.counters().in_work(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_belong_to_the_topic_that_was_asked_for() {
    let mut raw = Raw::legacy(&["--sandbox"], &[]).await;
    for (topic, prefix) in [
        ("orders", "C-"),
        ("payments", "P-"),
        ("clicks", "tenant-"),
        ("payments", "P-"),
        ("orders", "C-"),
    ] {
        let answer = raw
            .call("kafka_record_read", json!({"topic": topic, "limit": 100}))
            .await["result"]
            .clone();
        let data = &answer["structuredContent"];
        assert_eq!(data["topic"], topic);
        let records = data["records"].as_array().unwrap();
        assert!(records.len() >= 50, "{}", records.len());
        for record in records {
            assert!(
                record["key"].to_string().contains(prefix),
                "{topic}: {record}"
            );
        }
    }
}

/// Answers of all tools on the sandbox: name, text, data.
async fn answers() -> Vec<(&'static str, String, Value)> {
    let mut raw = Raw::legacy(&["--sandbox", "--toolsets", "all"], &[]).await;
    let mut answers = Vec::new();
    for tool in of_one_cluster() {
        let result = raw.call(tool.name, sound(tool.name)).await["result"].clone();
        let text = result["content"][0]["text"].as_str().unwrap().to_string();
        answers.push((tool.name, text, result["structuredContent"].clone()));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_hold_no_orders_and_no_remains_of_a_template() {
    for (tool, text, _) in answers().await {
        let lower = text.to_lowercase();
        for wrong in [
            "format the following",
            "you should",
            "you must",
            "please ",
            "as an ai",
            "the assistant",
            "nice table",
            "not an error",
            "undefined",
            "nan",
            "null",
            "none(",
            "some(",
            "{:",
            "%!",
            "0x7f",
            "1970-01-01",
        ] {
            let word = lower
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|w| w == wrong);
            let found = if wrong.chars().all(char::is_alphanumeric) {
                word
            } else {
                lower.contains(wrong)
            };
            assert!(!found, "{tool}: {wrong:?} in: {text}");
        }
    }
}

/// Strings under keys that name things.
fn named(value: &Value, into: &mut BTreeSet<String>) {
    const NAMES: [&str; 9] = [
        "topic",
        "group",
        "cluster",
        "tool",
        "host",
        "key",
        "value",
        "member",
        "client_id",
    ];
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                match inner {
                    Value::String(text) if NAMES.contains(&key.as_str()) => {
                        into.insert(text.clone());
                    }
                    inner => named(inner, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|v| named(v, into)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_alone_names_all_that_the_data_name() {
    let mut checked = 0;
    for (tool, text, data) in answers().await {
        let mut names = BTreeSet::new();
        named(&data, &mut names);
        // The only cluster goes without saying.
        names.remove("sandbox");
        checked += names.len();
        for name in names {
            assert!(
                text.contains(&name),
                "{tool}: `{name}` is only in the data: {text}"
            );
        }
    }
    assert!(checked > 30, "{checked}");
}

/// The Metadata answer names some broker that lives as the controller; the leader of the quorum is
/// another question, and the right one.
#[tokio::test(flavor = "multi_thread")]
async fn the_controller_is_the_leader_of_the_quorum() {
    let mut raw = Raw::legacy(&["--sandbox"], &[]).await;
    for _ in 0..10 {
        let answer = raw.call("kafka_cluster_describe", json!({})).await["result"].clone();
        let data = &answer["structuredContent"];
        let voters = data["quorum"].as_array().unwrap();
        let leader = voters.iter().find(|v| v["role"] == "leader").unwrap();
        assert_eq!(data["controller"]["id"], leader["id"], "{answer}");
        assert_eq!(leader["id"], 3);
    }
}
