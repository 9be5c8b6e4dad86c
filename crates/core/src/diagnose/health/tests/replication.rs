//! Partitions and the brokers behind them.

use super::*;

#[test]
fn a_fenced_broker_is_named_behind_the_partitions_that_it_left() {
    let mut snapshot = sound();
    snapshot.cluster.brokers[2].state = BrokerState::Fenced;
    without(&mut snapshot, 3);
    let report = report(&snapshot);
    assert_eq!(
        rules(&report),
        [
            (Rule::FencedBrokers, Severity::Warning),
            (Rule::AtMinIsr, Severity::Warning),
            (Rule::UnderReplicated, Severity::Warning),
            (Rule::InternalTopicUnderReplicated, Severity::Warning),
        ]
    );
    assert_eq!(report.verdict, Verdict::Degraded);
    let [fenced, at, short, _] = report.findings.as_slice() else {
        panic!()
    };
    assert_eq!(
        (fenced.subject.as_str(), fenced.partitions.len()),
        ("broker 3", 9)
    );
    assert!(
        fenced
            .evidence
            .iter()
            .any(|e| e.contains("kafka-3.internal:9092"))
    );
    assert_eq!(
        at.subject,
        "6 partitions, e.g. orders-0, orders-1, orders-2"
    );
    assert_eq!(at.brokers, [3]);
    assert_eq!(short.partitions.len(), 9);
    assert_eq!(short.evidence[0], "behind all 9: broker 3 (fenced)");
    assert!(short.remedy.contains("broker 3"));
}

#[test]
fn a_broker_that_is_gone_is_missing_not_fenced() {
    let mut snapshot = sound();
    snapshot.cluster.brokers.remove(1);
    without(&mut snapshot, 2);
    assert_eq!(
        missing_brokers(snapshot.topics.as_deref().unwrap(), &snapshot.cluster),
        [2]
    );
    let report = report(&snapshot);
    assert_eq!(report.findings[0].rule, Rule::MissingBrokers);
    assert_eq!(report.findings[0].brokers, [2]);
    assert_eq!((report.brokers_online, report.brokers_expected), (2, 3));
    assert!(report.findings[1].evidence[0].contains("broker 2 (not listed by the cluster)"));
    assert_eq!(report.verdict, Verdict::Degraded);
}

#[test]
fn partitions_without_a_leader_are_critical_and_name_who_can_lead_again() {
    let mut snapshot = sound();
    snapshot.cluster.brokers[0].state = BrokerState::Fenced;
    orders(&mut snapshot)[4] = partition(4, -1, &[1, 2, 3], &[1]);
    let report = report(&snapshot);
    let found = &report.findings[0];
    assert_eq!(
        (found.rule, found.severity),
        (Rule::OfflinePartitions, Severity::Critical)
    );
    assert_eq!(found.subject, "partition orders-4");
    assert_eq!(found.brokers, [1]);
    assert!(found.remedy.contains("start broker 1"), "{}", found.remedy);
    assert_eq!(report.verdict, Verdict::Critical);
    assert!(report.why.contains("orders-4"), "{}", report.why);
    // It is not told again as under min ISR, but counts as under-replicated as Kafka counts.
    assert!(
        !rules(&report)
            .iter()
            .any(|(rule, _)| *rule == Rule::UnderMinIsr)
    );
    let short = report
        .findings
        .iter()
        .find(|f| f.rule == Rule::UnderReplicated)
        .unwrap();
    assert!(
        short
            .evidence
            .iter()
            .any(|e| e.contains("1 have no leader")),
        "{short:#?}"
    );
}

#[test]
fn fewer_in_sync_than_the_minimum_is_critical_exactly_below_it() {
    // replicas in sync, min ISR -> the rule that says so
    let table = [
        (vec![1, 2, 3], 2, None),
        (vec![1, 2], 2, Some(Rule::AtMinIsr)),
        (vec![1], 2, Some(Rule::UnderMinIsr)),
        (vec![1, 2], 1, Some(Rule::UnderReplicated)),
        (vec![1], 1, Some(Rule::AtMinIsr)),
    ];
    for (isr, min_isr, worst) in table {
        let mut snapshot = sound();
        orders(&mut snapshot)[0] = partition(0, 1, &[1, 2, 3], &isr);
        snapshot
            .min_insync_replicas
            .insert("orders".into(), min_isr);
        let report = report(&snapshot);
        assert_eq!(
            report.findings.first().map(|f| f.rule),
            worst,
            "{isr:?} {min_isr}"
        );
        let verdict = match worst {
            None => Verdict::Healthy,
            Some(Rule::UnderMinIsr) => Verdict::Critical,
            Some(_) => Verdict::Degraded,
        };
        assert_eq!(report.verdict, verdict, "{isr:?} {min_isr}");
    }
}

#[test]
fn an_unknown_minimum_is_said_and_not_guessed() {
    let mut snapshot = sound();
    orders(&mut snapshot)[0] = partition(0, 1, &[1, 2, 3], &[1]);
    snapshot.min_insync_replicas.remove("orders");
    let report = report(&snapshot);
    let found = only(&report);
    assert_eq!(found.rule, Rule::UnderReplicated);
    assert!(
        found.evidence.iter().any(|e| e.contains("is not known")),
        "{found:#?}"
    );
    assert!(
        report.unchecked[0].contains("1 of 2 topics"),
        "{:?}",
        report.unchecked
    );
}

#[test]
fn a_rack_is_named_when_no_single_broker_is_behind_it() {
    let mut snapshot = sound();
    for id in [4, 5] {
        snapshot.cluster.brokers.push(Broker {
            rack: Some("eu-central-1d".into()),
            ..broker(id, BrokerState::Fenced)
        });
    }
    orders(&mut snapshot)[0] = partition(0, 1, &[1, 2, 4], &[1, 2]);
    orders(&mut snapshot)[1] = partition(1, 2, &[2, 1, 5], &[2, 1]);
    let found = report(&snapshot);
    let found = found
        .findings
        .iter()
        .find(|f| f.rule == Rule::UnderReplicated)
        .unwrap();
    assert!(found.brokers.is_empty());
    assert_eq!(found.evidence[0], "behind all 2: rack eu-central-1d");
    orders(&mut snapshot)[2] = partition(2, 3, &[3, 1, 2], &[3, 1]);
    let found = report(&snapshot);
    let found = found
        .findings
        .iter()
        .find(|f| f.rule == Rule::UnderReplicated)
        .unwrap();
    assert!(
        found.evidence[0].starts_with("no single broker is behind it"),
        "{found:#?}"
    );
}

#[test]
fn one_replica_is_a_risk_but_no_degradation() {
    let mut snapshot = sound();
    snapshot
        .topics
        .as_mut()
        .unwrap()
        .push(topic("scratch", vec![partition(0, 2, &[2], &[2])]));
    snapshot.min_insync_replicas.insert("scratch".into(), 1);
    let judged = report(&snapshot);
    let found = only(&judged);
    assert_eq!(
        (found.rule, found.severity),
        (Rule::ReplicationFactorOne, Severity::Warning)
    );
    assert_eq!(found.topics, ["scratch"]);
    assert_eq!(judged.verdict, Verdict::Healthy);
    assert!(judged.why.contains("1 note"), "{}", judged.why);
    // With one broker there is no choice.
    snapshot.cluster.brokers.truncate(2);
    snapshot.cluster.brokers.remove(0);
    snapshot.topics = Some(vec![topic("scratch", vec![partition(0, 2, &[2], &[2])])]);
    assert_eq!(only(&report(&snapshot)).severity, Severity::Info);
}

#[test]
fn a_minimum_that_spares_no_replica_is_a_risk() {
    for (min_isr, found) in [(1, false), (2, false), (3, true), (4, true)] {
        let mut snapshot = sound();
        snapshot
            .min_insync_replicas
            .insert("orders".into(), min_isr);
        let report = report(&snapshot);
        assert_eq!(!report.findings.is_empty(), found, "{min_isr}");
        if found {
            let finding = only(&report);
            assert_eq!(finding.rule, Rule::MinIsrNotBelowReplication);
            assert!(finding.evidence[0].contains(&format!("min.insync.replicas {min_isr}")));
            assert_eq!(report.verdict, Verdict::Healthy);
        }
    }
}

#[test]
fn leaders_away_from_home_are_noted_above_a_tenth() {
    let mut snapshot = sound();
    for partition in orders(&mut snapshot) {
        partition.leader = Some(2);
    }
    let report = report(&snapshot);
    let found = only(&report);
    assert_eq!(
        (found.rule, found.severity),
        (Rule::PreferredLeaderImbalance, Severity::Info)
    );
    assert_eq!(found.brokers, [1, 3]);
    assert!(found.evidence[0].contains("2 of the 3"), "{found:#?}");
    assert_eq!(found.partitions.len(), 4);
    assert_eq!(report.verdict, Verdict::Healthy);
}
