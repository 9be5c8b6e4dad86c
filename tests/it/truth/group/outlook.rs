//! Where lag is going: rates, time to drain and to data loss, against producers and consumers of known speed.

use super::super::{eventually, find, says};
use super::now_ms;
use crate::support::bed::{
    Bed, CommitPlan, GroupKind, Listener, Member, RecordPlan, TopicPlan, shared,
};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A server that looks at groups four times a second, and remembers a minute.
pub(super) async fn client(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = ["--bootstrap", &bootstrap, "--toolsets", "all"];
    let often = [
        ("KAFKAWEAVE_SAMPLING__INTERVAL_MS", "250"),
        ("KAFKAWEAVE_SAMPLING__SAMPLES", "240"),
    ];
    Client::start_with(Wire::StdioModern, &args, &often).await
}

/// A member that commits every 100 ms.
pub(super) fn member(bed: &Bed, topic: &str, group: &str, settings: &[(&str, &str)]) -> Member {
    bed.join(GroupKind::Classic, topic, group, settings)
        .unwrap()
}

pub(super) async fn lag(client: &Client, group: &str) -> Answer {
    client
        .call("kafka_group_lag", json!({"group": group}))
        .await
}

pub(super) fn only(answer: &Answer) -> &Value {
    &answer.data["groups"][0]
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Within this share of what was planted.
#[track_caller]
fn near(value: &Value, planted: f64, share: f64) {
    let found = number(value);
    assert!(
        (found - planted).abs() <= planted * share,
        "{value} is not within {share} of {planted}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_those_of_the_producer_and_the_consumer() {
    let bed = shared();
    let topic = bed.plant_topic("rates", 1).unwrap();
    let group = bed.name("rates");
    let _flow = bed.flow(&topic, &[(0, 200)]).unwrap();
    let _member = member(&bed, &topic, &group, &[("plant.pace.ms", "20")]);
    let client = client(&bed).await;
    let ask = async || lag(&client, &group).await;
    let enough = |a: &Answer| number(&only(a)["outlook"]["span_ms"]) >= 5_000.0;
    let answer = eventually(&ask, enough).await;
    let outlook = &only(&answer)["outlook"];
    near(&outlook["produce_per_s"], 200.0, 0.1);
    near(&outlook["consume_per_s"], 50.0, 0.2);
    assert_eq!(outlook["trend"], "growing");
    assert_eq!(outlook["verdict"], "warn");
    assert!(outlook.get("drain_s").is_none(), "{outlook:#}");
    says(
        &answer,
        &["records/s produced", "growing", "does not drain"],
    );
    let row = &only(&answer)["partitions"][0];
    near(&row["produce_per_s"], 200.0, 0.1);
    near(&row["consume_per_s"], 50.0, 0.2);

    // A watch without any history comes to the same.
    let before = Instant::now();
    let watched = client
        .call("kafka_group_watch", json!({"group": group, "seconds": 4}))
        .await;
    assert!(before.elapsed() < Duration::from_secs(15));
    let outlook = &only(&watched)["outlook"];
    near(&outlook["produce_per_s"], 200.0, 0.15);
    near(&outlook["consume_per_s"], 50.0, 0.25);
    assert_eq!(outlook["trend"], "growing");
    assert!(number(&outlook["samples"]) >= 5.0, "{outlook:#}");
    near(&watched.data["watched_ms"], 4_000.0, 0.5);
    says(&watched, &["verdict WARN", "records/s consumed", "growing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_drains_when_its_slowest_partition_does() {
    let bed = shared();
    let topic = bed.plant_topic("skewed", 2).unwrap();
    let group = bed.name("skewed");
    // 12,000 records in one partition and 4,000 in the other, and a member on each that reads 100 a second.
    let old = now_ms() - 3_600_000;
    let records: Vec<RecordPlan> = (0..16_000)
        .map(|n| {
            let record = RecordPlan::value("v").partition(i32::from(n >= 12_000));
            record.timestamp_ms(old)
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let paced = [("plant.pace.ms", "10"), ("max.poll.records", "10")];
    let _first = member(&bed, &topic, &group, &paced);
    let _second = member(&bed, &topic, &group, &paced);
    let client = client(&bed).await;
    let ask = async || lag(&client, &group).await;
    let drains = |a: &Answer| {
        let outlook = &only(a)["outlook"];
        number(&outlook["span_ms"]) >= 2_000.0
            && outlook.get("drain_s").is_some()
            && only(a)["members"] == 2
            && only(a)["lagging"] == 2
    };
    let answer = eventually(&ask, drains).await;
    let row = only(&answer);
    let outlook = &row["outlook"];
    assert_eq!(outlook["slowest"], format!("{topic}-0"), "{row:#}");
    let partition = |p: i64| find(&row["partitions"], "partition", p);
    assert_eq!(outlook["drain_s"], partition(0)["drain_s"]);
    let rate = number(&partition(0)["consume_per_s"]);
    near(
        &outlook["drain_s"],
        number(&partition(0)["lag"]) / rate,
        0.05,
    );
    // The sum over the sum of rates would say two thirds of it, and ever less.
    let mean = number(&row["lag"]) / number(&outlook["consume_per_s"]);
    assert!(
        number(&outlook["drain_s"]) > 1.3 * mean,
        "{outlook:#} and {mean}"
    );
    let held = outlook["load"]["held_up_by"].as_str().unwrap();
    assert!(held.contains(&format!("most on {topic}-0")), "{held}");
    says(
        &answer,
        &["drained in", &format!("(slowest: {topic}-0)"), "held up: "],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn data_loss_is_told_from_retention_and_the_age_of_what_is_unread() {
    let bed = shared();
    let topics: Vec<String> = ["timed", "sized", "kept"].map(|stem| bed.name(stem)).into();
    bed.plant_topics(&[
        TopicPlan::new(&topics[0], 1).config("retention.ms", "7200000"),
        TopicPlan::new(&topics[1], 1)
            .config("retention.ms", "-1")
            .config("retention.bytes", "20000"),
        TopicPlan::new(&topics[2], 1).config("retention.ms", "-1"),
    ])
    .unwrap();
    let begin = now_ms() - 4_200_000;
    let value = "x".repeat(1_000);
    let group = bed.name("loss");
    let mut commits = CommitPlan::new(&group);
    for topic in &topics {
        let records: Vec<_> = (0..50)
            .map(|n| {
                RecordPlan::value(&value)
                    .partition(0)
                    .timestamp_ms(begin + n * 1000)
            })
            .collect();
        bed.produce(topic, &records).unwrap();
        commits = commits.at(topic, 0, 10);
    }
    bed.commit(&[commits]).unwrap();
    let client = client(&bed).await;
    let answer = lag(&client, &group).await;
    let passed_s = (now_ms() - begin) / 1000;
    let row = |topic: &str| find(&only(&answer)["partitions"], "topic", topic);
    let timed = &row(&topics[0])["loss"];
    assert_eq!(timed["by"], "retention_ms");
    let left = timed["in_s"].as_i64().unwrap();
    assert!(
        (left - (7200 + 10 - passed_s)).abs() <= 2,
        "{left} s, {passed_s} s passed"
    );
    // 40 records of 1,000 bytes are unread, 20,000 bytes may stay.
    let sized = &row(&topics[1])["loss"];
    assert_eq!(
        (&sized["by"], &sized["in_s"]),
        (&json!("retention_bytes"), &json!(0))
    );
    assert!(
        row(&topics[2]).get("loss").is_none(),
        "{:#}",
        row(&topics[2])
    );
    let outlook = &only(&answer)["outlook"];
    assert_eq!(outlook["loss"]["in_s"], 0);
    assert_eq!(outlook["loss_in"], format!("{}-0", topics[1]));
    says(
        &answer,
        &[
            &format!(
                "{}-0: unread records are due for deletion (retention.bytes)",
                topics[1]
            ),
            "at the earliest (retention.ms)",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_lag_between_samples_agrees_with_that_of_the_record() {
    let bed = shared();
    let topic = bed.plant_topic("between", 1).unwrap();
    let stem = bed.name("between");
    let name = |n: usize| format!("{stem}.{n}");
    let _flow = bed.flow(&topic, &[(0, 100)]).unwrap();
    let client = client(&bed).await;
    // All follow from some distance, at different offsets of one partition: of a page a few are read.
    let end = || super::super::offsets(&bed, &topic, "-1")[&0];
    let until = Instant::now() + Duration::from_secs(60);
    while end() < 50 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let from = end();
    let plans: Vec<_> = (0..6)
        .map(|n| CommitPlan::new(&name(n)).at(&topic, 0, from + i64::try_from(n).unwrap() * 20))
        .collect();
    bed.commit(&plans[..1]).unwrap();
    let first = lag(&client, &name(0)).await;
    assert_eq!(only(&first)["outlook"]["time_lag_source"], "exact");
    let ask = async || lag(&client, &name(0)).await;
    let seen = |a: &Answer| only(a)["lag"].as_i64().is_some_and(|lag| lag > 400);
    eventually(&ask, seen).await;
    bed.commit(&plans[1..]).unwrap();
    let ask = async || client.call("kafka_group_lag", json!({"group": stem})).await;
    let some = |a: &Answer| {
        let rows = a.data["groups"].as_array().unwrap();
        rows.len() == 6
            && rows
                .iter()
                .any(|r| r["outlook"]["time_lag_source"] == "interpolated")
    };
    let page = eventually(&ask, some).await;
    let at = Instant::now();
    for row in page.data["groups"].as_array().unwrap() {
        let alone = lag(&client, row["group"].as_str().unwrap()).await;
        let passed = i64::try_from(at.elapsed().as_millis()).unwrap();
        assert_eq!(only(&alone)["outlook"]["time_lag_source"], "exact");
        let exact = only(&alone)["max_time_lag_ms"].as_i64().unwrap();
        let ours = row["max_time_lag_ms"].as_i64().unwrap();
        assert!(
            (ours..=ours + passed).contains(&exact) || (exact - ours).abs() <= 1_000,
            "{ours} ms, then after {passed} ms {exact} ms of the record"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_groups_are_told_by_sub_topology_and_share_groups_have_no_verdict() {
    let bed = shared();
    let topic = bed.plant_topic("new-kinds", 2).unwrap();
    let records: Vec<RecordPlan> = (0..8)
        .map(|i| RecordPlan::value("v").key("k").partition(i % 2))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let streams = format!("{topic}.streams");
    let share = format!("{topic}.share");
    let _members = [
        bed.join(
            GroupKind::Streams,
            &topic,
            &streams,
            &[("commit.interval.ms", "100")],
        )
        .unwrap(),
        bed.join(GroupKind::Share, &topic, &share, &[]).unwrap(),
    ];
    let client = client(&bed).await;
    let done = |a: &Answer| {
        let parts = only(a)["outlook"]["subtopologies"].as_array();
        parts.is_some_and(|p| p.len() == 2 && p.iter().all(|p| p["totals"]["lag"] == 0))
    };
    let answer = eventually(async || lag(&client, &streams).await, done).await;
    let parts = &only(&answer)["outlook"]["subtopologies"];
    assert_eq!(find(parts, "subtopology", "0")["topics"], json!([topic]));
    let repartition = format!("{streams}-counts-repartition");
    assert_eq!(
        find(parts, "subtopology", "1")["topics"],
        json!([repartition])
    );
    says(&answer, &[&format!("sub-topology 0 ({topic}): lag 0")]);

    let looked = |a: &Answer| number(&only(a)["outlook"]["samples"]) >= 2.0;
    let answer = eventually(async || lag(&client, &share).await, looked).await;
    let outlook = &only(&answer)["outlook"];
    assert!(outlook.get("verdict").is_none(), "{outlook:#}");
    says(&answer, &["verdict unknown: a share group has no position"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_with_its_call_and_says_what_it_could_not_see() {
    let bed = shared();
    let topic = bed.plant_topic("watched", 1).unwrap();
    let group = bed.name("watched");
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 0)])
        .unwrap();
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = [
        "--bootstrap",
        &bootstrap,
        "--toolsets",
        "group",
        "--call-timeout-ms",
        "4000",
    ];
    let client = Client::start(Wire::StdioModern, &args).await;
    let before = Instant::now();
    let answer = client
        .call("kafka_group_watch", json!({"group": group, "seconds": 600}))
        .await;
    assert!(
        before.elapsed() < Duration::from_secs(4),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(
        answer.data["missing"][0]["why"],
        "a call ends before (limits.call_timeout_ms)"
    );
    says(&answer, &["verdict OK", "limits.call_timeout_ms"]);
    let wrong = client
        .refused(
            "kafka_group_watch",
            json!({"group": "no-such-group", "seconds": 1}),
        )
        .await;
    assert_eq!(wrong.data["code"], "unknown_group");
}
