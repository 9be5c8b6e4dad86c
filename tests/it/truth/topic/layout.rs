//! kafka_topic_layout against what Kafka's own tool says of the same topics, and what its pages cost.

use super::super::{TOPICS, client_of_all, fields, find, pages, says};
use crate::support::bed::{TopicPlan, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Replicas by topic and partition, and settings by topic, as TopicCommand tells them.
fn truth(said: &str) -> (BTreeMap<(String, usize), String>, BTreeMap<String, String>) {
    let (mut replicas, mut settings) = (BTreeMap::new(), BTreeMap::new());
    for line in said.lines().map(fields) {
        let Some(topic) = line.get("Topic") else {
            continue;
        };
        match line.get("Partition") {
            Some(partition) => {
                let key = (topic.clone(), partition.parse().unwrap());
                replicas.insert(key, line["Replicas"].clone());
            }
            None => {
                let set = line.get("Configs").cloned().unwrap_or_default();
                settings.insert(topic.clone(), set);
            }
        }
    }
    (replicas, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_topics_are_laid_out_page_by_page_as_kafkas_own_tool_describes_them() {
    let bed = shared();
    let stem = bed.name("laid-out");
    let name = |n: usize| format!("{stem}-{n}");
    let plans = [
        TopicPlan::assigned(&name(0), &[&[1, 2], &[3, 1], &[2, 3]]),
        TopicPlan::new(&name(1), 2).config("retention.ms", "86400001"),
        TopicPlan::new(&name(2), 1)
            .config("cleanup.policy", "compact,delete")
            .config("segment.ms", "3600001"),
    ];
    bed.plant_topics(&plans).unwrap();
    let client = client_of_all(&bed).await;
    let asked = json!({"pattern": format!("{stem}*"), "limit": 2});
    let rows = pages(&client, "kafka_topic_layout", asked, "topics").await;
    let mut said = String::new();
    for n in 0..3 {
        said += &bed
            .kafka(TOPICS, &["--describe", "--topic", &name(n)])
            .unwrap();
    }
    let (replicas, settings) = truth(&said);
    let mut ours = BTreeMap::new();
    for row in &rows {
        let topic = row["topic"].as_str().unwrap();
        for (partition, of) in row["replicas"].as_array().unwrap().iter().enumerate() {
            let ids: Vec<String> = of
                .as_array()
                .unwrap()
                .iter()
                .map(Value::to_string)
                .collect();
            ours.insert((topic.to_owned(), partition), ids.join(","));
        }
        for (key, value) in row["overrides"].as_object().unwrap() {
            let pair = format!("{key}={}", value.as_str().unwrap());
            assert!(settings[topic].contains(&pair), "{pair} in {settings:?}");
        }
    }
    assert_eq!(ours, replicas);
    let overrides = |n: usize| find(&json!(rows), "topic", name(n))["overrides"].clone();
    assert_eq!(overrides(0), json!({}));
    assert_eq!(overrides(1), json!({"retention.ms": "86400001"}));
    let both = json!({"cleanup.policy": "compact,delete", "segment.ms": "3600001"});
    assert_eq!(overrides(2), both);
    let asked = json!({"pattern": name(0)});
    let answer = client.call("kafka_topic_layout", asked).await;
    says(&answer, &["1 topic", "1,2 3,1 2,3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_lays_out_its_topics_with_what_is_not_as_planned() {
    let client = Client::start(Wire::StdioModern, &["--sandbox", "--toolsets", "all"]).await;
    let answer = client.call("kafka_topic_layout", json!({})).await;
    let topics = &answer.data["topics"];
    assert_eq!(
        find(topics, "topic", "orders")["overrides"]["retention.ms"],
        "86400000"
    );
    // Planned with a replica on a broker that lags behind.
    let audit = &find(topics, "topic", "audit")["deviations"];
    assert_eq!(audit.as_array().map(Vec::len), Some(1), "{}", answer.text);
    says(&answer, &["1: leader"]);
}
