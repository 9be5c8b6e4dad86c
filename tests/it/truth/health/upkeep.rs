//! What an upgrade or a careless placement leaves behind: feature levels, racks.

use super::{client, evidence, findings, fires, health, health_when, named, names, silent};
use crate::support::bed::{TopicPlan, exclusive};

const FEATURES: &str = "org.apache.kafka.tools.FeatureCommand";

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_behind_what_all_brokers_support_is_named_until_it_is_raised() {
    let bed = exclusive();
    let rule = "feature_behind";
    let client = client(&bed).await;
    let before = health(&client).await;
    assert!(findings(&before, rule).is_empty(), "{}", before.text);
    bed.kafka(FEATURES, &["downgrade", "--feature", "streams.version=0"])
        .unwrap();
    let during = health_when(&client, |a| !findings(a, rule).is_empty()).await;
    fires(&during, rule, &[], &[]);
    let said = evidence(&during, rule);
    assert!(said.contains("streams.version"), "{said}");
    assert!(!said.contains("group.version"), "{said}");
    bed.kafka(FEATURES, &["upgrade", "--feature", "streams.version=1"])
        .unwrap();
    health_when(&client, |a| findings(a, rule).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_share_a_rack_are_named_and_so_is_a_broker_without_one() {
    let bed = exclusive();
    let (shared, spread) = (bed.name("0-shared"), bed.name("0-spread"));
    bed.plant_topics(&[
        TopicPlan::assigned(&shared, &[&[1, 2]]),
        TopicPlan::assigned(&spread, &[&[1, 3], &[3, 2]]),
    ])
    .unwrap();
    let client = client(&bed).await;
    let rules = ["replicas_in_one_rack", "brokers_without_rack"];
    let [both, apart, apart_too] = [
        format!("{shared}-0"),
        format!("{spread}-0"),
        format!("{spread}-1"),
    ];
    let before = health(&client).await;
    silent(&before, rules[0], &[&both, &apart, &apart_too]);
    assert!(named(&before, rules[1]).is_empty(), "{}", before.text);

    bed.reconfigure(2, "broker.rack", Some("rack-1"));
    let one_rack = health_when(&client, |a| names(a, rules[0], &both)).await;
    fires(&one_rack, rules[0], &[&both], &[&apart, &apart_too]);
    assert!(
        evidence(&one_rack, rules[0]).contains("rack-1"),
        "{}",
        one_rack.text
    );

    bed.reconfigure(2, "broker.rack", None);
    let without = health_when(&client, |a| names(a, rules[1], "broker 2")).await;
    fires(&without, rules[1], &["broker 2"], &["broker 1", "broker 3"]);
    silent(&without, rules[0], &[&both]);

    bed.reconfigure(2, "broker.rack", Some("rack-2"));
    health_when(&client, |a| {
        !names(a, rules[0], &both) && named(a, rules[1]).is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_holds_and_leads_much_more_than_the_others_is_named() {
    let bed = exclusive();
    let topic = bed.name("0-heavy");
    let one: &[i32] = &[1];
    let heavy = "broker 1";
    let client = client(&bed).await;
    bed.plant_topics(&[TopicPlan::assigned(&topic, &[one; 120])])
        .unwrap();
    for rule in ["replica_skew", "leader_skew"] {
        let answer = health_when(&client, |a| names(a, rule, heavy)).await;
        fires(&answer, rule, &[heavy], &[]);
        assert!(evidence(&answer, rule).contains(heavy), "{}", answer.text);
    }
    bed.drop_topics(&[topic]).unwrap();
}
