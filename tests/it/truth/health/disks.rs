//! A log dir that fails while its broker goes on.

use super::{client, evidence, fires, health, health_when, named, names, silent};
use crate::support::bed::{RecordPlan, TopicPlan, exclusive};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_log_dir_is_named_with_the_partitions_that_lived_there_alone() {
    let bed = exclusive();
    let (alone, copied) = (bed.name("0-alone"), bed.name("0-copied"));
    let records: Vec<_> = (0..12)
        .map(|n| RecordPlan::value("v").partition(n % 6))
        .collect();
    // Node 1 puts each new partition into the dir with the fewest, so half of a topic comes into the one to be lost.
    for (topic, replicas) in [(&alone, &[1][..]), (&copied, &[1, 2, 3])] {
        bed.plant_topics(&[TopicPlan::assigned(topic, &[replicas; 6])])
            .unwrap();
        bed.produce(topic, &records).unwrap();
    }
    let lost = bed.log_dirs(1)[1].clone();
    let of = |topic: &str, in_lost: bool| -> Vec<String> {
        (0..6)
            .map(|p| format!("{topic}-{p}"))
            .filter(|name| lost.join(name).is_dir() == in_lost)
            .collect()
    };
    let (gone, kept, short) = (of(&alone, true), of(&alone, false), of(&copied, true));
    assert!(
        !gone.is_empty() && !kept.is_empty() && !short.is_empty(),
        "{gone:?} {kept:?} {short:?}"
    );
    let client = client(&bed).await;
    let rules = ["failed_log_dir", "offline_partitions", "under_replicated"];
    let before = health_when(&client, |a| rules.iter().all(|r| named(a, r).is_empty())).await;
    assert_ne!(before.data["verdict"], "critical", "{}", before.text);

    bed.lose_log_dir();
    let during = health_when(&client, |a| {
        names(a, "failed_log_dir", "broker 1")
            && gone.iter().all(|name| names(a, "offline_partitions", name))
    })
    .await;
    let expected: Vec<&str> = gone.iter().map(String::as_str).collect();
    let sound: Vec<&str> = kept.iter().map(String::as_str).collect();
    fires(
        &during,
        "failed_log_dir",
        &["broker 1"],
        &["broker 2", "broker 3"],
    );
    let said = evidence(&during, "failed_log_dir");
    assert!(
        said.contains(lost.to_str().unwrap()) && said.contains("KAFKA_STORAGE_ERROR"),
        "{said}"
    );
    fires(&during, "offline_partitions", &expected, &sound);
    silent(
        &during,
        "offline_partitions",
        &short.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let said = evidence(&during, "offline_partitions");
    assert!(said.contains("log dir"), "{said}");
    assert_eq!(during.data["verdict"], "critical", "{}", during.text);
    // The broker itself is well.
    for rule in ["fenced_brokers", "missing_brokers", "silent_brokers"] {
        silent(&during, rule, &["broker 1"]);
    }
    let short: Vec<&str> = short.iter().map(String::as_str).collect();
    let during = health_when(&client, |a| {
        short.iter().all(|name| names(a, "under_replicated", name))
    })
    .await;
    fires(&during, "under_replicated", &short, &[]);

    bed.restore();
    health_when(&client, |a| rules.iter().all(|r| named(a, r).is_empty())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_of_a_volume_that_is_used_decides_and_is_as_the_system_says() {
    let bed = crate::support::bed::shared();
    let client = client(&bed).await;
    let answer = health(&client).await;
    let dirs = bed.log_dirs(2);
    let said = std::process::Command::new("df")
        .args(["--output=size,avail", "--block-size=1"])
        .arg(&dirs[0])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let numbers: Vec<f64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [size, free] = numbers[..] else {
        panic!("{said}")
    };
    let used = 1.0 - free / size;
    let severity = findings_severity(&answer);
    // Others write to the same volume: near a limit either side is right.
    let near = |limit: f64| (used - limit).abs() < 0.005;
    if !near(0.85) && !near(0.95) {
        let expected = if used >= 0.95 {
            json!("critical")
        } else if used >= 0.85 {
            json!("warning")
        } else {
            json!(null)
        };
        assert_eq!(severity, expected, "{used}: {}", answer.text);
    }
}

fn findings_severity(answer: &crate::support::mcp::Answer) -> serde_json::Value {
    super::findings(answer, "disk_nearly_full")
        .first()
        .map_or(serde_json::Value::Null, |f| f["severity"].clone())
}
