//! kafka_quorum_describe against MetadataQuorumCommand, kafka_feature_list against FeatureCommand.

use super::{eventually, find, line, rows, says, steady};
use crate::support::bed::{Bed, Listener, exclusive, shared};
use crate::support::mcp::{Answer, Client, Wire, none};
use serde_json::{Value, json};

const QUORUM: &str = "org.apache.kafka.tools.MetadataQuorumCommand";

async fn all_tools(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    Client::start(
        Wire::StdioModern,
        &["--bootstrap", &bootstrap, "--toolsets", "all"],
    )
    .await
}

/// A line of `describe --status`.
fn status(bed: &Bed, name: &str) -> String {
    let said = bed.kafka(QUORUM, &["describe", "--status"]).unwrap();
    let line = said
        .lines()
        .find_map(|l| l.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {said}"))
        .trim()
        .to_owned()
}

/// Rows of `describe --replication`: node, directory, status.
fn replication(bed: &Bed) -> Vec<(i64, String, String)> {
    let said = bed.kafka(QUORUM, &["describe", "--replication"]).unwrap();
    let mut found: Vec<_> = said
        .lines()
        .skip(1)
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let status = words.last().unwrap().to_lowercase();
            (words[0].parse().unwrap(), words[1].to_owned(), status)
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quorum_is_as_kafka_describes_it() {
    let bed = shared();
    let client = all_tools(&bed).await;
    let mark = || status(&bed, "HighWatermark").parse::<i64>().unwrap();
    let before = mark();
    let truth = || {
        (
            status(&bed, "LeaderId"),
            status(&bed, "LeaderEpoch"),
            status(&bed, "CurrentVoters"),
            replication(&bed),
        )
    };
    let ask = async || client.call("kafka_quorum_describe", none()).await;
    let ((leader, epoch, voters, replicas), answer) = steady(truth, ask).await;
    let after = mark();
    let data = &answer.data;
    let leader: i64 = leader.parse().unwrap();
    assert_eq!(data["leader"], leader);
    assert_eq!(data["epoch"], epoch.parse::<i64>().unwrap());
    let high = data["high_watermark"].as_i64().unwrap();
    assert!((before..=after).contains(&high), "{before} {high} {after}");
    let counts = ["voters", "majority", "headroom"].map(|key| data[key].as_i64());
    assert_eq!(counts, [Some(3), Some(2), Some(1)], "{}", answer.text);
    assert!(data.get("silent").is_none(), "{}", answer.text);
    let voters: Vec<Value> = serde_json::from_str(&voters).unwrap();
    assert_eq!(data["nodes"].as_array().unwrap().len(), replicas.len());
    let end = find(&data["nodes"], "id", leader)["log_end_offset"]
        .as_i64()
        .unwrap();
    for (node, directory, status) in &replicas {
        let row = find(&data["nodes"], "id", *node);
        assert_eq!(row["directory_id"], directory.as_str());
        let role = match status.as_str() {
            "follower" => "voter",
            other => other,
        };
        assert_eq!(row["role"], role);
        let held = row["log_end_offset"].as_i64().unwrap();
        assert_eq!(row["lag"], end - held, "{row}");
        // Followers fetch at least every half second or so; the leader is here and now.
        let ages = ["last_fetch_age_ms", "caught_up_age_ms"].map(|k| row[k].as_i64().unwrap());
        let bound = if role == "leader" { 0 } else { 10_000 };
        assert!(ages.iter().all(|age| (0..=bound).contains(age)), "{row}");
        let voter = voters.iter().find(|v| v["id"] == *node).unwrap();
        assert_eq!(row["endpoints"], voter["endpoints"]);
        assert_eq!(line(&answer, &node.to_string())[1], role);
    }
    says(
        &answer,
        &[
            &format!("leader {leader}, epoch {epoch}, high watermark {high}"),
            "3 voters (3 following, majority 2): 1 may fail",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_voter_is_silent_and_takes_the_headroom_with_it() {
    let bed = exclusive();
    let frozen = bed.quorum_follower().unwrap();
    // Any address will do, only not that of the frozen one.
    let bootstrap = bed.bootstrap_without(Listener::Plaintext, &[frozen]);
    let client = Client::start(
        Wire::StdioModern,
        &["--bootstrap", &bootstrap, "--toolsets", "broker"],
    )
    .await;
    bed.freeze(frozen);
    let ask = async || client.call("kafka_quorum_describe", none()).await;
    let answer = eventually(&ask, |a| a.data["silent"] == json!([frozen])).await;
    assert_eq!(answer.data["headroom"], 0, "{}", answer.text);
    let row = find(&answer.data["nodes"], "id", frozen);
    assert!(row["last_fetch_age_ms"].as_i64().unwrap() > 10_000, "{row}");
    says(&answer, &["(2 following, majority 2): none may fail"]);
    // Fenced meanwhile: what its software supports is not known, and the others are listed.
    let features = async || client.call("kafka_feature_list", none()).await;
    let gap = |data: &Value| data["missing"][0]["broker"].as_i64();
    let features = eventually(features, |a| gap(&a.data) == Some(i64::from(frozen))).await;
    says(
        &features,
        &[
            &format!("missing: features of broker {frozen}"),
            "metadata.version",
        ],
    );
    assert_eq!(
        features.data["versions"][0]["brokers"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bed.thaw(frozen);
    let healed = eventually(&ask, |a| a.data["headroom"] == 1).await;
    assert!(healed.data.get("silent").is_none(), "{}", healed.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn features_and_their_names_are_as_kafka_describes_them() {
    let bed = shared();
    let client = all_tools(&bed).await;
    let class = "org.apache.kafka.tools.FeatureCommand";
    let truth = || {
        let said = bed.kafka(class, &["describe"]).unwrap();
        let listed = rows(&said, "Feature:");
        let parts = |words: Vec<&str>| [1, 3, 5, 7].map(|at: usize| words[at].to_owned());
        listed.into_iter().map(parts).collect::<Vec<_>>()
    };
    let ask = async || client.call("kafka_feature_list", none()).await;
    // Brokers learn of a level that was just changed one after the other.
    let told = |answer: &Answer, truth: &[[String; 4]]| {
        truth.iter().all(|[feature, _, _, level]| {
            let row = find(&answer.data["features"], "feature", feature.as_str());
            let name = row["names"]["finalized"].as_str().map(str::to_owned);
            name.unwrap_or_else(|| row["finalized"].to_string()) == *level
        })
    };
    let until = std::time::Instant::now() + super::LIMIT;
    let (truth, answer) = loop {
        let (truth, answer) = steady(&truth, &ask).await;
        if told(&answer, &truth) || std::time::Instant::now() > until {
            break (truth, answer);
        }
    };
    assert_eq!(
        answer.data["features"].as_array().unwrap().len(),
        truth.len()
    );
    for [feature, min, max, finalized] in &truth {
        let row = find(&answer.data["features"], "feature", feature.as_str());
        let shown = |key: &str| match row["names"][key].as_str() {
            Some(name) => name.to_owned(),
            None => row[key].to_string(),
        };
        assert_eq!(
            [&shown("min"), &shown("max"), &shown("finalized")],
            [min, max, finalized]
        );
        assert_eq!(row["raise_to"].is_null(), max == finalized, "{row}");
        says(&answer, &[feature, max]);
    }
    assert!(answer.data["epoch"].as_i64().unwrap() > 0);
    assert_eq!(
        answer.data["versions"],
        json!([{"kafka_version": "4.3", "brokers": [1, 2, 3]}])
    );
    says(&answer, &["Kafka 4.3 on 1,2,3"]);
    assert!(!answer.text.contains("mixed versions"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_could_be_raised_is_told() {
    let bed = shared();
    let client = all_tools(&bed).await;
    let class = "org.apache.kafka.tools.FeatureCommand";
    // Nothing in this cluster depends on it, and it can be lowered without loss.
    let set = |level: &str| {
        let feature = format!("eligible.leader.replicas.version={level}");
        let way = if level == "0" { "downgrade" } else { "upgrade" };
        bed.kafka(class, &[way, "--feature", &feature]).unwrap();
    };
    set("0");
    let ask = async || client.call("kafka_feature_list", none()).await;
    let of = |data: &Value| {
        find(
            &data["features"],
            "feature",
            "eligible.leader.replicas.version",
        )
        .clone()
    };
    let lowered = eventually(&ask, |a| of(&a.data)["raise_to"] == 1).await;
    assert_eq!(of(&lowered.data)["finalized"], 0, "{}", lowered.text);
    says(&lowered, &["raise to", "hard to take back"]);
    set("1");
    let raised = eventually(&ask, |a| of(&a.data)["raise_to"].is_null()).await;
    assert_eq!(of(&raised.data)["finalized"], 1, "{}", raised.text);
}
