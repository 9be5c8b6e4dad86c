//! The tools on transactions, producers, reassignments and log dirs on the sandbox.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn on_the_sandbox_each_tool_answers_or_says_what_is_not_offered() {
    let client = Client::start(Wire::StdioModern, &["--sandbox", "--toolsets", "all"]).await;
    for (tool, arguments, parts) in [
        (
            "kafka_transaction_list",
            json!({"hanging": true}),
            vec!["0 hanging, 0 open"],
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
