//! Digests: there and back, bounded, and safe against whatever is handed back as one.

use super::sound::*;
use super::*;
use crate::model::{Reassignment, TopicPartition};

/// A cluster in as much trouble as digests tell of.
fn troubled() -> Snapshot {
    let mut snapshot = sound();
    without(&mut snapshot, 3);
    snapshot.log_dirs.as_mut().unwrap()[0] = dir(1, None, 100, 2);
    let mut slow = group("slow", "Stable", &[member("m", Some("pod-1"), None)]);
    slow.committed.as_mut().unwrap()[0].offset = 4_000;
    let rebalancing = group("moving", "PreparingRebalance", &[]);
    snapshot
        .groups
        .as_mut()
        .unwrap()
        .extend([slow, rebalancing]);
    snapshot.reassignments = Some(vec![Reassignment {
        partition: at(1),
        replicas: vec![1, 2, 3],
        adding: vec![2],
        removing: vec![],
    }]);
    snapshot
}

fn digest(snapshot: &Snapshot) -> Digest {
    Digest::of(snapshot, &report(snapshot))
}

#[test]
fn a_digest_comes_back_as_it_went() {
    for snapshot in [sound(), troubled(), Snapshot::new(sound().cluster, 0)] {
        let digest = digest(&snapshot);
        let text = digest.encode();
        assert_eq!(Digest::decode(&text, None).unwrap(), digest);
        let id = snapshot.cluster.cluster_id.as_deref();
        assert_eq!(Digest::decode(&format!(" {text}\n"), id).unwrap(), digest);
    }
}

#[test]
fn a_usual_cluster_has_a_short_digest_and_a_huge_one_has_a_bounded_one() {
    let short = digest(&troubled()).encode();
    assert!(short.len() < 600, "{}: {short}", short.len());
    let mut huge = troubled();
    let one = orders(&mut huge)[0].clone();
    for i in 0..2_000 {
        let mut partitions = vec![one.clone(); 5];
        for (index, partition) in partitions.iter_mut().enumerate() {
            partition.partition = index as i32;
            partition.leader_epoch = i32::MAX - i;
        }
        let topics = huge.topics.as_mut().unwrap();
        topics.push(topic(&format!("topic-{i}"), partitions));
        let mut group = group(
            &format!("group-{i}"),
            if i % 2 == 0 { "Stable" } else { "Reconciling" },
            &[member(
                "m",
                Some(&format!("instance-{i}-with-a-name")),
                None,
            )],
        );
        group.committed.as_mut().unwrap()[0].offset = 1_500;
        huge.groups.as_mut().unwrap().push(group);
        let mut dir = dir(i, None, i64::MAX / GIB, 1);
        dir.path = format!("/disks/{i}");
        huge.log_dirs.as_mut().unwrap().push(dir);
        huge.reassignments.as_mut().unwrap().push(Reassignment {
            partition: TopicPartition::new(format!("topic-{i}"), 0),
            replicas: vec![],
            adding: vec![2],
            removing: vec![],
        });
    }
    let digest = digest(&huge);
    let text = digest.encode();
    assert!(text.len() < 3_072, "{}", text.len());
    assert_eq!(Digest::decode(&text, None).unwrap(), digest);
}

#[test]
fn every_mutation_is_refused_and_none_is_a_panic() {
    let text = digest(&troubled()).encode();
    for cut in 0..text.len() {
        assert!(Digest::decode(&text[..cut], None).is_err(), "{cut}");
    }
    for at in 0..text.len() {
        for letter in ['A', 'z', '0', '-', '=', ' ', '\u{e9}'] {
            let mut letters: Vec<char> = text.chars().collect();
            if letters[at] == letter {
                continue;
            }
            letters[at] = letter;
            let changed: String = letters.into_iter().collect();
            // White space around it is no part of the text, but the letter that it replaced is.
            assert!(Digest::decode(&changed, None).is_err(), "{at} {letter}");
        }
    }
}

/// Bodies with a right checksum, as someone with malice would make them.
#[test]
fn a_forged_digest_is_an_error_or_harmless() {
    use base64::Engine;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let text = digest(&troubled()).encode();
    let bytes = engine.decode(&text).unwrap();
    let body = &bytes[..bytes.len() - 4];
    let sealed = |body: &[u8]| {
        let sum = super::super::digest::hash(body).to_le_bytes();
        engine.encode([body, &sum].concat())
    };
    let mut accepted = 0;
    for at in 0..body.len() {
        for byte in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut forged = body.to_vec();
            forged[at] = byte;
            if let Ok(digest) = Digest::decode(&sealed(&forged), None) {
                accepted += 1;
                let mut snapshot = troubled();
                snapshot.before = Some(digest);
                // Whatever it says, judging and taking the next digest go on.
                let next = Digest::of(&snapshot, &report(&snapshot));
                assert_eq!(Digest::decode(&next.encode(), None).unwrap(), next);
            }
            forged.truncate(at);
            let _ = Digest::decode(&sealed(&forged), None);
        }
    }
    assert!(accepted > 0);
    let mut longest = vec![0xff; 3_000];
    longest[0] = 1;
    assert_eq!(
        Digest::decode(&sealed(&longest), None),
        Err(DigestError::Damaged)
    );
    let mut newer = body.to_vec();
    newer[0] = 2;
    assert_eq!(
        Digest::decode(&sealed(&newer), None),
        Err(DigestError::Version { found: 2 })
    );
}

#[test]
fn what_is_no_digest_says_so() {
    let long = "A".repeat(5_000);
    for (text, error) in [
        ("", DigestError::Damaged),
        ("yesterday", DigestError::NotText),
        ("AAAA", DigestError::Damaged),
        ("not base64!", DigestError::NotText),
        (&long, DigestError::TooLong { length: 5_000 }),
    ] {
        assert_eq!(Digest::decode(text, None), Err(error), "{text}");
    }
    let text = digest(&sound()).encode();
    assert_eq!(
        Digest::decode(&text, Some("another")),
        Err(DigestError::OtherCluster)
    );
}

#[test]
fn a_comparison_names_what_came_what_went_and_what_moved() {
    let mut snapshot = sound();
    orders(&mut snapshot)[0].isr = vec![1, 2];
    snapshot.min_insync_replicas.insert("orders".into(), 1);
    snapshot.log_dirs.as_mut().unwrap()[0] = dir(1, None, 500, 290);
    before(&mut snapshot, 60, |then| {
        then.log_dirs.as_mut().unwrap()[0] = dir(1, None, 500, 300);
        orders(then)[0].isr = vec![1, 2, 3];
        then.cluster.brokers[0].rack = None;
        orders(then)[1].isr = vec![2];
        orders(then)[2].isr = vec![3];
        then.cluster.quorum.as_mut().unwrap().leader_epoch -= 1;
    });
    let since = report(&snapshot).since.unwrap();
    assert_eq!(since.elapsed_ms, 3_600_000);
    assert_eq!(since.new, [Rule::DiskFillingUp]);
    assert_eq!(since.gone, [Rule::AtMinIsr, Rule::BrokersWithoutRack]);
    let change = Change {
        rule: Rule::UnderReplicated,
        then: 2,
        now: 1,
    };
    assert_eq!((since.worse, since.better), (vec![], vec![change]));
    assert_eq!(
        (since.quorum_elections, since.leader_elections),
        (Some(1), Some(0))
    );
    let rates: Vec<_> = since
        .volumes
        .iter()
        .map(|v| (v.broker, v.bytes_per_s, v.hours_to_full))
        .collect();
    let per_s = 10 * GIB / 3_600;
    assert_eq!(rates, [(1, per_s, Some(29)), (2, 0, None), (3, 0, None)]);
}

#[test]
fn what_could_not_be_seen_is_neither_new_nor_gone() {
    let mut snapshot = sound();
    snapshot.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 10);
    let seen = snapshot.clone();
    before(&mut snapshot, 5, |then| then.log_dirs = None);
    let found = report(&snapshot);
    assert!(
        found
            .findings
            .iter()
            .any(|f| f.rule == Rule::DiskNearlyFull)
    );
    assert_eq!(found.since.unwrap().new, []);
    let mut blind = seen.clone();
    blind.before = Some(digest(&seen));
    blind.now_ms += 1;
    blind.log_dirs = None;
    assert_eq!(report(&blind).since.unwrap().gone, []);
}

#[test]
fn how_long_something_lasts_is_carried_from_digest_to_digest() {
    let mut snapshot = troubled();
    for _ in 0..3 {
        let digest = digest(&snapshot);
        snapshot.before = Some(Digest::decode(&digest.encode(), None).unwrap());
        snapshot.now_ms += 40_000;
    }
    let report = report(&snapshot);
    let evidence = |rule| {
        let found = report.findings.iter().find(|f| f.rule == rule).unwrap();
        found.evidence[0].clone()
    };
    assert!(evidence(Rule::GroupRebalancing).contains("of the last 2 min"));
    assert!(evidence(Rule::GroupStuck).contains("nothing committed for 2 min"));
}

#[test]
fn a_snapshot_that_is_not_earlier_is_not_compared_with() {
    let mut snapshot = sound();
    before(&mut snapshot, -5, |_| {});
    let report = report(&snapshot);
    assert!(report.since.is_none());
    assert_eq!(
        report.unchecked,
        ["changes: the snapshot to compare with is not an earlier one"]
    );
}

#[test]
fn a_group_that_moves_or_a_rolling_restart_is_no_finding() {
    let mut snapshot = sound();
    snapshot.groups.as_mut().unwrap()[0]
        .committed
        .as_mut()
        .unwrap()[0]
        .offset = 4_990;
    before(&mut snapshot, 20, |then| {
        then.groups.as_mut().unwrap()[0].committed.as_mut().unwrap()[0].offset = 4_000;
        then.cluster.quorum.as_mut().unwrap().leader_epoch -= 2;
        for partition in orders(then) {
            partition.leader_epoch -= 2;
        }
    });
    let report = report(&snapshot);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    // Six partitions by two, each.
    assert_eq!(report.since.unwrap().leader_elections, Some(12));
}
