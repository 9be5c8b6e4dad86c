//! kafka_reassignment_list against ReassignPartitionsCommand: a throttled reassignment under way, its progress,
//! and throttles that were left behind.

use super::{CONFIGS, client_of_all, eventually, find, log_dirs, offsets, says};
use crate::support::bed::{Bed, Listener, TopicPlan, shared};
use crate::support::mcp::Answer;
use serde_json::{Value, json};

const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
const RECORDS: i64 = 60_000;
const THROTTLE: &str = "1000000";

/// Writes the plan that ReassignPartitionsCommand takes.
fn plan(topic: &str, replicas: Value) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("{topic}.json"));
    let plan = json!({"version": 1, "partitions": [
        {"topic": topic, "partition": 0, "replicas": replicas},
    ]});
    std::fs::write(&path, plan.to_string()).unwrap();
    path
}

/// Bytes of partition 0 on a broker, by LogDirsCommand.
fn size(bed: &Bed, topic: &str, broker: i64) -> i64 {
    let said = log_dirs(bed, &["--topic-list", topic]);
    let dirs = find(&said["brokers"], "broker", broker)["logDirs"]
        .as_array()
        .unwrap();
    let partitions = dirs
        .iter()
        .flat_map(|d| d["partitions"].as_array().unwrap());
    partitions.map(|p| p["size"].as_i64().unwrap()).sum()
}

fn throttles<'a>(answer: &'a Answer, on: &str) -> Vec<&'a Value> {
    let all = answer.data["throttles"].as_array().unwrap();
    all.iter().filter(|t| t["on"] == on).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reassignment_under_way_is_listed_with_its_progress_and_its_throttles() {
    let bed = shared();
    let topic = bed.name("moving");
    bed.plant_topics(&[TopicPlan::assigned(&topic, &[&[1, 2]])])
        .unwrap();
    // Below some 50 MB nothing is to be seen: a throttle lets the first bytes through at once.
    let boot = bed.bootstrap(Listener::Plaintext);
    let (records, boot) = (RECORDS.to_string(), format!("bootstrap.servers={boot}"));
    let perf = [
        "org.apache.kafka.tools.ProducerPerformance",
        "--topic",
        &topic,
    ];
    let load = [
        "--num-records",
        &records,
        "--record-size",
        "1024",
        "--throughput",
        "-1",
    ];
    let to = ["--producer-props", &boot, "acks=all"];
    bed.tool(&[&perf[..], &load, &to].concat(), "").unwrap();
    let file = plan(&topic, json!([1, 3]));
    let file = file.to_str().unwrap();
    let execute = [
        "--reassignment-json-file",
        file,
        "--execute",
        "--throttle",
        THROTTLE,
    ];
    bed.kafka(REASSIGN, &execute).unwrap();

    let client = client_of_all(&bed).await;
    let asked = json!({"topic": topic});
    let ask = async || client.call("kafka_reassignment_list", asked.clone()).await;
    let before = size(&bed, &topic, 3);
    let answer = ask().await;
    let after = size(&bed, &topic, 3);
    let listed = bed.kafka(REASSIGN, &["--list"]).unwrap();
    let line = listed
        .lines()
        .find(|l| l.starts_with(&topic))
        .expect("it is under way");
    let row = &answer.data["reassignments"][0];
    let joined = |key: &str| super::ids(&key.replace(' ', ""));
    let part = |name: &str| {
        let rest = line.split(&format!("{name}: ")).nth(1).unwrap();
        joined(rest.split('.').next().unwrap())
    };
    for name in ["replicas", "adding", "removing"] {
        assert_eq!(row[name], part(name), "{line}");
    }
    assert_eq!(answer.data["total"], 1);
    assert_eq!((&row["leader"], &row["adding"]), (&json!(1), &json!([3])));
    assert_eq!(row["target_bytes"], size(&bed, &topic, 1));
    let copy = &row["copies"][0];
    let copied = copy["copied_bytes"].as_i64().unwrap();
    assert!(
        (before..=after).contains(&copied),
        "{before} {copied} {after}"
    );
    assert_eq!(offsets(&bed, &topic, "-1")[&0], RECORDS);
    let lag = copy["offset_lag"].as_i64().unwrap();
    // Some 1,100 bytes a record, as they lie on disk.
    let expected = RECORDS - copied * RECORDS / row["target_bytes"].as_i64().unwrap();
    assert!((lag - expected).abs() < 5_000, "{lag} {expected}");
    let percent = row["copied_percent"].as_i64().unwrap();
    assert!((0..100).contains(&percent), "{row}");
    assert!(answer.data["time_left_ms"].as_i64().unwrap() > 10_000);
    says(
        &answer,
        &[
            "1 partition being reassigned",
            "records behind",
            "at the throttle",
        ],
    );
    let less = |a: &Answer| {
        let lag_now = a.data["reassignments"][0]["copies"][0]["offset_lag"].as_i64();
        lag_now.is_some_and(|now| now < lag)
    };
    eventually(&ask, less).await;

    // The throttles are those that Kafka's tool has set.
    for broker in ["broker 1", "broker 3"] {
        let rates = throttles(&answer, broker);
        assert_eq!(rates.len(), 2, "{rates:?}");
        assert!(
            rates
                .iter()
                .all(|t| t["value"] == THROTTLE && t["forgotten"] == false)
        );
    }
    let described = [
        "--entity-type",
        "topics",
        "--entity-name",
        &topic,
        "--describe",
    ];
    let said = bed.kafka(CONFIGS, &described).unwrap();
    let of_topic = throttles(&answer, &format!("topic {topic}"));
    assert_eq!(of_topic.len(), 2);
    for throttle in of_topic {
        let (key, value) = (
            throttle["key"].as_str().unwrap(),
            throttle["value"].as_str().unwrap(),
        );
        assert!(said.contains(&format!("{key}={value} ")), "{said}");
        assert_eq!(throttle["forgotten"], false);
    }

    // Cancelled, and the throttles left behind: they are told, and as forgotten.
    let cancel = ["--reassignment-json-file", file, "--cancel"];
    let preserve = ["--preserve-throttles"];
    bed.kafka(REASSIGN, &[&cancel[..], &preserve].concat())
        .unwrap();
    let answer = eventually(&ask, |a| a.data["total"] == 0).await;
    let of_topic = throttles(&answer, &format!("topic {topic}"));
    assert!(of_topic.len() == 2 && of_topic.iter().all(|t| t["forgotten"] == true));
    says(
        &answer,
        &[
            "no reassignment is under way",
            "forgotten, nothing that it is for",
        ],
    );
    bed.kafka(REASSIGN, &cancel).unwrap();
    let gone = |a: &Answer| a.data["throttles"].as_array().unwrap().is_empty();
    says(
        &eventually(&ask, gone).await,
        &["no replication throttle is set"],
    );
    let unknown = json!({"topic": bed.name("nosuch")});
    let refused = client.refused("kafka_reassignment_list", unknown).await;
    assert_eq!(refused.data["code"], "unknown_topic");
    bed.drop_topics(&[topic]).unwrap();
    std::fs::remove_file(file).unwrap();
}
