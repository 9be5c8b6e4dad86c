//! Which rule is shown to fire where: on a real cluster by the test that is named, or in a recorded snapshot by the
//! table of the core (`crates/core/src/diagnose/health/tests/table.rs`), which has a case for each rule and a sound
//! cluster in which all are silent.

use kafkaweave_core::diagnose::health::Rule;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const DEAD: &str =
    "a_dead_broker_is_behind_each_kind_of_trouble_that_it_makes_and_behind_nothing_else";
const SETTINGS: &str =
    "each_risky_setting_is_named_with_its_topic_and_a_sound_topic_beside_it_is_not";
const RACKS: &str = "replicas_that_share_a_rack_are_named_and_so_is_a_broker_without_one";
const SKEW: &str = "a_broker_that_holds_and_leads_much_more_than_the_others_is_named";
const MOVES: &str =
    "a_reassignment_is_named_while_it_goes_on_stuck_when_its_target_is_gone_and_then_never";
const GROUPS: &str =
    "a_group_that_does_not_get_through_its_rebalance_and_one_that_commits_nothing_are_named";

/// Rules that fire on a real cluster, and the test that makes them.
const REAL: &[(Rule, &str)] = &[
    (Rule::OfflinePartitions, DEAD),
    (Rule::UnderMinIsr, DEAD),
    (Rule::AtMinIsr, DEAD),
    (Rule::UnderReplicated, DEAD),
    (Rule::InternalTopicUnderReplicated, DEAD),
    (Rule::FencedBrokers, DEAD),
    (Rule::QuorumVoterLagging, DEAD),
    (Rule::QuorumNoHeadroom, DEAD),
    (Rule::PreferredLeaderImbalance, DEAD),
    (
        Rule::SilentBrokers,
        "a_frozen_broker_is_silent_until_it_is_fenced",
    ),
    (
        Rule::MissingBrokers,
        "a_broker_that_was_taken_off_the_list_and_still_has_replicas_is_missing_until_it_is_back",
    ),
    (
        Rule::FailedLogDir,
        "a_failed_log_dir_is_named_with_the_partitions_that_lived_there_alone",
    ),
    (
        Rule::DiskNearlyFull,
        "the_share_of_a_volume_that_is_used_decides_and_is_as_the_system_says",
    ),
    (
        Rule::DiskFillingUp,
        "a_disk_that_fills_fast_is_named_with_the_hours_that_are_left",
    ),
    (
        Rule::HangingTransactions,
        "a_hanging_transaction_is_critical_until_it_is_aborted_and_an_open_one_is_not",
    ),
    (
        Rule::QuorumFlapping,
        "a_quorum_that_elects_leader_after_leader_is_named",
    ),
    (
        Rule::LeadersFlapping,
        "a_partition_whose_leader_goes_to_and_fro_is_named_and_the_ones_beside_it_are_not",
    ),
    (Rule::ReassignmentInProgress, MOVES),
    (Rule::ReassignmentStuck, MOVES),
    (
        Rule::ThrottleLeftBehind,
        "a_throttle_without_a_reassignment_is_named_until_it_is_gone",
    ),
    (
        Rule::OffsetsLost,
        "a_group_whose_next_records_are_deleted_has_lost_them",
    ),
    (Rule::GroupRebalancing, GROUPS),
    (Rule::GroupStuck, GROUPS),
    (
        Rule::StaticMembersGone,
        "a_static_member_that_left_for_now_is_named_until_it_is_back",
    ),
    (
        Rule::GroupEmptyWithLag,
        "an_empty_group_with_a_backlog_is_named_and_one_without_is_not",
    ),
    (Rule::ReplicationFactorOne, SETTINGS),
    (Rule::MinIsrNotBelowReplication, SETTINGS),
    (Rule::UncleanElectionEnabled, SETTINGS),
    (Rule::MessageSizesMisfit, SETTINGS),
    (Rule::RetentionNearZero, SETTINGS),
    (Rule::SegmentOutlivesRetention, SETTINGS),
    (Rule::CompactionDefeated, SETTINGS),
    (Rule::ReplicasInOneRack, RACKS),
    (Rule::BrokersWithoutRack, RACKS),
    (Rule::ReplicaSkew, SKEW),
    (Rule::LeaderSkew, SKEW),
    (
        Rule::FeatureBehind,
        "a_feature_behind_what_all_brokers_support_is_named_until_it_is_raised",
    ),
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All sources below a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    text
}

#[test]
fn every_rule_is_shown_on_a_real_cluster_or_in_a_recorded_snapshot() {
    let tests = sources(&here("tests/it/truth/health"));
    let mut table = String::new();
    for rule in Rule::ALL {
        let real: Vec<&str> = REAL
            .iter()
            .filter(|(of, _)| of == rule)
            .map(|(_, test)| *test)
            .collect();
        for test in &real {
            assert!(tests.contains(&format!("async fn {test}(")), "{test}");
        }
        // The name stands in the test too, so that a row cannot point at a test of something else.
        let quoted = format!("\"{}\"", rule.id());
        assert!(real.is_empty() || tests.contains(&quoted), "{quoted}");
        let evidence = match real.as_slice() {
            [] => "recorded snapshot".to_owned(),
            real => format!("real cluster: {}", real.join(", ")),
        };
        table.push_str(&format!("{:<34} {evidence}\n", rule.id()));
    }
    insta::with_settings!(
        { snapshot_path => "../../snapshots", prepend_module_to_snapshot => false, omit_expression => true },
        { insta::assert_snapshot!("health_rules", table) }
    );
}

#[test]
fn every_tool_that_a_finding_leads_to_exists() {
    let known: BTreeSet<&str> = kafkaweave::tools::all().map(|t| t.name).collect();
    let text = sources(&here("crates/core/src/diagnose/health"));
    let mut named = BTreeSet::new();
    for part in text.split("\"kafka_").skip(1) {
        let rest = part.split('"').next().unwrap();
        named.insert(format!("kafka_{rest}"));
    }
    assert!(named.len() > 3, "{named:?}");
    for tool in named {
        assert!(known.contains(tool.as_str()), "{tool} is no tool");
    }
}
