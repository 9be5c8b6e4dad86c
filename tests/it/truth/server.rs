//! All twelve tools over every transport and era; what they cost; and that reading leaves nothing behind.

use super::{CONSUMER_GROUPS, GROUPS, TOPICS, client, column, offsets, says, tokens};
use crate::support::bed::{Bed, CommitPlan, GroupKind, RecordPlan, TopicPlan, exclusive, shared};
use crate::support::mcp::{Answer, Client, WIRES, Wire, none};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is planted for a round of all tools.
struct Planted {
    topic: String,
    group: String,
}

fn plant(bed: &Bed) -> Planted {
    let topic = bed.plant_topic("round", 3).unwrap();
    let records: Vec<RecordPlan> = (0..9)
        .map(|i| {
            RecordPlan::value(&format!("{{\"n\": {i}}}"))
                .key("k")
                .partition(i % 3)
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let group = bed.name("round");
    let commit = (0..3).fold(CommitPlan::new(&group), |plan, p| plan.at(&topic, p, 1));
    bed.commit(&[commit]).unwrap();
    Planted { topic, group }
}

/// Every tool once, with arguments that make its answer one of the planted things.
fn round(planted: &Planted) -> Vec<(&'static str, Value)> {
    let Planted { topic, group } = planted;
    vec![
        ("kafka_cluster_list", none()),
        ("kafka_cluster_describe", none()),
        ("kafka_cluster_health", none()),
        ("kafka_topic_list", json!({"pattern": topic})),
        ("kafka_topic_describe", json!({"topic": topic})),
        ("kafka_group_list", json!({"pattern": group})),
        ("kafka_group_describe", json!({"group": group})),
        ("kafka_group_lag", json!({"group": group})),
        (
            "kafka_record_read",
            json!({"topic": topic, "from": "beginning"}),
        ),
        (
            "kafka_record_search",
            json!({"topic": topic, "where": ["$.n >= 7"]}),
        ),
        (
            "kafka_config_describe",
            json!({"kind": "topic", "name": topic, "all": true, "keys": "retention*"}),
        ),
        ("kafka_server_tools", none()),
    ]
}

/// Calls every tool once; the answers in the order of [`round`].
async fn all(client: &Client, planted: &Planted) -> Vec<(&'static str, Answer)> {
    let mut answers = Vec::new();
    for (tool, arguments) in round(planted) {
        answers.push((tool, client.call(tool, arguments).await));
    }
    answers
}

/// What must be the same on every wire: without what moves by itself or belongs to the whole cluster.
fn steady_part(tool: &str, data: &Value) -> Value {
    match tool {
        "kafka_cluster_describe" => json!([
            data["cluster_id"],
            data["controller"],
            column(&data["brokers"], "address")
        ]),
        "kafka_cluster_health" => json!([data["brokers_online"], data["brokers_expected"]]),
        "kafka_group_lag" => json!([
            column(&data["groups"], "lag"),
            column(&data["groups"], "state")
        ]),
        _ => data.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_answers_the_same_truth_on_every_wire() {
    let bed = shared();
    let planted = plant(&bed);
    let ends = offsets(&bed, &planted.topic, "-1");
    assert_eq!(ends.values().sum::<i64>(), 9);
    let mut first: Option<Vec<(&str, Value)>> = None;
    for wire in WIRES {
        let client = client(&bed, wire).await;
        let names: BTreeSet<&str> = client.tools().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            round(&planted).iter().map(|r| r.0).collect(),
            "{wire:?}: no tool is left out"
        );
        let answers = all(&client, &planted).await;
        let text = |tool: &str| &answers.iter().find(|a| a.0 == tool).unwrap().1;
        says(
            text("kafka_cluster_describe"),
            &[&format!("controller {} (", bed.quorum_leader().unwrap())],
        );
        says(text("kafka_topic_list"), &[&planted.topic]);
        says(text("kafka_topic_describe"), &["9 offsets held"]);
        says(
            text("kafka_group_describe"),
            &["classic group", "Empty, 0 members"],
        );
        says(text("kafka_group_lag"), &["lag 6 records"]);
        says(text("kafka_record_read"), &["9 records", "{\"n\": 8}"]);
        says(
            text("kafka_record_search"),
            &["2 matches", "{\"n\": 7}", "{\"n\": 8}"],
        );
        says(
            text("kafka_config_describe"),
            &["retention.ms", "604800000"],
        );
        says(text("kafka_server_tools"), &["12 tools on"]);
        let parts: Vec<_> = answers
            .iter()
            .map(|(tool, a)| (*tool, steady_part(tool, &a.data)))
            .collect();
        match &first {
            None => first = Some(parts),
            Some(first) => assert_eq!(&parts, first, "{wire:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concise_answer_costs_at_most_fifteen_hundred_tokens() {
    let bed = shared();
    let planted = plant(&bed);
    let member = bed.name("priced");
    let _member = bed
        .join(GroupKind::Consumer, &planted.topic, &member, &[])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let mut calls = round(&planted);
    calls.push(("kafka_group_describe", json!({"group": member})));
    calls.push(("kafka_group_lag", json!({"group": member})));
    calls.push((
        "kafka_config_describe",
        json!({"kind": "broker", "name": "1"}),
    ));
    calls.push(("kafka_record_read", json!({"topic": planted.topic})));
    for (tool, arguments) in calls {
        let answer = client.call(tool, arguments.clone()).await;
        let price = tokens(&answer.text);
        assert!(
            price <= 1_500,
            "{tool} {arguments}: {price} tokens\n{}",
            answer.text
        );
    }
    // Lists as long as a page is by itself, of names as long as people give.
    let stem = bed.name("tenant-a.orders");
    let names: Vec<String> = (0..55).map(|i| format!("{stem}.events.{i:02}")).collect();
    let topics: Vec<TopicPlan> = names
        .iter()
        .map(|n| TopicPlan::new(n, 1).replication(1))
        .collect();
    bed.plant_topics(&topics).unwrap();
    let commits: Vec<CommitPlan> = names
        .iter()
        .map(|n| CommitPlan::new(n).at(&planted.topic, 0, 1))
        .collect();
    bed.commit(&commits).unwrap();
    for (tool, filter) in [
        ("kafka_topic_list", "pattern"),
        ("kafka_group_list", "pattern"),
        ("kafka_group_lag", "group"),
    ] {
        let answer = client.call(tool, json!({filter: stem})).await;
        assert_eq!(answer.data["total"], 55);
        let price = tokens(&answer.text);
        assert!(price <= 1_500, "{tool}: {price} tokens\n{}", answer.text);
    }
}

/// All that a reader could leave behind, as Kafka's own tools tell it: topics, groups, committed
/// offsets, configurations of groups. Members of other tests' groups may still be timing out, so what
/// follows from members alone is left out.
fn traces(bed: &Bed) -> [Vec<String>; 4] {
    let lines = |class: &str, args: &[&str], kept: fn(&[&str]) -> Option<String>| {
        let said = bed.kafka(class, args).unwrap();
        let words = said
            .lines()
            .map(|l| l.split_whitespace().collect::<Vec<_>>());
        let mut lines: Vec<String> = words.filter_map(|w| kept(&w)).collect();
        lines.sort_unstable();
        lines
    };
    let whole = |words: &[&str]| (!words.is_empty()).then(|| words.join(" "));
    let name = |words: &[&str]| words.first().map(ToString::to_string);
    // GROUP TOPIC PARTITION CURRENT-OFFSET ..., where something is committed.
    let committed = |words: &[&str]| {
        let numbers = words.get(2..4)?;
        let all = numbers.iter().all(|n| n.parse::<i64>().is_ok());
        all.then(|| words[..4].join(" "))
    };
    let offsets = ["--describe", "--all-groups", "--offsets"];
    let configs = ["--describe", "--entity-type", "groups"];
    [
        lines(TOPICS, &["--list"], whole),
        lines(GROUPS, &["--list"], name),
        lines(CONSUMER_GROUPS, &offsets, committed),
        lines("kafka.admin.ConfigCommand", &configs, whole),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_leaves_no_group_no_offset_and_no_topic_behind() {
    // Alone, so that whatever is new afterwards is of our making.
    let bed = exclusive();
    let untouched = bed.kafka(TOPICS, &["--list"]).unwrap();
    let client_before = client(&bed, Wire::StdioLegacy).await;
    for (tool, arguments) in [
        ("kafka_group_list", none()),
        ("kafka_group_lag", none()),
        ("kafka_topic_list", json!({"internal": true})),
    ] {
        client_before.call(tool, arguments).await;
    }
    let unknown = client_before
        .refused("kafka_group_lag", json!({"group": "nobody"}))
        .await;
    assert_eq!(unknown.data["code"], "unknown_group");
    assert_eq!(
        bed.kafka(TOPICS, &["--list"]).unwrap(),
        untouched,
        "on a new cluster, Kafka's own topic of offsets too"
    );
    let planted = plant(&bed);
    let before = traces(&bed);
    assert!(before.iter().all(|part| !part.is_empty()), "{before:?}");
    for wire in WIRES {
        let client = client(&bed, wire).await;
        all(&client, &planted).await;
        for tool in ["kafka_record_read", "kafka_topic_describe"] {
            client
                .refused(tool, json!({"topic": "no-such-topic"}))
                .await;
        }
        client
            .call("kafka_cluster_describe", json!({"detail": "detailed"}))
            .await;
        let committed =
            json!({"topic": planted.topic, "read_committed": true, "where": ["value contains n"]});
        client.call("kafka_record_search", committed).await;
    }
    assert_eq!(traces(&bed), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_that_are_off_are_explained_and_refused() {
    let bed = shared();
    let boot = bed.bootstrap(crate::support::bed::Listener::Plaintext);
    let args = [
        "--bootstrap",
        &boot,
        "--tools",
        "kafka_server_tools,kafka_topic_list",
    ];
    for wire in [Wire::StdioLegacy, Wire::HttpModern] {
        let client = Client::start(wire, &args).await;
        let names: Vec<&str> = client.tools().keys().map(String::as_str).collect();
        assert_eq!(names, ["kafka_server_tools", "kafka_topic_list"]);
        let answer = client.call("kafka_server_tools", none()).await;
        let rows = answer.data["tools"].as_array().unwrap();
        let all = kafkaweave::tools::all().count();
        assert_eq!(rows.len(), all);
        for row in rows {
            let on = names.contains(&row["tool"].as_str().unwrap());
            assert_eq!(row.get("off").is_none(), on, "{row}");
            assert_eq!(row["effect"], "read");
        }
        let off = format!("2 tools on, {} off", all - 2);
        says(&answer, &[&off, "--toolsets"]);
    }
}
