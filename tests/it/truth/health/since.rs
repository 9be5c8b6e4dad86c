//! What only an earlier snapshot shows: what came and went, how fast a disk fills, who does not keep its place.

use super::super::CONSUMER_GROUPS;
use super::{client, evidence, fires, health, named, silent};
use crate::support::bed::{Bed, CommitPlan, GroupKind, RecordPlan, TopicPlan, exclusive, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ELECTION: &str = "org.apache.kafka.tools.LeaderElectionCommand";
const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";

fn snapshot(answer: &Answer) -> Value {
    let snapshot = answer.data["snapshot"].clone();
    assert!(snapshot.as_str().is_some_and(|s| !s.is_empty()));
    snapshot
}

async fn since(client: &Client, earlier: &Value) -> Answer {
    let arguments = json!({ "since": earlier });
    client.call("kafka_cluster_health", arguments).await
}

/// Asks until the rule names this, against one and the same earlier snapshot.
async fn until_named(client: &Client, earlier: &Value, rules: &[(&str, &str)]) -> Answer {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let answer = since(client, earlier).await;
        if rules
            .iter()
            .all(|(rule, name)| super::names(&answer, rule, name))
        {
            return answer;
        }
        assert!(
            Instant::now() < until,
            "not all of {rules:?}: {}\n{:#}",
            answer.text,
            answer.data
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn rules(answer: &Answer, list: &str) -> Vec<String> {
    let rows = answer.data["since"][list].as_array().unwrap().iter();
    rows.map(|r| r.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_broker_brings_is_new_and_then_gone() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    bed.plant_topic("0-since", 2).unwrap();
    let client = client(&bed).await;
    let before = super::health_when(&client, |a| {
        named(a, "fenced_brokers").is_empty() && named(a, "under_replicated").is_empty()
    })
    .await;
    assert!(before.data.get("since").is_none());
    let same = since(&client, &snapshot(&before)).await;
    for list in ["new", "gone"] {
        assert!(!rules(&same, list).contains(&"fenced_brokers".into()));
    }
    bed.kill(node);
    bed.await_fenced(node);
    let during = since(&client, &snapshot(&before)).await;
    let new = rules(&during, "new");
    for rule in ["fenced_brokers", "under_replicated"] {
        assert!(new.contains(&rule.to_owned()), "{}", during.text);
    }
    let line = during
        .text
        .lines()
        .find(|l| l.starts_with("since "))
        .unwrap();
    assert!(
        line.contains("new ") && line.contains("fenced_brokers"),
        "{line}"
    );
    let elections = during.data["since"]["leader_elections"].as_i64().unwrap();
    assert!(elections > 0, "its partitions have other leaders: {line}");
    bed.restore();
    super::health_when(&client, |a| named(a, "under_replicated").is_empty()).await;
    let after = since(&client, &snapshot(&during)).await;
    let gone = rules(&after, "gone");
    for rule in ["fenced_brokers", "under_replicated"] {
        assert!(gone.contains(&rule.to_owned()), "{}", after.text);
    }
    let taken = after.data["since"]["elapsed_ms"].as_i64().unwrap();
    assert!((1_000..120_000).contains(&taken), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_snapshot_of_this_cluster_is_refused_with_a_reason() {
    let bed = shared();
    let client = client(&bed).await;
    let sound = snapshot(&health(&client).await);
    let text = sound.as_str().unwrap();
    let cut = &text[..text.len() - 4];
    let sandbox = Client::start(Wire::StdioModern, &["--sandbox"]).await;
    let other = snapshot(&health(&sandbox).await);
    for (since, says) in [
        (json!("not a snapshot"), "not a health snapshot"),
        (json!(cut), "handed back as it was given"),
        (other, "another cluster"),
        (json!("x".repeat(5_000)), "characters"),
    ] {
        let refused = client
            .refused("kafka_cluster_health", json!({ "since": since }))
            .await;
        assert_eq!(refused.data["code"], "bad_argument", "{}", refused.text);
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    since(&client, &sound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_fast_is_named_with_the_hours_that_are_left() {
    let bed = exclusive();
    let client = client(&bed).await;
    let before = snapshot(&health(&client).await);
    // On the volume of the brokers' log dirs.
    let file = bed.log_dirs(2)[0].with_file_name("0-filler");
    std::fs::write(&file, vec![7_u8; 300 << 20]).unwrap();
    let answer = until_named(&client, &before, &[("disk_filling_up", "broker 2")]).await;
    std::fs::remove_file(&file).unwrap();
    fires(&answer, "disk_filling_up", &["broker 2"], &[]);
    let volumes = answer.data["since"]["volumes"].as_array().unwrap();
    let own = volumes.iter().find(|v| v["broker"] == 2).unwrap();
    assert!(own["bytes_per_s"].as_i64().unwrap() > 0, "{own}");
    assert!(own["hours_to_full"].as_i64().is_some(), "{own}");
    assert!(answer.text.contains("full in"), "{}", answer.text);
    // One snapshot alone says nothing of rates.
    assert!(named(&health(&client).await, "disk_filling_up").is_empty());
}

/// Moves the leader of partition 0 to and fro.
fn sway(bed: &Bed, topic: &str, times: usize) {
    let file = std::env::temp_dir().join(bed.name("0-sway"));
    let path = file.to_str().unwrap().to_owned();
    for n in 0..times {
        let replicas = if n % 2 == 0 { [2, 1] } else { [1, 2] };
        let moves = json!([{"topic": topic, "partition": 0, "replicas": replicas}]);
        let plan = json!({"version": 1, "partitions": moves});
        std::fs::write(&file, plan.to_string()).unwrap();
        bed.kafka(REASSIGN, &["--reassignment-json-file", &path, "--execute"])
            .unwrap();
        let elect = [
            "--election-type",
            "preferred",
            "--topic",
            topic,
            "--partition",
            "0",
        ];
        bed.kafka(ELECTION, &elect).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_whose_leader_goes_to_and_fro_is_named_and_the_ones_beside_it_are_not() {
    let bed = exclusive();
    let (flaps, rests) = (bed.name("0-flaps"), bed.name("0-rests"));
    bed.plant_topics(&[
        TopicPlan::assigned(&flaps, &[&[1, 2], &[1, 2]]),
        TopicPlan::assigned(&rests, &[&[1, 2]]),
    ])
    .unwrap();
    let client = client(&bed).await;
    let first = health(&client).await;
    let before = snapshot(&first);
    let [swaying, still, other] = [
        format!("{flaps}-0"),
        format!("{flaps}-1"),
        format!("{rests}-0"),
    ];
    sway(&bed, &flaps, 2);
    let twice = since(&client, &before).await;
    silent(&twice, "leaders_flapping", &[&swaying, &still, &other]);
    let before = snapshot(&twice);
    // A snapshot keeps the highest epoch of several topics together, so beside one that has moved a lot before, more
    // changes are needed until they show.
    let mut answer = twice;
    for _ in 0..8 {
        sway(&bed, &flaps, 16);
        answer = since(&client, &before).await;
        if super::names(&answer, "leaders_flapping", &swaying) {
            break;
        }
    }
    fires(&answer, "leaders_flapping", &[&swaying], &[&still, &other]);
    assert!(
        evidence(&answer, "leaders_flapping").contains(&flaps),
        "{}",
        answer.text
    );
    assert!(named(&health(&client).await, "leaders_flapping").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_that_elects_leader_after_leader_is_named() {
    let bed = exclusive();
    let client = client(&bed).await;
    let before = snapshot(&health(&client).await);
    let calm = since(&client, &before).await;
    assert!(named(&calm, "quorum_flapping").is_empty());
    assert!(super::findings(&calm, "quorum_flapping").is_empty());
    for _ in 0..4 {
        let leader = bed.quorum_leader().unwrap();
        bed.freeze(leader);
        bed.await_fenced(leader);
        bed.thaw(leader);
        bed.restore();
    }
    let answer = since(&client, &before).await;
    assert!(
        !super::findings(&answer, "quorum_flapping").is_empty(),
        "{}\n{:#}",
        answer.text,
        answer.data["since"]
    );
    fires(&answer, "quorum_flapping", &[], &[]);
    assert!(
        evidence(&answer, "quorum_flapping").contains("elections in"),
        "{}",
        answer.text
    );
}

/// What Kafka says of a group's state.
fn state(bed: &Bed, group: &str) -> String {
    bed.kafka(
        CONSUMER_GROUPS,
        &["--describe", "--group", group, "--state"],
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_does_not_get_through_its_rebalance_and_one_that_commits_nothing_are_named() {
    let bed = shared();
    let topic = bed.plant_topic("0-hanging", 2).unwrap();
    let records: Vec<_> = (0..6)
        .map(|n| RecordPlan::value("v").partition(n % 2))
        .collect();
    let [hangs, stuck, works] =
        ["hangs", "stuck", "works"].map(|stem| bed.name(&format!("0-{stem}")));
    bed.commit(&[
        CommitPlan::new(&stuck).at(&topic, 0, 0).at(&topic, 1, 0),
        CommitPlan::new(&works).at(&topic, 0, 0).at(&topic, 1, 0),
    ])
    .unwrap();
    bed.produce(&topic, &records).unwrap();
    // The first member never gives up what it holds, so the second one waits.
    let patient = [("plant.stuck", "true"), ("max.poll.interval.ms", "300000")];
    let _first = bed
        .join_process(GroupKind::Classic, &topic, &hangs, &patient)
        .unwrap();
    let _second = bed.knock(GroupKind::Classic, &topic, &hangs, &[]).unwrap();
    let _idle = bed.join(GroupKind::Classic, &topic, &stuck, &[]).unwrap();
    let commits = [
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", "100"),
    ];
    let _busy = bed
        .join(GroupKind::Classic, &topic, &works, &commits)
        .unwrap();
    let client = client(&bed).await;
    let first = super::health_when(&client, |_| state(&bed, &hangs).contains("Rebalance")).await;
    for rule in ["group_rebalancing", "group_stuck"] {
        silent(&first, rule, &[&hangs, &stuck, &works]);
    }
    // A minute and more, as less is no rebalance that takes too long.
    let wanted = [
        ("group_rebalancing", hangs.as_str()),
        ("group_stuck", &stuck),
    ];
    let answer = until_named(&client, &snapshot(&first), &wanted).await;
    fires(&answer, "group_rebalancing", &[&hangs], &[&stuck, &works]);
    fires(&answer, "group_stuck", &[&stuck], &[&works]);
    assert!(
        evidence(&answer, "group_stuck").contains("nothing committed for"),
        "{}",
        answer.text
    );
}
