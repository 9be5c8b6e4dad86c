//! Comparing while a broker is away: what is not seen is never equal and never absent.
//!
//! Both names lead to the same cluster, so that whatever is said to differ would be false.

use super::{eventually, missing, names_broker, prompt, whole_again};
use crate::support::bed::{Bed, CommitPlan, Listener, NODES, TopicPlan, exclusive};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};

/// A client of a server that knows the cluster twice, and gives a broker two seconds for an answer.
async fn client(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let mut variables = vec![("KAFKAWEAVE_DEFAULT_CLUSTER", "left")];
    for name in ["LEFT", "ALIAS"] {
        variables.push((leak(name, "BOOTSTRAP"), &bootstrap));
        variables.push((leak(name, "REQUEST_TIMEOUT_MS"), "2000"));
    }
    Client::start_with(Wire::StdioModern, &["--toolsets", "all"], &variables).await
}

/// A variable's name, for the whole run.
fn leak(cluster: &str, key: &str) -> &'static str {
    format!("KAFKAWEAVE_CLUSTERS__{cluster}__{key}").leak()
}

/// Nothing that is said of topics and groups is false: they are the same ones.
fn nothing_false(answer: &Answer) {
    for tally in ["topics", "groups", "broker_keys"] {
        for wrong in ["differ", "only_left", "only_right"] {
            assert_eq!(
                answer.data[tally][wrong], 0,
                "{tally} {wrong}: {}",
                answer.text
            );
        }
    }
    let verdict = answer.data["verdict"].as_str().unwrap();
    assert!(
        ["unknown", "identical"].contains(&verdict),
        "{}",
        answer.text
    );
    let gaps = missing(answer);
    assert_eq!(verdict == "identical", gaps.is_empty(), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_leaves_a_comparison_unknown_and_makes_nothing_differ() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    let other = NODES.into_iter().find(|n| *n != node).unwrap();
    let (stem, plan) = (bed.name("drift"), |name: &str| {
        TopicPlan::assigned(name, &[&[node], &[other]])
    });
    let (a, b) = (format!("{stem}-a"), format!("{stem}-b"));
    bed.plant_topics(&[plan(&a), plan(&b)]).unwrap();
    let commits: Vec<_> = (0..12)
        .map(|n| CommitPlan::new(&format!("{stem}-{n}")).at(&a, 0, 0))
        .collect();
    bed.commit(&commits).unwrap();
    let client = client(&bed).await;
    let clusters = json!({"other": "alias", "pattern": format!("{stem}*")});
    let topics = json!({"left": a, "right": b, "offsets": true});
    let identical = |a: &Answer| a.data["verdict"] == "identical";
    whole_again(&client).await;
    let before = eventually(
        &client,
        "kafka_cluster_compare",
        clusters.clone(),
        identical,
    )
    .await;
    assert_eq!(
        [
            &before.data["topics"]["equal"],
            &before.data["groups"]["equal"]
        ],
        [2, 12]
    );
    eventually(&client, "kafka_topic_compare", topics.clone(), identical).await;

    bed.freeze(node);
    let (whole, pair) = tokio::join!(
        prompt(&client, "kafka_cluster_compare", clusters.clone()),
        prompt(&client, "kafka_topic_compare", topics.clone()),
    );
    assert!(
        !whole.is_error && !pair.is_error,
        "{}\n{}",
        whole.text,
        pair.text
    );
    nothing_false(&whole);
    assert_eq!(whole.data["verdict"], "unknown", "{}", whole.text);
    assert!(names_broker(&whole, node), "{}", whole.text);
    for name in ["left", "alias"] {
        let of = |gap: &Value| {
            gap["what"]
                .as_str()
                .is_some_and(|w| w.starts_with(&format!("{name}: ")))
        };
        assert!(
            missing(&whole).iter().any(of),
            "no gap of {name}: {}",
            whole.text
        );
    }
    // The frozen broker alone has a partition of each: how much they hold is not known, and so not equal.
    assert_eq!(pair.data["verdict"], "unknown", "{}", pair.text);
    assert_eq!(pair.data["differences"], json!([]), "{}", pair.text);
    assert!(
        !missing(&pair).is_empty() && !pair.text.contains("offsets held"),
        "{}",
        pair.text
    );

    bed.await_fenced(node);
    // Fenced: its groups and partitions have moved, its own settings are still unknown.
    let fenced = eventually(&client, "kafka_cluster_compare", clusters.clone(), |a| {
        !a.is_error && a.data["groups"]["equal"] == 12
    })
    .await;
    nothing_false(&fenced);
    assert_eq!(fenced.data["topics"]["equal"], 2, "{}", fenced.text);
    assert!(names_broker(&fenced, node), "{}", fenced.text);

    bed.thaw(node);
    whole_again(&client).await;
    eventually(&client, "kafka_cluster_compare", clusters, identical).await;
    eventually(&client, "kafka_topic_compare", topics, identical).await;
}
