//! Settings that hold a risk, on topics beside one without any.

use super::{client, evidence, fires, health, silent};
use crate::support::bed::{TopicPlan, shared};

#[tokio::test(flavor = "multi_thread")]
async fn each_risky_setting_is_named_with_its_topic_and_a_sound_topic_beside_it_is_not() {
    let bed = shared();
    // Rule, stem, replicas, settings, what the evidence says.
    type Case = (
        &'static str,
        &'static str,
        i16,
        &'static [(&'static str, &'static str)],
        &'static str,
    );
    let cases: [Case; 7] = [
        ("replication_factor_one", "single", 1, &[], "one replica"),
        (
            "min_isr_not_below_replication",
            "demanding",
            3,
            &[("min.insync.replicas", "3")],
            "min.insync.replicas 3, replication factor 3",
        ),
        (
            "unclean_election_enabled",
            "unclean",
            3,
            &[("unclean.leader.election.enable", "true")],
            "unclean.leader.election.enable",
        ),
        (
            "message_sizes_misfit",
            "large",
            3,
            &[("max.message.bytes", "200000000")],
            "200000000",
        ),
        (
            "retention_near_zero",
            "fleeting",
            3,
            &[("retention.ms", "0")],
            "retention.ms",
        ),
        (
            "segment_outlives_retention",
            "lasting",
            3,
            &[("retention.ms", "3600000"), ("segment.ms", "604800000")],
            "segment.ms",
        ),
        (
            "compaction_defeated",
            "uncompacted",
            3,
            &[
                ("cleanup.policy", "compact"),
                ("min.cleanable.dirty.ratio", "1.0"),
            ],
            "min.cleanable.dirty.ratio",
        ),
    ];
    let sound = bed.name("0-sound");
    let names: Vec<String> = cases
        .iter()
        .map(|(_, stem, ..)| bed.name(&format!("0-{stem}")))
        .collect();
    let mut plans: Vec<TopicPlan> = cases
        .iter()
        .zip(&names)
        .map(|((_, _, replicas, settings, _), name)| {
            let plan = TopicPlan::new(name, 1).replication(*replicas);
            settings.iter().fold(plan, |p, (k, v)| p.config(k, v))
        })
        .collect();
    plans.push(TopicPlan::new(&sound, 2).config("min.insync.replicas", "2"));
    let client = client(&bed).await;
    bed.plant_topics(&plans).unwrap();
    let answer = health(&client).await;
    for ((rule, _, _, _, says), name) in cases.iter().zip(&names) {
        let others: Vec<&str> = names
            .iter()
            .filter(|n| *n != name)
            .map(String::as_str)
            .chain([sound.as_str()])
            .collect();
        fires(&answer, rule, &[name], &others);
        let evidence = evidence(&answer, rule);
        assert!(evidence.contains(says), "{rule}: {evidence}");
    }
    for finding in answer.data["findings"].as_array().unwrap() {
        silent(&answer, finding["rule"].as_str().unwrap(), &[&sound]);
    }
    bed.drop_topics(&names).unwrap();
}
