//! Groups in trouble: one that does not come out of a rebalance, one whose topic is deleted under the question.

use super::{LIMIT, client, eventually, missing, prompt};
use crate::support::bed::{CommitPlan, GroupKind, Listener, RecordPlan, TopicPlan, shared};
use crate::support::mcp::Answer;
use serde_json::{Value, json};
use std::time::Instant;

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

fn list<'a>(answer: &'a Answer, key: &str) -> &'a [Value] {
    answer.data[key].as_array().map_or(&[], Vec::as_slice)
}

/// What a lag answer says must hold together, whatever is happening: no figure that cannot be, and none where it is
/// unknown.
fn holds_together(answer: &Answer) {
    for group in answer.data["groups"].as_array().unwrap() {
        let rows = group["partitions"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let known: Vec<i64> = rows.iter().filter_map(|row| row["lag"].as_i64()).collect();
        assert!(known.iter().all(|lag| *lag >= 0), "{}", answer.text);
        for row in rows.iter().filter(|row| row["state"] == "unknown") {
            assert!(row.get("lag").is_none() && row["why"].is_string(), "{row}");
        }
        if !rows.is_empty() && !known.is_empty() {
            assert_eq!(group["lag"], known.iter().sum::<i64>(), "{}", answer.text);
        }
        let unknown = group["unknown"].as_u64().unwrap_or(0);
        let bound = &group["lag_is_lower_bound"];
        assert!(unknown == 0 || *bound == true, "{group:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_hangs_in_a_rebalance_keeps_its_lag_and_has_owners_that_nobody_knows() {
    let bed = shared();
    let (topic, group) = (bed.plant_topic("hanging", 2).unwrap(), bed.name("hanging"));
    let records: Vec<_> = (0..10)
        .map(|n| RecordPlan::value("v").partition(n % 2))
        .collect();
    bed.produce(&topic, &records).unwrap();
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 2).at(&topic, 1, 5)])
        .unwrap();
    let client = client(&bed).await;
    let asked = json!({"group": group});
    let first = bed
        .join(
            GroupKind::Classic,
            &topic,
            &group,
            &[("plant.stuck", "true")],
        )
        .unwrap();
    let calm = eventually(&client, "kafka_group_lag", asked.clone(), |a| {
        !a.is_error && a.data["groups"][0]["state"] == "Stable"
    })
    .await;
    assert_eq!(calm.data["groups"][0]["without_owner"], 0, "{}", calm.text);

    let boot = bed.bootstrap(Listener::Plaintext);
    let quick = ["session.timeout.ms=3000", "heartbeat.interval.ms=1000"];
    let mut second = vec!["testbed.Plant", "member", &boot, "classic", &topic, &group];
    // It will be killed, and shall not be waited for.
    second.extend(quick);
    let second = bed.spawn_java(&second).unwrap();
    first
        .await_output(LIMIT, |o| o.contains("revoked"))
        .unwrap();
    let lag = eventually(&client, "kafka_group_lag", asked.clone(), |a| {
        !a.is_error && a.data["groups"][0]["state"] == "PreparingRebalance"
    })
    .await;
    holds_together(&lag);
    let row = &lag.data["groups"][0];
    // What is committed does not depend on who holds what.
    assert_eq!(
        [&row["lag"], &row["lag_is_lower_bound"]],
        [&json!(3), &json!(false)],
        "{}",
        lag.text
    );
    // The coordinator tells not all assignments until the rebalance is over: who holds nothing is not known.
    assert!(row.get("without_owner").is_none(), "{row:#}");
    assert!(!lag.text.contains("without owner"), "{}", lag.text);
    assert!(lag.text.contains("PreparingRebalance"), "{}", lag.text);
    let described = prompt(&client, "kafka_group_describe", asked.clone()).await;
    assert_eq!(
        described.data["state"], "PreparingRebalance",
        "{}",
        described.text
    );
    // The first member still holds what it had; of the second nothing is known but that it waits.
    let held = |member: &Value| member.get("assignment").cloned();
    let held: Vec<Value> = list(&described, "members")
        .iter()
        .filter_map(held)
        .collect();
    assert!(
        held.is_empty() || held == [json!([{"topic": topic, "partitions": [0, 1]}])],
        "{}",
        described.text
    );
    assert_eq!(list(&described, "members").len(), 2, "{}", described.text);
    let listed = prompt(&client, "kafka_group_list", json!({"pattern": group})).await;
    assert_eq!(
        listed.data["groups"][0]["state"], "PreparingRebalance",
        "{}",
        listed.text
    );

    second.kill();
    first.leave().unwrap();
    eventually(&client, "kafka_group_lag", asked, |a| {
        !a.is_error && a.data["groups"][0]["state"] == "Empty" && a.data["groups"][0]["lag"] == 3
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_deleted_during_the_calls_leaves_no_false_figure() {
    let bed = shared();
    let (gone, kept, group) = (bed.name("deleted"), bed.name("kept"), bed.name("deleted"));
    let plan = |name: &str| TopicPlan::new(name, 6);
    bed.plant_topics(&[plan(&gone), plan(&kept)]).unwrap();
    let records: Vec<_> = (0..12)
        .map(|n| RecordPlan::value("v").partition(n % 6))
        .collect();
    for topic in [&gone, &kept] {
        bed.produce(topic, &records).unwrap();
    }
    let mut commit = CommitPlan::new(&group);
    for partition in 0..6 {
        commit = commit.at(&gone, partition, 0).at(&kept, partition, 1);
    }
    bed.commit(&[commit]).unwrap();
    let client = client(&bed).await;
    let of_group = json!({"group": group});
    let whole = prompt(&client, "kafka_group_lag", of_group.clone()).await;
    assert_eq!(whole.data["groups"][0]["lag"], 18, "{}", whole.text);

    let ask = async || {
        let of_topic = json!({"topic": gone});
        let pair = json!({"left": gone, "right": kept, "offsets": true});
        let config = json!({"kind": "topic", "name": gone});
        let (lag, described, read, config, compared) = tokio::join!(
            prompt(&client, "kafka_group_lag", of_group.clone()),
            prompt(&client, "kafka_topic_describe", of_topic.clone()),
            prompt(&client, "kafka_record_read", of_topic.clone()),
            prompt(&client, "kafka_config_describe", config),
            prompt(&client, "kafka_topic_compare", pair),
        );
        judge(&lag, &gone, &kept);
        for answer in [&described, &read, &config, &compared] {
            if answer.is_error {
                assert_eq!(answer.data["code"], "unknown_topic", "{}", answer.text);
            }
        }
        if !described.is_error {
            for row in described.data["partitions"].as_array().unwrap() {
                let ends = [&row["earliest_offset"], &row["latest_offset"]];
                let unknown = ends.iter().any(|end| end.is_null());
                assert!(
                    unknown || ends == [&json!(0), &json!(2)],
                    "{}",
                    described.text
                );
                assert!(
                    !unknown || !missing(&described).is_empty(),
                    "{}",
                    described.text
                );
            }
        }
        if !read.is_error {
            let count = read.data["records"].as_array().unwrap().len();
            let short = read.data["stopped"] == "incomplete" || !missing(&read).is_empty();
            assert!(count == 10 || short, "{count}: {}", read.text);
        }
        if !compared.is_error && missing(&compared).is_empty() {
            assert!(
                ["identical", "alike"]
                    .iter()
                    .any(|v| compared.data["verdict"] == *v),
                "{}",
                compared.text
            );
        }
        described.is_error
    };
    assert!(!ask().await, "the topic is there");
    let until = Instant::now() + LIMIT;
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let deleting = scope.spawn(|| bed.kafka(TOPICS, &["--delete", "--topic", &gone]));
            tokio::runtime::Handle::current().block_on(async {
                while !ask().await {
                    assert!(Instant::now() < until, "the topic is never gone");
                }
            });
            deleting.join().unwrap().unwrap();
        });
    });
    // The coordinator drops the offsets of deleted topics in its own time.
    let rest = eventually(&client, "kafka_group_lag", of_group.clone(), |a| {
        !a.is_error && a.data["groups"][0]["partition_count"] == 6
    })
    .await;
    assert_eq!(rest.data["groups"][0]["lag"], 6, "{}", rest.text);
    assert_eq!(missing(&rest), [] as [Value; 0], "{}", rest.text);
}

/// A lag answer while one of two topics goes: what is known of each is right, the rest is unknown.
fn judge(lag: &Answer, gone: &str, kept: &str) {
    assert!(!lag.is_error, "{}", lag.text);
    holds_together(lag);
    let rows = lag.data["groups"][0]["partitions"].as_array().unwrap();
    let of = |topic: &str| {
        rows.iter()
            .filter(|row| row["topic"] == topic)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of(kept).len(), 6, "{}", lag.text);
    assert!(of(kept).iter().all(|row| row["lag"] == 1), "{}", lag.text);
    for row in of(gone) {
        let known = row["lag"] == 2 && row["state"] == "ok";
        assert!(known || row["state"] == "unknown", "{row}");
    }
}
