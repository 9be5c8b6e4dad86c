//! Nothing that could change a cluster leaves the process: the brokers count what they are asked.

use crate::support::mcp::{Client, Wire};
use kafkaweave_client::kafka::READ_APIS;
use kafkaweave_sandbox::{Options, Sandbox};
use serde_json::json;
use std::collections::BTreeSet;

/// API keys of Kafka's protocol that only read, as its message definitions have them. An authentication changes the
/// connection alone, and looking for a coordinator nothing once the offsets topic exists.
const READS: &[(i16, &str)] = &[
    (1, "Fetch"),
    (2, "ListOffsets"),
    (3, "Metadata"),
    (9, "OffsetFetch"),
    (10, "FindCoordinator"),
    (15, "DescribeGroups"),
    (16, "ListGroups"),
    (17, "SaslHandshake"),
    (18, "ApiVersions"),
    (29, "DescribeAcls"),
    (32, "DescribeConfigs"),
    (35, "DescribeLogDirs"),
    (36, "SaslAuthenticate"),
    (46, "ListPartitionReassignments"),
    (48, "DescribeClientQuotas"),
    (50, "DescribeUserScramCredentials"),
    (55, "DescribeQuorum"),
    (60, "DescribeCluster"),
    (61, "DescribeProducers"),
    (65, "DescribeTransactions"),
    (66, "ListTransactions"),
    (69, "ConsumerGroupDescribe"),
    (75, "DescribeTopicPartitions"),
    (77, "ShareGroupDescribe"),
    (89, "StreamsGroupDescribe"),
    (90, "DescribeShareGroupOffsets"),
];

/// What the calls below cannot do without: a test that saw no requests would prove nothing.
const NEEDED: &[i16] = &[1, 2, 3, 9, 15, 16, 18, 32, 35, 55, 60];

#[test]
fn the_client_is_allowed_nothing_but_reads() {
    let reads: BTreeSet<i16> = READS.iter().map(|(key, _)| *key).collect();
    let allowed: BTreeSet<i16> = READ_APIS.iter().copied().collect();
    assert_eq!(allowed, reads);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tools_together_send_nothing_but_reads() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let bootstrap = sandbox.bootstrap();
    let client = Client::start(
        Wire::StdioModern,
        &["--bootstrap", &bootstrap, "--toolsets", "all"],
    )
    .await;
    let calls = [
        ("kafka_server_tools", json!({})),
        ("kafka_cluster_list", json!({})),
        ("kafka_cluster_describe", json!({ "detail": "detailed" })),
        ("kafka_cluster_health", json!({})),
        (
            "kafka_topic_list",
            json!({ "detail": "detailed", "internal": true }),
        ),
        ("kafka_topic_describe", json!({ "topic": "audit" })),
        ("kafka_topic_layout", json!({})),
        (
            "kafka_config_describe",
            json!({ "kind": "topic", "name": "orders", "all": true, "detail": "detailed" }),
        ),
        (
            "kafka_config_describe",
            json!({ "kind": "broker", "name": "2" }),
        ),
        ("kafka_group_list", json!({ "detail": "detailed" })),
        ("kafka_group_describe", json!({ "group": "billing" })),
        ("kafka_group_lag", json!({ "detail": "detailed" })),
        ("kafka_group_watch", json!({ "seconds": 1 })),
        (
            "kafka_topic_compare",
            json!({ "left": "orders", "right": "payments" }),
        ),
        ("kafka_cluster_compare", json!({ "other": "elsewhere" })),
        ("kafka_transaction_list", json!({ "hanging": true })),
        (
            "kafka_transaction_describe",
            json!({ "transactional_id": "no-such-id" }),
        ),
        ("kafka_producer_list", json!({ "topic": "orders" })),
        ("kafka_acl_list", json!({})),
        ("kafka_user_list", json!({})),
        ("kafka_quota_list", json!({ "user": "alice" })),
        ("kafka_quorum_describe", json!({})),
        ("kafka_feature_list", json!({})),
        ("kafka_broker_logdirs", json!({})),
        ("kafka_reassignment_list", json!({})),
        ("kafka_record_read", json!({ "topic": "payments" })),
        (
            "kafka_record_read",
            json!({ "topic": "payments", "from": "-30m", "read_committed": true }),
        ),
        ("kafka_record_sample", json!({ "topic": "payments" })),
        (
            "kafka_record_search",
            json!({ "topic": "orders", "where": ["$.status = cancelled"], "order": "latest" }),
        ),
    ];
    let called: BTreeSet<&str> = calls.iter().map(|(tool, _)| *tool).collect();
    let listed: BTreeSet<&str> = client.tools().keys().map(String::as_str).collect();
    assert_eq!(called, listed, "every tool is called");
    for (tool, arguments) in calls {
        let answer = client.try_call(tool, arguments).await;
        // The sandbox does not offer everything, and there is one cluster and no transaction.
        let code = answer.data["code"].as_str().unwrap_or("answered");
        let fine = [
            "answered",
            "not_offered",
            "unknown_cluster",
            "unknown_transactional_id",
        ];
        assert!(fine.contains(&code), "{tool}: {}", answer.text);
    }
    // Names that do not exist must not come to exist by being asked for.
    let unknown = json!({ "topic": "no-such-topic" });
    client
        .refused("kafka_topic_describe", unknown.clone())
        .await;
    client.refused("kafka_record_read", unknown).await;
    client
        .refused("kafka_group_describe", json!({ "group": "no-such-group" }))
        .await;
    let requests = sandbox.requests();
    for (key, count) in &requests {
        assert!(
            READS.iter().any(|(read, _)| read == key),
            "API {key} is no read and was sent {count} times"
        );
    }
    for needed in NEEDED {
        assert!(
            requests
                .iter()
                .any(|(key, count)| key == needed && *count > 0),
            "API {needed} was not sent: {requests:?}"
        );
    }
    let topics = client.call("kafka_topic_list", json!({})).await;
    assert!(!topics.text.contains("no-such-topic"), "{}", topics.text);
}
