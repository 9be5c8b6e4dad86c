//! The topic tools: names, partitions, leaders, ISR, ids, offsets, sizes, overrides, filters, sorts and pages.

mod layout;

use super::{
    CONFIGS, TOPICS, client, column, fields, find, ids, line, log_dirs, offsets, pages, says,
    steady,
};
use crate::support::bed::{Bed, RecordPlan, TopicPlan, shared};
use crate::support::mcp::Wire;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Bytes of a topic by partition and broker.
fn sizes(bed: &Bed, topic: &str) -> BTreeMap<i64, BTreeMap<String, i64>> {
    let said = log_dirs(bed, &["--topic-list", topic]);
    let mut sizes: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    for broker in said["brokers"].as_array().unwrap() {
        let dirs = broker["logDirs"].as_array().unwrap();
        for replica in dirs
            .iter()
            .flat_map(|d| d["partitions"].as_array().unwrap())
        {
            let name = replica["partition"].as_str().unwrap();
            let (_, partition) = name.rsplit_once('-').unwrap();
            let size = replica["size"].as_i64().unwrap();
            let of_partition = sizes.entry(partition.parse().unwrap()).or_default();
            of_partition.insert(broker["broker"].to_string(), size);
        }
    }
    sizes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_described_as_kafkas_own_tools_describe_it() {
    let bed = shared();
    let topic = bed.name("described");
    let plan = TopicPlan::assigned(&topic, &[&[1, 2], &[3, 1], &[2, 3]]);
    bed.plant_topics(&[plan
        .config("retention.ms", "86400001")
        .config("cleanup.policy", "compact,delete")])
        .unwrap();
    let records: Vec<RecordPlan> = (0..40)
        .map(|i| {
            RecordPlan::value(&format!("value {i}"))
                .key(&format!("k{i}"))
                .partition(i % 2)
        })
        .collect();
    bed.produce_with(&topic, &[("compression.type", "lz4")], &records)
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let ask = async || {
        client
            .call("kafka_topic_describe", json!({"topic": topic}))
            .await
    };
    // Replicas write down what they hold at their own pace.
    let (sizes, answer) = steady(|| sizes(&bed, &topic), ask).await;
    let said = bed
        .kafka(TOPICS, &["--describe", "--topic", &topic])
        .unwrap();
    let mut lines = said.lines().map(fields);
    let head = lines.next().unwrap();
    assert_eq!(answer.data["topic_id"], head["TopicId"]);
    assert_eq!(answer.data["internal"], false);
    assert_eq!(answer.data["total"].to_string(), head["PartitionCount"]);
    let (ends, starts) = (offsets(&bed, &topic, "-1"), offsets(&bed, &topic, "-2"));
    for truth in lines.filter(|f| f.contains_key("Partition")) {
        let partition: i64 = truth["Partition"].parse().unwrap();
        let row = find(&answer.data["partitions"], "partition", partition);
        assert_eq!(row["leader"].to_string(), truth["Leader"]);
        assert_eq!(row["replicas"], ids(&truth["Replicas"]));
        assert_eq!(row["isr"], ids(&truth["Isr"]));
        assert_eq!(row["latest_offset"], ends[&partition]);
        assert_eq!(row["earliest_offset"], starts[&partition]);
        let (start, end) = (starts[&partition].to_string(), ends[&partition].to_string());
        assert_eq!(row["size_bytes"], json!(sizes[&partition]));
        let shown = [
            &truth["Partition"],
            &truth["Leader"],
            &truth["Replicas"],
            &truth["Isr"],
            &start,
            &end,
        ];
        assert_eq!(line(&answer, &truth["Partition"])[..6], shown);
    }
    assert_eq!(answer.data["offset_span"], 40);
    let total: i64 = sizes.values().flat_map(|s| s.values()).sum();
    assert_eq!(answer.data["total_size_bytes"], total);
    let said = bed
        .kafka(
            CONFIGS,
            &[
                "--describe",
                "--entity-type",
                "topics",
                "--entity-name",
                &topic,
            ],
        )
        .unwrap();
    let mut truth: Vec<String> = said
        .lines()
        .skip(1)
        .map(|l| l.split_whitespace().next().unwrap().into())
        .collect();
    truth.sort();
    let overrides = answer.data["overrides"].as_array().unwrap();
    let ours: Vec<String> = overrides
        .iter()
        .map(|o| {
            format!(
                "{}={}",
                o["key"].as_str().unwrap(),
                o["value"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(ours, truth);
    assert_eq!(
        ours,
        ["cleanup.policy=compact,delete", "retention.ms=86400001"]
    );
    says(
        &answer,
        &[
            &format!("overrides: {}", ours.join(" ")),
            &head["TopicId"],
            "40 offsets held",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_topics_is_kafkas_and_internal_ones_are_shown_when_asked_for() {
    let bed = shared();
    let topic = bed.plant_topic("listed", 2).unwrap();
    // Makes sure that Kafka's own topic of offsets is there.
    let group = bed.name("listed");
    bed.commit(&[crate::support::bed::CommitPlan::new(&group).at(&topic, 0, 0)])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let truth = || {
        let said = bed.kafka(TOPICS, &["--describe"]).unwrap();
        let heads = said
            .lines()
            .map(fields)
            .filter(|f| f.contains_key("PartitionCount"));
        let mut all: Vec<[String; 3]> = heads
            .map(|f| {
                [
                    f["Topic"].clone(),
                    f["PartitionCount"].clone(),
                    f["ReplicationFactor"].clone(),
                ]
            })
            .collect();
        all.sort();
        all
    };
    let ask = async || {
        client
            .call("kafka_topic_list", json!({"internal": true, "limit": 1000}))
            .await
    };
    let (truth, answer) = steady(truth, ask).await;
    let rows = answer.data["topics"].as_array().unwrap();
    let ours: Vec<[String; 3]> = rows
        .iter()
        .map(|r| {
            [
                r["topic"].as_str().unwrap().into(),
                r["partitions"].to_string(),
                r["replication"].to_string(),
            ]
        })
        .collect();
    if answer.data.get("next_cursor").is_none() {
        assert_eq!(ours, truth);
    } else {
        assert_eq!(ours, truth[..ours.len()]);
    }
    assert_eq!(answer.data["total"], truth.len());
    let narrow = json!({"internal": true, "pattern": "__consumer_offsets"});
    let internal = client.call("kafka_topic_list", narrow).await;
    assert_eq!(internal.data["topics"][0]["internal"], true);
    assert_eq!(
        line(&internal, "__consumer_offsets").last(),
        Some(&"internal")
    );
    let hidden = client
        .call("kafka_topic_list", json!({"pattern": "__consumer_offsets"}))
        .await;
    assert_eq!(
        (&hidden.data["total"], &hidden.data["hidden_internal"]),
        (&json!(0), &json!(1))
    );
    says(&hidden, &["0 topics (and 1 internal)"]);
    let shown = client
        .call("kafka_topic_list", json!({"pattern": topic}))
        .await;
    assert_eq!(line(&shown, &topic), [topic.as_str(), "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_sorts_and_pages_cover_each_topic_once() {
    let bed = shared();
    let stem = bed.name("page");
    let names: Vec<String> = (0..23).map(|i| format!("{stem}.{i:02}")).collect();
    let plans: Vec<TopicPlan> = names
        .iter()
        .enumerate()
        .map(|(i, name)| TopicPlan::new(name, i32::try_from(i % 5).unwrap() + 1).replication(1))
        .collect();
    bed.plant_topics(&plans).unwrap();
    bed.produce(&names[7], &vec![RecordPlan::value(&"x".repeat(500)); 20])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let named = |rows: &[Value]| -> Vec<String> {
        rows.iter()
            .map(|r| r["topic"].as_str().unwrap().to_string())
            .collect()
    };
    for (pattern, expected) in [
        (stem.clone(), names.clone()),
        (format!("{stem}*"), names.clone()),
        (format!("{stem}.0?"), names[..10].to_vec()),
        (format!("/^{stem}\\.1[0-4]$/"), names[10..15].to_vec()),
        (format!("{stem}.07"), vec![names[7].clone()]),
        (format!("{stem}.99"), Vec::new()),
    ] {
        for limit in [4, 7, 1000] {
            let asked = json!({"pattern": pattern, "limit": limit});
            let all = pages(&client, "kafka_topic_list", asked, "topics").await;
            assert_eq!(named(&all), expected, "{pattern} by {limit}");
        }
    }
    let by_partitions = pages(
        &client,
        "kafka_topic_list",
        json!({"pattern": stem, "limit": 4, "sort": "partitions"}),
        "topics",
    )
    .await;
    let counts = column(&json!(by_partitions), "partitions");
    let mut sorted: Vec<i64> = counts.iter().map(|c| c.as_i64().unwrap()).collect();
    sorted.sort_by_key(|c| std::cmp::Reverse(*c));
    assert_eq!(json!(sorted), json!(counts));
    let mut once = named(&by_partitions);
    once.sort();
    assert_eq!(once, names);
    let by_size = client
        .call(
            "kafka_topic_list",
            json!({"pattern": stem, "limit": 1, "sort": "size"}),
        )
        .await;
    assert_eq!(by_size.data["topics"][0]["topic"], names[7]);
    let truth: i64 = sizes(&bed, &names[7])
        .values()
        .flat_map(|s| s.values())
        .sum();
    assert!(truth > 10_000);
    assert_eq!(by_size.data["topics"][0]["size_bytes"], truth);
    // A cursor of one question is none for another.
    let first = client
        .call("kafka_topic_list", json!({"pattern": stem, "limit": 4}))
        .await;
    let other = json!({"pattern": "other", "limit": 4, "cursor": first.data["next_cursor"]});
    assert_eq!(
        client.refused("kafka_topic_list", other).await.data["code"],
        "bad_argument"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_is_an_error_with_near_names() {
    let bed = shared();
    let topic = bed.plant_topic("payments", 1).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let wrong = topic.replacen("payments", "paymets", 1);
    for (tool, arguments) in [
        ("kafka_topic_describe", json!({"topic": wrong})),
        ("kafka_record_read", json!({"topic": wrong})),
        (
            "kafka_record_search",
            json!({"topic": wrong, "where": ["value contains x"]}),
        ),
        (
            "kafka_config_describe",
            json!({"kind": "topic", "name": wrong}),
        ),
    ] {
        let answer = client.refused(tool, arguments).await;
        assert_eq!(answer.data["code"], "unknown_topic", "{tool}");
        assert_eq!(answer.data["retryable"], false);
        says(&answer, &[&wrong, &format!("Nearest: `{topic}`")]);
    }
    let listed = bed.kafka(TOPICS, &["--list"]).unwrap();
    assert!(
        !listed.lines().any(|l| l == wrong),
        "asking must not create the topic"
    );
}
