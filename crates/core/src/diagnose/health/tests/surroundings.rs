//! Quorum, disks, gaps and the verdict over it all.

use super::*;
use crate::model::{ConfigEntry, ConfigResource, ConfigSource};

#[test]
fn a_sound_cluster_has_no_findings_and_is_healthy() {
    let report = report(&sound());
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.verdict, Verdict::Healthy);
    assert!(report.unchecked.is_empty());
    assert_eq!((report.brokers_online, report.brokers_expected), (3, 3));
    assert_eq!((report.topics, report.partitions), (Some(2), Some(9)));
    assert!(report.why.contains("3 brokers online"), "{}", report.why);
}

#[test]
fn the_quorum_is_judged_by_leader_voters_and_majority() {
    type Expected = &'static [(Rule, Severity)];
    let table: [(&str, Option<i32>, Vec<QuorumMember>, Expected); 6] = [
        (
            "no leader",
            None,
            vec![voter(1, 0, 0), voter(2, 0, 0), voter(3, 0, 0)],
            &[(Rule::QuorumNoLeader, Severity::Critical)],
        ),
        (
            "one of three silent",
            Some(3),
            vec![voter(1, 5_000, 60_000), voter(2, 0, 100), voter(3, 0, 0)],
            &[
                (Rule::QuorumVoterLagging, Severity::Warning),
                (Rule::QuorumNoHeadroom, Severity::Warning),
            ],
        ),
        (
            "one of five silent leaves headroom",
            Some(3),
            vec![
                voter(1, 9, 60_000),
                voter(2, 0, 9),
                voter(3, 0, 0),
                voter(4, 0, 9),
                voter(5, 0, 9),
            ],
            &[(Rule::QuorumVoterLagging, Severity::Warning)],
        ),
        (
            "behind but fetching",
            Some(3),
            vec![
                voter(1, 1_001, 100),
                voter(2, 1_000, 10_000),
                voter(3, 0, 0),
            ],
            &[(Rule::QuorumVoterLagging, Severity::Warning)],
        ),
        (
            "a single voter by design",
            Some(3),
            vec![voter(3, 0, 0)],
            &[(Rule::QuorumNoHeadroom, Severity::Info)],
        ),
        (
            "just started: the leader has not heard of a voter yet",
            Some(3),
            vec![
                QuorumMember {
                    last_fetch_ms: None,
                    ..voter(1, 0, 0)
                },
                voter(2, 0, 0),
                voter(3, 0, 0),
            ],
            &[],
        ),
    ];
    for (case, leader, voters, expected) in table {
        let mut snapshot = sound();
        let quorum = snapshot.cluster.quorum.as_mut().unwrap();
        quorum.leader_id = leader;
        quorum.voters = voters;
        assert_eq!(rules(&report(&snapshot)), expected, "{case}");
    }
}

#[test]
fn voters_are_measured_by_the_leaders_clock_not_by_ours() {
    let mut snapshot = sound();
    snapshot.now_ms += 3_600_000;
    assert!(report(&snapshot).findings.is_empty());
}

#[test]
fn disks_are_judged_by_share_and_only_where_the_broker_says() {
    // error, total, free -> rule and severity
    let table = [
        (None, 500, 76, None),
        (
            None,
            500,
            75,
            Some((Rule::DiskNearlyFull, Severity::Warning)),
        ),
        (
            None,
            500,
            25,
            Some((Rule::DiskNearlyFull, Severity::Critical)),
        ),
        (
            None,
            500,
            0,
            Some((Rule::DiskNearlyFull, Severity::Critical)),
        ),
        (None, -1, -1, None),
        (None, 0, 0, None),
        (
            Some("KAFKA_STORAGE_ERROR"),
            -1,
            -1,
            Some((Rule::FailedLogDir, Severity::Critical)),
        ),
    ];
    for (error, total, usable, expected) in table {
        let mut snapshot = sound();
        // All are used alike, so that nothing is said of skew.
        snapshot.log_dirs = Some((1..=3).map(|id| dir(id, None, 500, 100)).collect());
        snapshot.log_dirs.as_mut().unwrap()[1] = dir(2, error, total, usable);
        let report = report(&snapshot);
        assert_eq!(
            rules(&report),
            Vec::from_iter(expected),
            "{error:?} {total} {usable}"
        );
        if expected.is_some() {
            assert_eq!(only(&report).brokers, [2]);
            assert!(only(&report).evidence[0].starts_with("broker 2 /var/lib/kafka/data"));
        }
    }
}

#[test]
fn an_online_broker_that_does_not_answer_is_found_and_a_refusal_is_not() {
    let gap = |why: &str| Missing {
        what: "log dirs of broker 2".into(),
        broker: Some(2),
        why: why.into(),
    };
    let mut snapshot = sound();
    snapshot.missing = vec![gap(
        "`kafka-2.internal:9092`: no answer to DescribeLogDirs within 10000 ms",
    )];
    let judged = report(&snapshot);
    assert_eq!(only(&judged).rule, Rule::SilentBrokers);
    assert_eq!(judged.verdict, Verdict::Degraded);
    assert_eq!(judged.unchecked.len(), 1);
    snapshot.missing = vec![gap(
        "not authorized: DescribeLogDirs on cluster (CLUSTER_AUTHORIZATION_FAILED)",
    )];
    let judged = report(&snapshot);
    assert!(judged.findings.is_empty());
    assert_eq!(judged.verdict, Verdict::Healthy);
    assert_eq!(judged.unchecked.len(), 1);
}

#[test]
fn what_a_fenced_broker_does_not_tell_is_no_news() {
    let mut snapshot = sound();
    snapshot.cluster.brokers[1].state = BrokerState::Fenced;
    snapshot.missing = vec![Missing {
        what: "log dirs of broker 2".into(),
        broker: Some(2),
        why: "the broker is fenced (dead, frozen or starting)".into(),
    }];
    let judged = report(&snapshot);
    assert_eq!(only(&judged).rule, Rule::FencedBrokers);
    assert_eq!(judged.why, "fenced brokers (broker 2)");
    assert_eq!(judged.unchecked.len(), 1);
}

#[test]
fn a_gap_forbids_healthy_only_where_it_could_hide_something() {
    let table = [
        (
            "topic `orders`",
            "not authorized: Metadata",
            Verdict::Unknown,
        ),
        ("log dirs of broker 2", "Protocol: broken", Verdict::Unknown),
        (
            "fenced brokers",
            "the broker offers DescribeCluster up to version 1",
            Verdict::Healthy,
        ),
        ("feature levels", "not authorized", Verdict::Healthy),
        (
            "committed offsets of 40 groups",
            "Protocol: broken",
            Verdict::Healthy,
        ),
        (
            "open transactions",
            "`kafka-2.internal:9092`: Protocol: broken",
            Verdict::Healthy,
        ),
        (
            "log dirs of broker 2",
            "left out: too many replicas",
            Verdict::Healthy,
        ),
        (
            "configs of topic `orders`",
            "not authorized",
            Verdict::Healthy,
        ),
    ];
    for (what, why, verdict) in table {
        let mut snapshot = sound();
        snapshot.missing = vec![Missing {
            what: what.into(),
            broker: None,
            why: why.into(),
        }];
        let judged = report(&snapshot);
        assert_eq!(judged.verdict, verdict, "{what}");
        assert_eq!(judged.unchecked.len(), 1);
    }
}

#[test]
fn what_cannot_be_seen_forbids_healthy_but_does_not_hide_what_is_seen() {
    let mut snapshot = sound();
    snapshot.topics = None;
    snapshot.missing = vec![Missing {
        what: "topics".into(),
        broker: None,
        why: "no answer".into(),
    }];
    assert_eq!(report(&snapshot).verdict, Verdict::Unknown);
    snapshot.cluster.quorum.as_mut().unwrap().leader_id = None;
    let judged = report(&snapshot);
    assert_eq!(judged.verdict, Verdict::Critical);
    assert!(judged.why.contains("not known: topics"), "{}", judged.why);
}

#[test]
fn silent_brokers_beside_an_unknown_quorum_are_not_merely_degraded() {
    let gap = |what: &str, broker| Missing {
        what: what.into(),
        broker,
        why: "`kafka-2.internal:9092`: no answer to it within 2000 ms".into(),
    };
    let mut snapshot = sound();
    snapshot.missing = vec![gap("log dirs of broker 2", Some(2))];
    assert_eq!(report(&snapshot).verdict, Verdict::Degraded);
    snapshot.cluster.quorum = None;
    snapshot.missing.push(gap("the controller quorum", None));
    let judged = report(&snapshot);
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert_eq!(
        judged.why,
        "silent brokers (broker 2); besides, not known: the metadata quorum, log dirs of broker 2"
    );
}

#[test]
fn when_most_brokers_are_silent_the_verdict_is_unknown() {
    for (silent, verdict) in [(vec![2], Verdict::Degraded), (vec![2, 3], Verdict::Unknown)] {
        let mut snapshot = sound();
        snapshot.missing = silent
            .iter()
            .map(|id| Missing {
                what: format!("log dirs of broker {id}"),
                broker: Some(*id),
                why: "`kafka.internal:9092`: connection refused".into(),
            })
            .collect();
        let judged = report(&snapshot);
        assert_eq!(judged.verdict, verdict, "{silent:?}");
        let evidence = only(&judged).evidence.join("; ");
        assert!(evidence.contains("led there"), "{evidence}");
    }
}

#[test]
fn a_quorum_that_fails_to_answer_is_unknown_and_one_that_is_not_offered_is_no_matter() {
    let gap = |why: &str| Missing {
        what: "metadata quorum".into(),
        broker: None,
        why: why.into(),
    };
    for (why, verdict) in [
        (
            "`kafka-1.internal:9092`: no answer to DescribeQuorum within 10000 ms",
            Verdict::Unknown,
        ),
        (
            "DescribeQuorum is not offered by broker `ns.servicebus.windows.net:9093`",
            Verdict::Healthy,
        ),
    ] {
        let mut snapshot = sound();
        snapshot.cluster.quorum = None;
        snapshot.missing = vec![gap(why)];
        let report = report(&snapshot);
        assert_eq!(report.verdict, verdict, "{why}");
        assert_eq!(report.unchecked.len(), 1);
    }
}

#[test]
fn min_insync_replicas_are_read_from_topic_configurations() {
    let entry = |value: Option<&str>| ConfigEntry {
        name: MIN_INSYNC_REPLICAS.into(),
        value: value.map(Into::into),
        default: None,
        source: ConfigSource::Default,
        sensitive: false,
        read_only: false,
        value_type: None,
        synonyms: vec![],
        documentation: None,
    };
    let of = |kind, name: &str, value| ResourceConfigs {
        resource: ConfigResource {
            kind,
            name: name.into(),
        },
        entries: vec![entry(value)],
    };
    let read = min_insync_replicas(&[
        of(ResourceKind::Topic, "orders", Some("2")),
        of(ResourceKind::Topic, "hidden", None),
        of(ResourceKind::Broker, "1", Some("2")),
    ]);
    assert_eq!(read, [("orders".to_owned(), 2)].into());
}

#[test]
fn findings_are_ordered_worst_first_and_rules_are_snake_case() {
    let mut snapshot = sound();
    without(&mut snapshot, 3);
    snapshot.log_dirs.as_mut().unwrap()[0] = dir(1, None, 100, 2);
    snapshot.min_insync_replicas.insert("orders".into(), 3);
    let report = report(&snapshot);
    let severities: Vec<_> = report.findings.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted(), "{severities:?}");
    assert_eq!(
        serde_json::to_value(&report.findings[0]).unwrap()["rule"],
        "under_min_isr"
    );
}
