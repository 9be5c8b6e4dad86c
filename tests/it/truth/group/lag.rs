//! Lag against Kafka's own count, and time lag against planted timestamps.

use super::super::{
    CONSUMER_GROUPS, GROUPS, client, eventually, find, line, offsets, pages, rows, says, steady,
};
use super::{delete_before, described, now_ms, text};
use crate::support::bed::{CommitPlan, GroupKind, RecordPlan, shared};
use crate::support::mcp::{Answer, Wire};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_what_kafka_counts_and_its_time_what_the_records_say() {
    let bed = shared();
    let topic = bed.plant_topic("lagging", 5).unwrap();
    let group = bed.name("lagging");
    let begin = now_ms() - 3_600_000;
    let stamp = |i: i64| begin + i * 60_000;
    let records: Vec<RecordPlan> = (0..5)
        .flat_map(|p| {
            (0..10).map(move |i| RecordPlan::value("v").partition(p).timestamp_ms(stamp(i)))
        })
        .collect();
    // Each record a batch, so that a batch's largest timestamp is no stand-in for the record's.
    bed.produce(&topic, &records).unwrap();
    delete_before(&bed, &topic, 2, 5);
    let commits = CommitPlan::new(&group)
        .at(&topic, 0, 4)
        .at(&topic, 1, 10)
        .at(&topic, 2, 2)
        .at(&topic, 3, 50);
    bed.commit(&[commits]).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let before = now_ms();
    let answer = client
        .call("kafka_group_lag", json!({"group": group}))
        .await;
    let after = now_ms();
    let row = &answer.data["groups"][0];
    let partitions = &row["partitions"];
    let truth = described(&bed, CONSUMER_GROUPS, &group, &["--offsets"]);
    assert_eq!(partitions.as_array().unwrap().len(), truth.len());
    let starts = offsets(&bed, &topic, "-2");
    for words in &truth {
        let partition: i64 = words[2].parse().unwrap();
        let ours = find(partitions, "partition", partition);
        assert_eq!(
            [ours["committed"].to_string(), ours["log_end"].to_string()],
            words[3..5]
        );
        assert_eq!(ours["log_start"], starts[&partition]);
        assert!(ours.get("owner").is_none(), "{ours}");
        if partition == 3 {
            // Kafka's tool counts less than nothing here; ours says what it is.
            assert_eq!(
                (words[5].as_str(), &ours["state"]),
                ("-40", &json!("beyond_end"))
            );
            assert!(ours.get("lag").is_none(), "{ours}");
        } else {
            assert_eq!(ours["lag"].to_string(), words[5]);
            let state = if partition == 2 { "expired" } else { "ok" };
            assert_eq!(ours["state"], state);
        }
    }
    assert_eq!(find(partitions, "partition", 2)["lost"], 3);
    for (partition, unread) in [(0, stamp(4)), (2, stamp(5))] {
        let lag = find(partitions, "partition", partition)["time_lag_ms"]
            .as_i64()
            .unwrap();
        let span = before - unread - 1_000..=after - unread + 1_000;
        assert!(
            span.contains(&lag),
            "partition {partition}: {lag} not in {span:?}"
        );
    }
    assert_eq!(find(partitions, "partition", 1)["time_lag_ms"], 0);
    assert_eq!(row["lag"], 6 + 8, "{row:#}");
    assert_eq!(row["lag_is_lower_bound"], true);
    assert_eq!(
        row["max_time_lag_ms"],
        find(partitions, "partition", 0)["time_lag_ms"]
    );
    let counted = [
        "partition_count",
        "lagging",
        "expired",
        "beyond_end",
        "lost",
    ];
    assert_eq!(
        counted
            .iter()
            .map(|k| row[*k].as_i64().unwrap())
            .collect::<Vec<_>>(),
        [4, 2, 1, 1, 3]
    );
    assert_eq!(
        (&row["state"], &row["members"], &row["type"]),
        (&json!("Empty"), &json!(0), &json!("classic"))
    );
    says(
        &answer,
        &[
            &format!("classic group {group}: Empty, 0 members; lag 14+ records, 56m"),
            "1 expired",
            "1 beyond end",
            "3 records lost to retention",
            "beyond end",
            "expired",
        ],
    );
    for (partition, committed, end, lag) in [
        ("0", "4", "10", "6"),
        ("1", "10", "10", "0"),
        ("2", "2", "10", "8"),
        ("3", "50", "10", "unknown"),
    ] {
        let found = rows(&answer.text, &topic)
            .into_iter()
            .find(|w| w[1] == partition)
            .unwrap();
        assert_eq!(
            (found[2], found[4], found[5]),
            (committed, end, lag),
            "{found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_own_partitions_are_named_whether_they_committed_or_not() {
    let bed = shared();
    let topic = bed.plant_topic("owned", 2).unwrap();
    let records: Vec<RecordPlan> = (0..6)
        .map(|i| RecordPlan::value("v").partition(i % 2))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    for (kind, commits) in [(GroupKind::Classic, "false"), (GroupKind::Consumer, "true")] {
        let group = bed.name("owned");
        let settings = [
            ("client.id", "reader"),
            ("enable.auto.commit", commits),
            ("auto.commit.interval.ms", "100"),
        ];
        let _member = bed.join(kind, &topic, &group, &settings).unwrap();
        let ask = async || {
            client
                .call("kafka_group_lag", json!({"group": group}))
                .await
        };
        let wanted = if commits == "true" {
            json!(0)
        } else {
            Value::Null
        };
        let all_owned = |a: &Answer| {
            a.data["groups"][0]["lag"] == wanted
                && a.data["groups"][0]["without_owner"] == 0
                && a.data["groups"][0]["partitions"]
                    .as_array()
                    .is_some_and(|p| p.len() == 2)
        };
        eventually(&ask, all_owned).await;
        let truth = || described(&bed, CONSUMER_GROUPS, &group, &["--offsets"]);
        let (truth, answer) = steady(truth, &ask).await;
        let row = &answer.data["groups"][0];
        for words in &truth {
            let ours = find(
                &row["partitions"],
                "partition",
                words[2].parse::<i64>().unwrap(),
            );
            let number = |key: &str| ours.get(key).map_or("-".to_string(), Value::to_string);
            assert_eq!(
                [number("committed"), number("log_end"), number("lag")],
                words[3..6],
                "{ours}"
            );
            let owner = ["member_id", "host", "client_id"].map(|k| text(&ours["owner"][k]));
            assert_eq!(owner, words[6..9], "{ours}");
            assert_eq!(
                ours["state"],
                if commits == "true" { "ok" } else { "no_commit" }
            );
        }
        says(&answer, &["Stable, 1 member", "reader@127.0.0.1"]);
        if commits == "false" {
            assert_eq!(row["no_commit"], 2);
            says(&answer, &["lag unknown", "2 without commit", "no commit"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_over_many_groups_are_those_of_their_partitions() {
    let bed = shared();
    let topic = bed.plant_topic("many", 3).unwrap();
    let records: Vec<RecordPlan> = (0..90)
        .map(|i| RecordPlan::value("v").partition(i % 3))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let stem = bed.name("many");
    let names: Vec<String> = (0..11).map(|i| format!("{stem}.{i:02}")).collect();
    let plans: Vec<CommitPlan> = (0..)
        .zip(&names)
        .map(|(i, name)| {
            (0..3).fold(CommitPlan::new(name), |plan, p| {
                plan.at(&topic, p, 30 - i * (i64::from(p) + 1).min(2))
            })
        })
        .collect();
    bed.commit(&plans).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let truth: Vec<i64> = names
        .iter()
        .map(|group| {
            let rows = described(&bed, CONSUMER_GROUPS, group, &["--offsets"]);
            rows.iter().map(|r| r[5].parse::<i64>().unwrap()).sum()
        })
        .collect();
    assert_eq!(truth[10], 50);
    let by_lag = pages(
        &client,
        "kafka_group_lag",
        json!({"group": stem, "limit": 4}),
        "groups",
    )
    .await;
    let ours: Vec<(String, i64)> = by_lag
        .iter()
        .map(|g| (text(&g["group"]), g["lag"].as_i64().unwrap()))
        .collect();
    let mut expected: Vec<(String, i64)> = names.iter().cloned().zip(truth).collect();
    expected.reverse();
    assert_eq!(ours, expected, "largest lag first, each group once");
    let by_name = pages(
        &client,
        "kafka_group_lag",
        json!({"group": format!("{stem}.*"), "sort": "name", "limit": 3}),
        "groups",
    )
    .await;
    assert_eq!(
        by_name
            .iter()
            .map(|g| text(&g["group"]))
            .collect::<Vec<_>>(),
        names
    );
    let lagging = client
        .call("kafka_group_lag", json!({"group": stem, "lagging": true}))
        .await;
    assert_eq!(lagging.data["total"], 10, "the first group has read all");
    let shown = line(&lagging, &names[10]);
    assert_eq!(shown[1..5], ["classic", "Empty", "0", "50"]);
    // One group by its exact name shows its partitions, though its name is part of no other.
    let one = client
        .call("kafka_group_lag", json!({"group": names[3]}))
        .await;
    assert_eq!(
        one.data["groups"][0]["partitions"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // Without a filter every group of the cluster is there.
    let every = async || client.call("kafka_group_lag", json!({"limit": 1})).await;
    // A name may break the line, so it is types that are counted.
    let types = ["Classic", "Consumer", "Share", "Streams"];
    let count = || {
        let said = bed.kafka(GROUPS, &["--list"]).unwrap();
        let typed = |line: &&str| line.split_whitespace().any(|word| types.contains(&word));
        said.lines().filter(typed).count()
    };
    let (count, answer) = steady(count, every).await;
    assert_eq!(answer.data["total"], count);
}
