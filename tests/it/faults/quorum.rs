//! Two of three nodes dead: no majority, no controller, and still an honest answer.

use super::{client, eventually, finding, missing, prompt, whole_again};
use crate::support::bed::{CommitPlan, NODES, RecordPlan, exclusive};
use crate::support::mcp::Answer;
use serde_json::json;

/// Says that something is wrong or unknown: an error that may pass, or gaps.
fn is_honest(answer: &Answer) -> bool {
    if answer.is_error {
        return answer.data["retryable"] == true;
    }
    !missing(answer).is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_the_answer_says_so_and_the_same_process_recovers() {
    let bed = exclusive();
    let topic = bed.plant_topic("majority", 1).unwrap();
    let group = bed.name("majority");
    bed.produce(&topic, &[RecordPlan::value("v")]).unwrap();
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 0)])
        .unwrap();
    let client = client(&bed).await;
    whole_again(&client).await;
    let lag = json!({ "group": group });
    client.call("kafka_group_lag", lag.clone()).await;

    let dead = [NODES[0], NODES[1]];
    for node in dead {
        bed.kill(node);
    }
    // At once, and again when the survivor has noticed what it lost.
    for _ in 0..2 {
        let health = prompt(&client, "kafka_cluster_health", json!({})).await;
        if health.is_error {
            assert!(is_honest(&health), "{}", health.text);
        } else {
            let verdict = health.data["verdict"].as_str().unwrap();
            assert!(
                ["critical", "unknown"].contains(&verdict),
                "{}",
                health.text
            );
            let said =
                finding(&health, "quorum_no_leader").is_some() || health.text.contains("quorum");
            assert!(said, "nothing of the quorum: {}", health.text);
        }
        let behind = prompt(&client, "kafka_group_lag", lag.clone()).await;
        let known = !behind.is_error && behind.data["groups"][0]["lag"] == 1;
        assert!(known || is_honest(&behind), "{}", behind.text);
        let cluster = eventually(&client, "kafka_cluster_describe", json!({}), |a| {
            a.data["controller"].is_null()
        })
        .await;
        assert!(is_honest(&cluster), "{}", cluster.text);
    }

    bed.restore();
    whole_again(&client).await;
    let health = client.call("kafka_cluster_health", json!({})).await;
    assert_ne!(health.data["verdict"], "unknown", "{}", health.text);
    let behind = eventually(&client, "kafka_group_lag", lag, |a| {
        !a.is_error && missing(a).is_empty()
    })
    .await;
    assert_eq!(behind.data["groups"][0]["lag"], 1, "{}", behind.text);
}
