//! kafka_broker_logdirs against LogDirsCommand: dirs, replicas, a move between two dirs, a failed dir.

use super::{CONFIGS, client_of_all, eventually, find, log_dirs, says, steady};
use crate::support::bed::{Bed, RecordPlan, TopicPlan, exclusive, shared};
use crate::support::mcp::Answer;
use serde_json::{Value, json};

/// Broker, path, replicas and bytes of each dir, by LogDirsCommand.
fn dirs(bed: &Bed, args: &[&str]) -> Vec<(i64, String, usize, i64)> {
    let said = log_dirs(bed, args);
    let mut dirs = Vec::new();
    for broker in said["brokers"].as_array().unwrap() {
        for dir in broker["logDirs"].as_array().unwrap() {
            let partitions = dir["partitions"].as_array().unwrap();
            let size = partitions.iter().map(|p| p["size"].as_i64().unwrap()).sum();
            let path = dir["logDir"].as_str().unwrap().to_string();
            dirs.push((
                broker["broker"].as_i64().unwrap(),
                path,
                partitions.len(),
                size,
            ));
        }
    }
    dirs.sort();
    dirs
}

#[tokio::test(flavor = "multi_thread")]
async fn log_dirs_and_replicas_are_as_kafka_describes_them() {
    let bed = shared();
    let topic = bed.plant_topic("on-disk", 4).unwrap();
    bed.produce(&topic, &vec![RecordPlan::value("0123456789"); 40])
        .unwrap();
    let client = client_of_all(&bed).await;
    let ask = async || client.call("kafka_broker_logdirs", json!({})).await;
    let (truth, answer) = steady(|| dirs(&bed, &[]), ask).await;
    let rows = answer.data["dirs"].as_array().unwrap();
    let ours: Vec<_> = rows
        .iter()
        .map(|d| {
            let (broker, size) = (
                d["broker"].as_i64().unwrap(),
                d["size_bytes"].as_i64().unwrap(),
            );
            // LogDirsCommand lists those on the move among the others.
            let moving = d["future_replicas"].as_u64().unwrap_or_default();
            let replicas = usize::try_from(d["replicas"].as_u64().unwrap() + moving).unwrap();
            (
                broker,
                d["path"].as_str().unwrap().to_string(),
                replicas,
                size,
            )
        })
        .collect();
    assert_eq!(ours, truth);
    assert_eq!(
        (&answer.data["dirs_total"], &answer.data["failed_dirs"]),
        (&json!(4), &json!(0))
    );
    let all: i64 = truth.iter().map(|d| d.3).sum();
    assert_eq!(answer.data["size_bytes"], all);
    // Node 1 has two dirs, and skew is told between them.
    let of_1: Vec<i64> = truth.iter().filter(|d| d.0 == 1).map(|d| d.3).collect();
    let skew = find(&answer.data["skew"], "broker", 1);
    assert_eq!(skew["least_bytes"], *of_1.iter().min().unwrap());
    assert_eq!(skew["most_bytes"], *of_1.iter().max().unwrap());
    says(
        &answer,
        &[
            "4 log dirs, 0 failed",
            "biggest topics: ",
            "skew between brokers",
        ],
    );

    // One topic, one broker, replica by replica.
    let asked = json!({"topic": topic, "broker": 1, "detail": "detailed"});
    let ask = async || client.call("kafka_broker_logdirs", asked.clone()).await;
    let truth = || {
        let said = log_dirs(&bed, &["--topic-list", &topic, "--broker-list", "1"]);
        let mut rows = Vec::new();
        for dir in find(&said["brokers"], "broker", 1)["logDirs"]
            .as_array()
            .unwrap()
        {
            for p in dir["partitions"].as_array().unwrap() {
                rows.push([&p["partition"], &p["size"], &dir["logDir"]].map(ToString::to_string));
            }
        }
        rows.sort();
        rows
    };
    let (truth, answer) = steady(truth, ask).await;
    let rows = answer.data["replicas"].as_array().unwrap();
    let mut ours: Vec<_> = rows
        .iter()
        .map(|r| {
            let name = format!("{}-{}", r["topic"].as_str().unwrap(), r["partition"]);
            [json!(name), r["size_bytes"].clone(), r["dir"].clone()].map(|v| v.to_string())
        })
        .collect();
    ours.sort();
    assert_eq!(ours, truth);
    assert_eq!(truth.len(), 4);
    let refused = client
        .refused("kafka_broker_logdirs", json!({"broker": 77}))
        .await;
    assert_eq!(refused.data["code"], "unknown_broker");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_on_the_move_between_two_dirs_is_shown() {
    let bed = shared();
    let topic = bed.name("shifting");
    bed.plant_topics(&[TopicPlan::assigned(&topic, &[&[1]])])
        .unwrap();
    let value = "x".repeat(100_000);
    bed.produce(&topic, &vec![RecordPlan::value(&value); 60])
        .unwrap();
    let of_topic = || log_dirs(&bed, &["--topic-list", &topic, "--broker-list", "1"]);
    let holding = |said: &Value, future: bool| -> Option<(String, Value)> {
        let dirs = find(&said["brokers"], "broker", 1)["logDirs"]
            .as_array()
            .unwrap();
        dirs.iter().find_map(|d| {
            let all = d["partitions"].as_array().unwrap();
            let one = all.iter().find(|p| p["isFuture"] == future)?;
            Some((d["logDir"].as_str().unwrap().to_string(), one.clone()))
        })
    };
    let (here, _) = holding(&of_topic(), false).unwrap();
    let mut all = bed.log_dirs(1).into_iter().map(|d| d.display().to_string());
    let there = all.find(|d| *d != here).unwrap();
    let plan = std::env::temp_dir().join(format!("{topic}.json"));
    let text = json!({"version": 1, "partitions": [
        {"topic": topic, "partition": 0, "replicas": [1], "log_dirs": [there]},
    ]});
    std::fs::write(&plan, text.to_string()).unwrap();
    let file = plan.to_str().unwrap();
    let execute = ["--reassignment-json-file", file, "--execute"];
    let slow = ["--replica-alter-log-dirs-throttle", "50000"];
    let class = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    bed.kafka(class, &[&execute[..], &slow].concat()).unwrap();
    let client = client_of_all(&bed).await;
    let asked = json!({"topic": topic, "detail": "detailed"});
    let ask = async || client.call("kafka_broker_logdirs", asked.clone()).await;
    let moving = |a: &Answer| {
        let rows = a.data["replicas"].as_array().unwrap();
        rows.iter().any(|r| r["future"] == true)
    };
    let (truth, answer) = {
        eventually(&ask, moving).await;
        steady(|| holding(&of_topic(), true), ask).await
    };
    let (path, truth) = truth.expect("Kafka sees it move");
    let row = find(&answer.data["replicas"], "future", true);
    assert_eq!((&row["dir"], &path), (&json!(there), &there));
    assert_eq!(
        (&row["size_bytes"], &row["offset_lag"]),
        (&truth["size"], &truth["offsetLag"])
    );
    let dir = find(&answer.data["dirs"], "path", there.as_str());
    assert_eq!(
        (&dir["future_replicas"], &dir["future_offset_lag"]),
        (&json!(1), &truth["offsetLag"])
    );
    says(&answer, &["records behind"]);
    let throttled = client
        .call("kafka_reassignment_list", json!({"topic": topic}))
        .await;
    says(
        &throttled,
        &["throttle on broker 1: replica.alter.log.dirs.io.max.bytes.per.second"],
    );
    // Without the throttle it is over in a moment.
    let broker = [
        "--entity-type",
        "brokers",
        "--entity-name",
        "1",
        "--alter",
        "--delete-config",
    ];
    let key = ["replica.alter.log.dirs.io.max.bytes.per.second"];
    bed.kafka(CONFIGS, &[&broker[..], &key].concat()).unwrap();
    eventually(&ask, |a| !moving(a)).await;
    bed.drop_topics(&[topic]).unwrap();
    std::fs::remove_file(plan).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_dir_is_named_with_its_error_and_what_was_in_it_is_unknown() {
    let bed = exclusive();
    let topic = bed.name("lost");
    let single: Vec<&[i32]> = vec![&[1]; 6];
    bed.plant_topics(&[TopicPlan::assigned(&topic, &single)])
        .unwrap();
    bed.lose_log_dir();
    // The broker notices when it next writes there; half of these partitions are.
    let records: Vec<_> = (0..6)
        .map(|p| RecordPlan::value("v").partition(p))
        .collect();
    let settings = [
        ("delivery.timeout.ms", "3000"),
        ("request.timeout.ms", "2000"),
        ("linger.ms", "0"),
    ];
    let _refused = bed.produce_with(&topic, &settings, &records);
    let client = client_of_all(&bed).await;
    let ask = async || {
        client
            .call("kafka_broker_logdirs", json!({"broker": 1}))
            .await
    };
    let answer = eventually(&ask, |a| a.text.contains("KAFKA_STORAGE_ERROR")).await;
    let path = bed.log_dirs(1)[1].display().to_string();
    let row = find(&answer.data["dirs"], "path", path.as_str());
    let said = log_dirs(&bed, &["--broker-list", "1"]);
    let dirs = &find(&said["brokers"], "broker", 1)["logDirs"];
    let error = find(dirs, "logDir", path.as_str())["error"].to_string();
    assert!(error.contains("KafkaStorageException"), "{error}");
    assert_eq!(row["error"], "KAFKA_STORAGE_ERROR");
    assert!(
        row.get("size_bytes").is_none() && row.get("replicas").is_none(),
        "{row}"
    );
    says(&answer, &["1 failed", "KAFKA_STORAGE_ERROR", "unknown"]);
}
