//! The same comparison with the sandbox on one side: another version of everything, and some of it not offered.

use crate::support::mcp::{Client, Wire};
use crate::truth::says;
use kafkaweave_sandbox::{Options, Sandbox};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_offer_all_is_compared_in_what_it_offers() {
    let (one, other) = (
        Sandbox::start(Options::default()).await.unwrap(),
        Sandbox::start(Options::default()).await.unwrap(),
    );
    let (one, other) = (one.bootstrap(), other.bootstrap());
    let variables = [
        ("KAFKAWEAVE_CLUSTERS__ONE__BOOTSTRAP", one.as_str()),
        ("KAFKAWEAVE_CLUSTERS__OTHER__BOOTSTRAP", other.as_str()),
        ("KAFKAWEAVE_DEFAULT_CLUSTER", "one"),
    ];
    let client = Client::start_with(Wire::StdioModern, &["--toolsets", "all"], &variables).await;
    let answer = client
        .call("kafka_cluster_compare", json!({"other": "other"}))
        .await;
    // Both are seeded alike.
    assert_eq!(answer.data["differences"], json!([]), "{}", answer.text);
    assert_eq!(answer.data["topics"]["differ"], 0, "{}", answer.text);
    assert!(
        answer.data["topics"]["equal"].as_u64().unwrap() >= 5,
        "{}",
        answer.text
    );
    let gaps = answer.data["missing"].as_array().map_or(0, Vec::len);
    let expected = if gaps == 0 { "identical" } else { "unknown" };
    assert_eq!(answer.data["verdict"], expected, "{}", answer.text);
    says(&answer, &["one against other: "]);
    let pair = json!({"left": "orders", "right": "clicks"});
    let pair = client.call("kafka_topic_compare", pair).await;
    assert_ne!(pair.data["verdict"], "identical", "{}", pair.text);
    let twin = client
        .call(
            "kafka_topic_compare",
            json!({"left": "orders", "other": "other"}),
        )
        .await;
    assert_eq!(twin.data["differences"], json!([]), "{}", twin.text);
}
