//! A broker away: what that does to partitions by their replicas and settings, to the quorum, and afterwards.

use super::super::tokens;
use super::{client, evidence, fires, health, health_when, named, names, silent};
use crate::support::bed::{CommitPlan, NODES, RecordPlan, TopicPlan, exclusive};

const ELECTION: &str = "org.apache.kafka.tools.LeaderElectionCommand";

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_broker_is_behind_each_kind_of_trouble_that_it_makes_and_behind_nothing_else() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    let others: Vec<i32> = NODES.into_iter().filter(|n| *n != node).collect();
    let [solo, strict, exact, loose] =
        ["solo", "strict", "exact", "loose"].map(|stem| bed.name(&format!("0-{stem}")));
    let all = [node, others[0], others[1]];
    bed.plant_topics(&[
        TopicPlan::assigned(&solo, &[&[node], &[others[0]]]),
        TopicPlan::assigned(&strict, &[&[node, others[0]], &others])
            .config("min.insync.replicas", "2"),
        TopicPlan::assigned(&exact, &[&all]).config("min.insync.replicas", "2"),
        TopicPlan::assigned(&loose, &[&all]).config("min.insync.replicas", "1"),
    ])
    .unwrap();
    // Kafka's own topic of offsets exists from the first commit on.
    bed.produce(&loose, &[RecordPlan::value("v")]).unwrap();
    bed.commit(&[CommitPlan::new(&bed.name("0-group")).at(&loose, 0, 1)])
        .unwrap();
    let client = client(&bed).await;
    let down = format!("broker {node}");
    let partition = |topic: &str, index: i32| format!("{topic}-{index}");
    let own = [
        partition(&solo, 0),
        partition(&strict, 0),
        partition(&exact, 0),
        partition(&loose, 0),
    ];
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let [solo_0, strict_0, exact_0, loose_0] = own[..] else {
        unreachable!()
    };
    let beside = [partition(&solo, 1), partition(&strict, 1)];
    let beside: Vec<&str> = beside.iter().map(String::as_str).collect();

    let faults = [
        "offline_partitions",
        "leaderless_partitions",
        "under_min_isr",
        "at_min_isr",
        "under_replicated",
        "internal_topic_under_replicated",
        "fenced_brokers",
        "silent_brokers",
        "missing_brokers",
        "quorum_voter_lagging",
        "quorum_no_headroom",
    ];
    let before = health_when(&client, |a| {
        faults.iter().all(|rule| named(a, rule).is_empty())
    })
    .await;
    let points_before = before.data["score"]["points"].as_i64().unwrap();

    bed.kill(node);
    bed.await_fenced(node);
    // The quorum's leader takes a voter for silent after ten seconds.
    let during = health_when(&client, |a| {
        names(a, "quorum_voter_lagging", &down) && names(a, "fenced_brokers", &down)
    })
    .await;
    assert_eq!(during.data["verdict"], "critical", "{}", during.text);
    fires(&during, "offline_partitions", &[solo_0, &down], &beside);
    fires(&during, "under_min_isr", &[strict_0, &down], &beside);
    silent(&during, "under_min_isr", &[solo_0, exact_0, loose_0]);
    fires(&during, "at_min_isr", &[exact_0, &down], &beside);
    silent(&during, "at_min_isr", &[solo_0, strict_0, loose_0]);
    fires(&during, "under_replicated", &own, &beside);
    fires(&during, "fenced_brokers", &[&down], &[]);
    let offsets = ["__consumer_offsets-0", "__consumer_offsets-1"];
    fires(&during, "internal_topic_under_replicated", &offsets, &own);
    fires(&during, "quorum_voter_lagging", &[&down], &[]);
    let headroom = evidence(&during, "quorum_no_headroom");
    assert!(headroom.contains("2 of 3 voters"), "{headroom}");
    for other in &others {
        let other = format!("broker {other}");
        for rule in faults {
            silent(&during, rule, &[&other]);
        }
    }
    let points = during.data["score"]["points"].as_i64().unwrap();
    assert!(points < points_before, "{}", during.text);
    let price = tokens(&during.text);
    assert!(price <= 1_500, "{price} tokens\n{}", during.text);

    bed.restore();
    let after = health_when(&client, |a| {
        faults.iter().all(|rule| named(a, rule).is_empty())
    })
    .await;
    // It leads nothing yet, though it is preferred for all of ours.
    fires(
        &after,
        "preferred_leader_imbalance",
        &[&down, exact_0, loose_0],
        &[solo_0, beside[1]],
    );
    let all_preferred = ["--election-type", "preferred", "--all-topic-partitions"];
    bed.kafka(ELECTION, &all_preferred).unwrap();
    let elected = health_when(&client, |a| !names(a, "preferred_leader_imbalance", &down)).await;
    silent(&elected, "preferred_leader_imbalance", &own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_is_silent_until_it_is_fenced() {
    let bed = exclusive();
    let node = bed.quorum_follower().unwrap();
    let client = client(&bed).await;
    let frozen = format!("broker {node}");
    // One that has just come back may be slow at first.
    health_when(&client, |a| !names(a, "silent_brokers", &frozen)).await;
    bed.freeze(node);
    let at_once = health(&client).await;
    fires(&at_once, "silent_brokers", &[&frozen], &[]);
    assert!(
        evidence(&at_once, "silent_brokers").contains("no answer to"),
        "{}",
        at_once.text
    );
    assert_ne!(at_once.data["verdict"], "healthy", "{}", at_once.text);
    bed.await_fenced(node);
    let fenced = health_when(&client, |a| names(a, "fenced_brokers", &frozen)).await;
    silent(&fenced, "silent_brokers", &[&frozen]);
    bed.thaw(node);
    let rules = ["silent_brokers", "fenced_brokers"];
    health_when(&client, |a| rules.iter().all(|r| !names(a, r, &frozen))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_taken_off_the_list_and_still_has_replicas_is_missing_until_it_is_back() {
    let bed = exclusive();
    let rule = "missing_brokers";
    let node = bed.quorum_follower().unwrap();
    let others: Vec<i32> = NODES.into_iter().filter(|n| *n != node).collect();
    let (other, third) = (others[0], others[1]);
    let topic = bed.name("0-orphan");
    bed.plant_topics(&[TopicPlan::assigned(
        &topic,
        &[&[other, node], &[other, third]],
    )])
    .unwrap();
    let client = client(&bed).await;
    let gone = format!("broker {node}");
    silent(&health(&client).await, rule, &[&gone]);
    bed.kill(node);
    bed.await_fenced(node);
    silent(&health(&client).await, rule, &[&gone]);
    let boot = bed.address(other, crate::support::bed::Listener::Plaintext);
    let id = node.to_string();
    let class = "org.apache.kafka.tools.ClusterTool";
    let words = [
        class,
        "unregister",
        "--bootstrap-server",
        &boot,
        "--id",
        &id,
    ];
    bed.tool(&words, "").unwrap();
    let answer = health_when(&client, |a| names(a, rule, &gone)).await;
    let (held, beside) = (format!("{topic}-0"), format!("{topic}-1"));
    fires(
        &answer,
        rule,
        &[&gone, &held],
        &[&beside, &format!("broker {other}")],
    );
    silent(&answer, "fenced_brokers", &[&gone]);
    bed.restore();
    health_when(&client, |a| !names(a, rule, &gone)).await;
}
