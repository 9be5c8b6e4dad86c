//! Open transactions while the broker that coordinates some of them is frozen: what cannot be known is unknown, and an
//! open one is never called hanging, neither during the fault nor while its coordinator moves.

use super::{CALL, names_broker};
use crate::support::bed::{Bed, Listener, NODES, RecordPlan, TopicPlan, exclusive};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const IDS: usize = 9;

/// How long it is looked at: the fault, the fence some three seconds later, and coordinators that load.
const WATCHED: Duration = Duration::from_secs(8);

fn transaction(bed: &Bed, topic: &str, id: &str, end: &str) {
    let settings = [
        ("transactional.id", id),
        ("transaction.timeout.ms", "600000"),
        ("plant.end", end),
    ];
    bed.produce_with(topic, &settings, &[RecordPlan::value("v")])
        .unwrap();
}

fn of_topic<'a>(answer: &'a Answer, topic: &str) -> Vec<&'a Value> {
    let open = answer.data["open"].as_array().expect("open transactions");
    open.iter().filter(|row| row["topic"] == topic).collect()
}

/// Brokers that coordinate the ids of this stem.
async fn coordinators(client: &Client, stem: &str) -> BTreeSet<i64> {
    let answer = client
        .call("kafka_transaction_list", json!({"pattern": stem}))
        .await;
    // Coordinators that moved a moment ago still load.
    if answer.data["total"] != IDS {
        return BTreeSet::new();
    }
    let rows = answer.data["transactions"].as_array().unwrap();
    rows.iter()
        .map(|r| r["coordinator"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_never_called_hanging_while_its_coordinator_is_away() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    let others: Vec<_> = NODES.into_iter().filter(|n| *n != node).collect();
    let (topic, stem) = (bed.name("held"), bed.name("frozen"));
    bed.plant_topics(&[TopicPlan::assigned(&topic, &[&others])])
        .unwrap();
    let ids: Vec<_> = (0..IDS).map(|n| format!("{stem}-{n}")).collect();
    for id in &ids {
        transaction(&bed, &topic, id, "open");
    }
    let preferred = ["--election-type", "preferred", "--all-topic-partitions"];
    bed.kafka("org.apache.kafka.tools.LeaderElectionCommand", &preferred)
        .unwrap();
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = [
        "--bootstrap",
        &bootstrap,
        "--request-timeout-ms",
        "2000",
        "--toolsets",
        "all",
    ];
    let client = Client::start(Wire::StdioModern, &args).await;
    let until = Instant::now() + CALL;
    while !coordinators(&client, &stem)
        .await
        .contains(&i64::from(node))
    {
        assert!(
            Instant::now() < until,
            "no id came to be coordinated by node {node}"
        );
    }

    bed.freeze(node);
    let until = Instant::now() + WATCHED;
    let mut unknown = false;
    while Instant::now() < until {
        let hanging = json!({"hanging": true, "limit": 1000});
        let listed = json!({"pattern": stem});
        let (open, listed, dirs) = tokio::join!(
            client.try_call("kafka_transaction_list", hanging),
            client.try_call("kafka_transaction_list", listed),
            client.try_call("kafka_broker_logdirs", json!({})),
        );
        for answer in [&open, &listed, &dirs] {
            assert!(!answer.is_error, "{}", answer.text);
        }
        let rows = of_topic(&open, &topic);
        for row in &rows {
            assert_ne!(row["standing"], "hanging", "{row:#}");
            unknown |= row["standing"] == "unknown";
        }
        assert!(
            rows.len() == IDS || open.data.get("missing").is_some(),
            "{}",
            open.text
        );
        // A list that lacks some says whose.
        assert!(
            listed.data["total"] == IDS || names_broker(&listed, node),
            "{}",
            listed.text
        );
        assert!(names_broker(&dirs, node), "{}", dirs.text);
    }
    assert!(unknown, "the fault was seen");
    bed.thaw(node);
    bed.restore();
    for id in &ids {
        transaction(&bed, &topic, id, "commit");
    }
}
