//! The same contract on the sandbox: every tool, and the facts that are seeded there.

use super::{eventually, find, says, tokens};
use crate::support::mcp::{Client, WIRES, Wire, none};
use serde_json::{Value, json};

async fn sandbox(wire: Wire) -> Client {
    Client::start(wire, &["--sandbox"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_answers_on_the_sandbox_on_every_wire() {
    for wire in WIRES {
        let client = sandbox(wire).await;
        let mut called = 0;
        for (tool, arguments, parts) in [
            (
                "kafka_cluster_list",
                none(),
                vec!["sandbox", "not a real cluster"],
            ),
            (
                "kafka_cluster_describe",
                none(),
                vec!["in-memory sandbox", "3 brokers", "controller "],
            ),
            ("kafka_cluster_health", none(), vec!["audit-1", "remedy:"]),
            (
                "kafka_topic_list",
                none(),
                vec!["orders", "clicks", "payments", "customers", "audit"],
            ),
            (
                "kafka_topic_describe",
                json!({"topic": "orders"}),
                vec!["6 partitions", "retention.ms=86400000"],
            ),
            (
                "kafka_group_list",
                none(),
                vec!["billing", "reporting", "legacy-export"],
            ),
            (
                "kafka_group_describe",
                json!({"group": "billing"}),
                vec!["Stable, 2 members", "billing-1", "billing-2"],
            ),
            (
                "kafka_group_lag",
                none(),
                vec!["billing", "reporting", "legacy-export"],
            ),
            (
                "kafka_record_read",
                json!({"topic": "orders"}),
                vec!["10 records, newest first", "order_id"],
            ),
            (
                "kafka_record_search",
                json!({"topic": "payments", "where": ["key = P-poison"]}),
                vec!["1 match;", "1@42"],
            ),
            (
                "kafka_config_describe",
                json!({"kind": "topic", "name": "payments"}),
                vec!["min.insync.replicas"],
            ),
            ("kafka_server_tools", none(), vec!["12 tools on"]),
        ] {
            let answer = client.call(tool, arguments).await;
            says(&answer, &parts);
            let price = tokens(&answer.text);
            assert!(price <= 1_500, "{tool}: {price} tokens\n{}", answer.text);
            called += 1;
        }
        assert_eq!(called, client.tools().len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_of_security_and_brokers_answer_or_say_what_is_not_offered() {
    let client = Client::start(
        Wire::StdioModern,
        &["--sandbox", "--toolsets", "security,broker"],
    )
    .await;
    // Nobody has to log in there.
    let acls = client.call("kafka_acl_list", none()).await;
    assert_eq!(
        (&acls.data["authorizer"], &acls.data["total"]),
        (&json!(false), &json!(0))
    );
    says(
        &acls,
        &[
            "no authorizer (SECURITY_DISABLED)",
            "everybody who can connect may do all",
        ],
    );
    for tool in ["kafka_user_list", "kafka_quota_list"] {
        let refused = client.refused(tool, none()).await;
        assert_eq!(refused.data["code"], "not_offered", "{}", refused.text);
    }
    let quorum = client.call("kafka_quorum_describe", none()).await;
    assert_eq!(quorum.data["voters"], 3);
    says(&quorum, &["3 voters (3 following, majority 2): 1 may fail"]);
    let features = client.call("kafka_feature_list", none()).await;
    says(&features, &["metadata.version", "30 (4.3-IV0)", "on 1,2,3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poison_record_is_found_by_what_it_is_not() {
    let client = sandbox(Wire::StdioModern).await;
    // No JSON has this path, and only the poison record is no JSON.
    let asked = json!({"topic": "payments", "where": ["$.no_such_field exists"], "until": "100"});
    let answer = client.call("kafka_record_search", asked).await;
    assert_eq!(
        (&answer.data["records"], &answer.data["not_json"]),
        (&json!([]), &json!(1))
    );
    says(&answer, &["0 matches", "1 record"]);
    let not_json = json!({"topic": "payments", "where": ["value !~ ^\\{"], "limit": 50});
    let answer = client.call("kafka_record_search", not_json).await;
    let records = answer.data["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "{}", answer.text);
    assert_eq!(
        [&records[0]["partition"], &records[0]["offset"]],
        [&json!(1), &json!(42)]
    );
    assert_eq!(records[0]["value"]["encoding"], "base64");
    let counted = json!({"topic": "payments", "where": ["key = nobody or value !~ ^\\{"], "count_by": "partition"});
    let counted = client.call("kafka_record_search", counted).await;
    let counts = &counted.data["counts"];
    assert_eq!(
        (&counts["total"], &counts["groups"][0]["value"]["text"]),
        (&json!(1), &json!("1"))
    );
    says(&counted, &["1 match by partition (1 group)", "100.0%  1"]);
    let read = json!({"topic": "payments", "partitions": [1], "from": "42", "until": "43"});
    let read = client.call("kafka_record_read", read).await;
    assert_eq!(read.data["records"], answer.data["records"]);
    says(&read, &["1@42", "key=P-poison", "(not UTF-8, base64)"]);
}

fn group<'a>(data: &'a Value, name: &str) -> &'a Value {
    find(&data["groups"], "group", name)
}

#[tokio::test(flavor = "multi_thread")]
async fn billing_keeps_up_reporting_falls_behind_and_legacy_export_is_left() {
    let client = sandbox(Wire::StdioModern).await;
    let lag = async || client.call("kafka_group_lag", none()).await;
    let first = lag().await;
    let of = |data: &Value, name: &str| group(data, name)["lag"].as_i64().unwrap();
    assert!(of(&first.data, "reporting") > 100, "{}", first.text);
    let behind = group(&first.data, "reporting")["max_time_lag_ms"]
        .as_i64()
        .unwrap();
    assert!(
        (11 * 60_000..16 * 60_000).contains(&behind),
        "some twelve minutes: {behind}"
    );
    let legacy = group(&first.data, "legacy-export");
    assert_eq!(
        (&legacy["state"], &legacy["members"]),
        (&json!("Empty"), &json!(0))
    );
    assert!(legacy["lag"].as_i64().unwrap() > 1_000);
    let start = of(&first.data, "reporting");
    eventually(&lag, |a| of(&a.data, "reporting") > start).await;
    // A few payments may be on their way, and then billing has them.
    eventually(&lag, |a| of(&a.data, "billing") == 0).await;
    let described = client
        .call("kafka_group_describe", json!({"group": "billing"}))
        .await;
    assert_eq!(described.data["members"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_planted_faults_are_found() {
    let client = sandbox(Wire::StdioModern).await;
    let health = client.call("kafka_cluster_health", none()).await;
    assert_eq!(health.data["verdict"], "degraded", "{}", health.text);
    let findings = health.data["findings"].as_array().unwrap();
    let audit = json!([{"topic": "audit", "partition": 1}]);
    assert!(
        findings.iter().any(|f| f["partitions"] == audit),
        "{}",
        health.text
    );
    let described = client
        .call("kafka_topic_describe", json!({"topic": "audit"}))
        .await;
    let row = find(&described.data["partitions"], "partition", 1);
    assert_eq!(
        (
            row["replicas"].as_array().unwrap().len(),
            row["isr"].as_array().unwrap().len()
        ),
        (3, 2)
    );
    let unhealthy = client
        .call("kafka_topic_list", json!({"unhealthy": true}))
        .await;
    assert_eq!(unhealthy.data["total"], 1);
    assert_eq!(unhealthy.data["topics"][0]["topic"], "audit");
    // Deleted customers, and gaps where compaction was.
    let deleted = json!({"topic": "customers", "where": ["value is null"], "limit": 500});
    let answer = client.call("kafka_record_search", deleted).await;
    let records = answer.data["records"].as_array().unwrap();
    assert!(records.len() > 30 && records.iter().all(|r| r["tombstone"] == true));
    says(&answer, &["null (tombstone)", "all of the range was read"]);
    assert_eq!(answer.data["records_scanned"], 240);
    let covered = answer.data["covered"].as_array().unwrap();
    let span: i64 = covered
        .iter()
        .map(|c| c["to"].as_i64().unwrap() - c["from"].as_i64().unwrap())
        .sum();
    assert!(span > 240, "{covered:?}");
    // One partition of clicks takes most of the traffic.
    let clicks = client
        .call("kafka_topic_describe", json!({"topic": "clicks"}))
        .await;
    let rows = clicks.data["partitions"].as_array().unwrap();
    let end = |row: &Value| row["latest_offset"].as_i64().unwrap();
    assert!(end(&rows[0]) > rows[1..].iter().map(end).sum::<i64>());
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_on_transactions_and_storage_answer_or_say_what_is_not_offered() {
    let client = Client::start(Wire::StdioModern, &["--sandbox", "--toolsets", "all"]).await;
    for (tool, arguments, parts) in [
        (
            "kafka_transaction_list",
            json!({"hanging": true}),
            vec!["0 hanging, 0 open"],
        ),
        (
            "kafka_record_sample",
            json!({"topic": "payments"}),
            vec!["values: json 9", "binary <1 %", "the key is $."],
        ),
        (
            "kafka_producer_list",
            json!({"topic": "orders"}),
            vec!["producers unknown", "DescribeProducers is not offered by"],
        ),
        (
            "kafka_reassignment_list",
            json!({}),
            vec![
                "no reassignment is under way",
                "no replication throttle is set",
            ],
        ),
        (
            "kafka_broker_logdirs",
            json!({}),
            vec![
                "/sandbox/node-1/disk-b",
                "biggest topics: ",
                "skew between dirs of broker 1",
            ],
        ),
    ] {
        let answer = client.call(tool, arguments).await;
        says(&answer, &parts);
        assert!(tokens(&answer.text) <= 1_500, "{tool}\n{}", answer.text);
    }
    for (tool, arguments) in [
        ("kafka_transaction_list", json!({})),
        (
            "kafka_transaction_describe",
            json!({"transactional_id": "orders"}),
        ),
    ] {
        let refused = client.refused(tool, arguments).await;
        assert_eq!(refused.data["code"], "not_offered", "{}", refused.text);
    }
}
