//! kafka_config_describe against ConfigCommand: values, defaults, sources, secrets, documentation.

use super::{CONFIGS, client, eventually, pages, says};
use crate::support::bed::{Bed, Listener, NODES, TopicPlan, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One key as ConfigCommand prints it.
#[derive(Debug)]
struct Truth {
    value: Option<String>,
    sensitive: bool,
    /// Levels as `SOURCE`, key, value; most specific first.
    levels: Vec<(String, String, String)>,
}

/// `  key=value sensitive=false synonyms={SOURCE:key=value, ..}` by key.
fn truth(bed: &Bed, kind: &str, name: &str) -> BTreeMap<String, Truth> {
    let args = [
        "--describe",
        "--all",
        "--entity-type",
        kind,
        "--entity-name",
        name,
    ];
    let said = bed.kafka(CONFIGS, &args).unwrap();
    let mut all = BTreeMap::new();
    for line in said.lines().filter_map(|l| l.strip_prefix("  ")) {
        let (pair, rest) = line.split_once(" sensitive=").unwrap();
        let (sensitive, synonyms) = rest.split_once(" synonyms={").unwrap();
        let (key, value) = pair.split_once('=').unwrap();
        let mut levels: Vec<(String, String, String)> = Vec::new();
        for part in synonyms.trim_end_matches('}').split(", ") {
            let source = part.split_once(':').filter(|(s, _)| s.ends_with("_CONFIG"));
            match (source, levels.last_mut()) {
                (Some((source, pair)), _) => {
                    let (key, value) = pair.split_once('=').unwrap();
                    levels.push((source.into(), key.into(), value.into()));
                }
                // A value with a comma and a blank in it.
                (None, Some(last)) => last.2 = format!("{}, {part}", last.2),
                (None, None) => {}
            }
        }
        let value = (value != "null").then(|| value.to_string());
        all.insert(
            key.into(),
            Truth {
                value,
                sensitive: sensitive == "true",
                levels,
            },
        );
    }
    assert!(all.len() > 10, "{said}");
    all
}

/// Kafka's word for a source of ours.
fn source(ours: &Value) -> &'static str {
    match ours.as_str().unwrap() {
        "topic" => "DYNAMIC_TOPIC_CONFIG",
        "dynamic_broker" => "DYNAMIC_BROKER_CONFIG",
        "dynamic_default_broker" => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        "static_broker" => "STATIC_BROKER_CONFIG",
        "default" => "DEFAULT_CONFIG",
        "group" => "DYNAMIC_GROUP_CONFIG",
        other => panic!("source {other}"),
    }
}

/// Compares all keys of one thing, in pages.
async fn compare(bed: &Bed, client: &Client, kind: &str, kinds: &str, name: &str) -> Vec<Value> {
    let truth = truth(bed, kinds, name);
    let asked = json!({"kind": kind, "name": name, "all": true, "limit": 30, "detail": "detailed"});
    let rows = pages(client, "kafka_config_describe", asked, "entries").await;
    let keys: Vec<&str> = rows.iter().map(|r| r["key"].as_str().unwrap()).collect();
    assert_eq!(keys, truth.keys().map(String::as_str).collect::<Vec<_>>());
    for row in &rows {
        let expected = &truth[row["key"].as_str().unwrap()];
        assert_eq!(row.get("sensitive").is_some(), expected.sensitive, "{row}");
        assert_eq!(
            row.get("value").and_then(Value::as_str),
            expected.value.as_deref(),
            "{row}"
        );
        if let Some((from, ..)) = expected.levels.first() {
            assert_eq!(source(&row["source"]), from, "{row}");
        } else {
            assert_eq!(row["source"], "default", "{row}");
        }
        let ours: Vec<(String, String, String)> = row["precedence"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|l| {
                let value = l.get("value").and_then(Value::as_str).unwrap_or("null");
                (
                    source(&l["source"]).into(),
                    l["key"].as_str().unwrap().into(),
                    value.into(),
                )
            })
            .collect();
        assert_eq!(ours, expected.levels, "{row}");
        let default = expected.levels.iter().find(|l| l.0 == "DEFAULT_CONFIG");
        if let Some((.., default)) = default.filter(|l| l.2 != "null") {
            assert_eq!(row["default"], *default, "{row}");
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_configuration_is_as_kafka_prints_it() {
    let bed = shared();
    let topic = bed.name("configured");
    bed.plant_topics(&[TopicPlan::new(&topic, 1)
        .config("retention.ms", "777000")
        .config("compression.type", "zstd")])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let rows = compare(&bed, &client, "topic", "topics", &topic).await;
    let documented = rows
        .iter()
        .filter(|r| r["documentation"].as_str().is_some_and(|d| d.len() > 20));
    assert_eq!(
        documented.count(),
        rows.len(),
        "every topic key has documentation"
    );
    let concise = client
        .call(
            "kafka_config_describe",
            json!({"kind": "topic", "name": topic}),
        )
        .await;
    let set: Vec<&str> = concise.data["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["key"].as_str().unwrap())
        .collect();
    let named = |keys: &[&str]| keys.iter().all(|k| set.contains(k));
    assert!(named(&["compression.type", "retention.ms"]), "{set:?}");
    assert_eq!(
        set.len() + usize::try_from(concise.data["at_default"].as_u64().unwrap()).unwrap(),
        rows.len()
    );
    let shown: Vec<&str> = super::line(&concise, "retention.ms");
    assert_eq!(shown[..2], ["retention.ms", "777000"]);
    assert!(shown.contains(&"topic"), "{shown:?}");
    let one =
        json!({"kind": "topic", "name": topic, "keys": "segment.bytes", "detail": "detailed"});
    let one = client.call("kafka_config_describe", one).await;
    assert_eq!(one.data["total"], 1);
    says(
        &one,
        &[
            "segment.bytes",
            "1073741824",
            "default",
            one.data["entries"][0]["documentation"].as_str().unwrap(),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_configuration_is_as_kafka_prints_it_and_secrets_stay_hidden() {
    let bed = shared();
    let client = client(&bed, Wire::StdioModern).await;
    let rows = compare(&bed, &client, "broker", "brokers", "2").await;
    let sensitive: Vec<&Value> = rows
        .iter()
        .filter(|r| r.get("sensitive").is_some())
        .collect();
    assert!(sensitive.len() >= 3, "{sensitive:?}");
    assert!(
        sensitive
            .iter()
            .all(|r| r.get("value").is_none() && r.get("default").is_none())
    );
    let asked = json!({"kind": "broker", "name": "2", "keys": "*password*"});
    let answer = client.call("kafka_config_describe", asked).await;
    says(&answer, &["ssl.key.password", "(sensitive)"]);
    let text = format!("{}{}", answer.text, json!(rows));
    assert!(
        !text.contains("-secret"),
        "passwords of the bed's users end in -secret"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn group_configuration_is_as_kafka_prints_it() {
    let bed = shared();
    let group = bed.name("tuned");
    let set = [
        "--alter",
        "--entity-type",
        "groups",
        "--entity-name",
        &group,
        "--add-config",
        "consumer.session.timeout.ms=50000",
    ];
    bed.kafka(CONFIGS, &set).unwrap();
    // Each broker hears of it in its own time, and Kafka's tool may ask one that has not.
    let ask = async |broker: i32| {
        let address = bed.address(broker, Listener::Plaintext);
        let args = ["--bootstrap", address.as_str()];
        let client = Client::start(Wire::StdioModern, &args).await;
        let asked = json!({"kind": "group", "name": group});
        let heard = |a: &Answer| a.data["total"] == 1;
        eventually(
            async || client.call("kafka_config_describe", asked.clone()).await,
            heard,
        )
        .await
    };
    for broker in NODES {
        ask(broker).await;
    }
    let client = client(&bed, Wire::StdioModern).await;
    compare(&bed, &client, "group", "groups", &group).await;
    let concise = client
        .call(
            "kafka_config_describe",
            json!({"kind": "group", "name": group}),
        )
        .await;
    assert_eq!(concise.data["total"], 1);
    says(
        &concise,
        &["consumer.session.timeout.ms", "50000", "45000", "group"],
    );
    for (name, code) in [("17", "unknown_broker"), ("two", "bad_argument")] {
        let answer = client
            .refused(
                "kafka_config_describe",
                json!({"kind": "broker", "name": name}),
            )
            .await;
        assert_eq!(answer.data["code"], code);
        assert!(answer.text.contains(name), "{}", answer.text);
    }
}
