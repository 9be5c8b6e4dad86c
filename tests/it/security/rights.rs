//! A principal that may log in and see little: what is hidden is said to be hidden, never absent.

use super::{Flags, Grants, PASSWORDS};
use crate::support::bed::{Bed, Listener, RecordPlan, TopicPlan, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::json;
use std::time::{Duration, Instant};

async fn as_user(bed: &Bed, user: &str) -> Client {
    let variable = format!("{}_PASSWORD", user.to_uppercase());
    let flags = Flags::of(bed, Listener::SaslPlaintext).log_in("SCRAM-SHA-256", user, &variable);
    Client::start_with(Wire::StdioModern, &flags.args(), PASSWORDS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_without_rights_is_told_that_rights_may_be_missing() {
    let bed = shared();
    let topic = bed.plant_topic("rights-none", 1).unwrap();
    bed.produce(&topic, &[RecordPlan::value("hidden")]).unwrap();
    let client = as_user(&bed, "bob").await;

    let topics = client.call("kafka_topic_list", json!({})).await;
    assert_eq!(topics.data["total"], 0, "{}", topics.data);
    assert!(
        topics
            .text
            .contains("rights rather than topics may be missing"),
        "{}",
        topics.text
    );

    for (tool, arguments) in [
        ("kafka_topic_describe", json!({ "topic": topic })),
        ("kafka_topic_describe", json!({ "topic": "no-such-topic" })),
        ("kafka_record_read", json!({ "topic": topic })),
    ] {
        let refused = client.refused(tool, arguments).await;
        assert_eq!(
            refused.data["code"], "not_authorized",
            "{tool}: {}",
            refused.text
        );
        assert!(
            refused.text.contains("kafka-acls") && !refused.text.contains("hidden"),
            "{tool}: {}",
            refused.text
        );
    }

    let groups = client.call("kafka_group_list", json!({})).await;
    assert_eq!(groups.data["total"], 0, "{}", groups.data);
    assert!(
        groups
            .text
            .contains("rights rather than groups may be missing"),
        "{}",
        groups.text
    );
    let health = client.call("kafka_cluster_health", json!({})).await;
    assert_eq!(health.data["verdict"], "unknown", "{}", health.text);
    assert!(health.text.contains("topics"), "{}", health.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_a_principal_may_see_and_read_is_listed_and_read_and_no_other() {
    let bed = shared();
    let stem = bed.name("rights-some");
    let [seen, hidden] = ["seen", "hidden"].map(|end| format!("{stem}-{end}"));
    bed.plant_topics(&[TopicPlan::new(&seen, 1), TopicPlan::new(&hidden, 1)])
        .unwrap();
    bed.produce(&seen, &[RecordPlan::value("to be seen")])
        .unwrap();
    let _grants = Grants::to(&bed, "alice", &["Describe", "Read"], &[&["--topic", &seen]]);
    let client = as_user(&bed, "alice").await;

    let end = Instant::now() + Duration::from_secs(20);
    let listed = loop {
        let listed = client
            .call("kafka_topic_list", json!({ "pattern": stem }))
            .await;
        if listed.data["total"] != 0 || Instant::now() > end {
            break listed;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(listed.data["total"], 1, "{}", listed.data);
    assert_eq!(listed.data["topics"][0]["topic"], seen, "{}", listed.data);
    let read = client
        .call(
            "kafka_record_read",
            json!({ "topic": seen, "from": "earliest" }),
        )
        .await;
    assert!(read.text.contains("to be seen"), "{}", read.text);
    let refused = client
        .refused("kafka_record_read", json!({ "topic": hidden }))
        .await;
    assert_eq!(refused.data["code"], "not_authorized", "{}", refused.text);
}
